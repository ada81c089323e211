/** What can stand in the configuration file. */

import type { OptionDefinition } from "../options/arguments.ts";
import { asUploads, DOWNLOADS, OPTIONS } from "../options/option_table.ts";

/**
 * What the configuration file can say: the options of a pull that are marked
 * so, and what a push has in place of one of them.
 */
export const SETTINGS: readonly OptionDefinition[] = OPTIONS
  .filter(({ setting }) => setting)
  .flatMap((option) =>
    option.name === DOWNLOADS ? [option, asUploads(option)] : [option]
  );
