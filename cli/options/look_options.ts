/** The options of the commands that look at images and fetch no layer. */

import {
  type PullCommandOptions,
  readPullOptions,
} from "../commands/pull_options.ts";
import type { OptionDefinition, ParsedArguments } from "./arguments.ts";
import { OPTIONS } from "./option_table.ts";
import {
  COMMON_OPTIONS,
  JSON_OPTION,
  LOGIN_OPTIONS,
  NETWORK_OPTIONS,
} from "./shared_options.ts";

const NAMES = new Set([
  "retries",
  "timeout",
  "max-wait",
  "mirror",
  "no-mirrors",
  "trust-mirrors",
  ...[...LOGIN_OPTIONS, ...NETWORK_OPTIONS].map(({ name }) => name),
]);

/** How a registry is reached, as of a pull. */
export const REACH_OPTIONS: readonly OptionDefinition[] = OPTIONS.filter((
  { name },
) => NAMES.has(name));

/** The options that come last. */
export const LAST_OPTIONS: readonly OptionDefinition[] = [
  JSON_OPTION,
  ...COMMON_OPTIONS,
];

/** What the options mean that a pull has, too. */
export function readReach(
  parsed: ParsedArguments,
  image: string,
): PullCommandOptions {
  const options = readPullOptions({ ...parsed, operands: ["image"] });
  return { ...options, image, images: [image] };
}
