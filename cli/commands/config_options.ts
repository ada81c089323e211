/** The command line of `config`. */

import { type ParsedArguments, UsageError } from "../options/arguments.ts";
import { SETTINGS } from "../settings/table.ts";
import { COMMON_OPTIONS, JSON_OPTION } from "../options/shared_options.ts";
import type { CommandLine } from "./command.ts";
import { readPullOptions } from "./pull_options.ts";

/** What is in force, and how it is told. */
export interface ConfigCommandOptions {
  /** What is said, by the command line, the environment and the file. */
  parsed: ParsedArguments;
  /** `--json`. */
  json: boolean;
}

/** The command line of `config`. */
export const CONFIG: CommandLine<ConfigCommandOptions> = {
  summary:
    "Shows what can stand in the configuration file, what of it is in force " +
    "for a\npull, and where that comes from: an option, the environment, the " +
    "file, or the\ndefault. With options, it is what they would be in force " +
    "with.",
  usage: ["docker-pull config [OPTIONS]"],
  options: [...SETTINGS, JSON_OPTION, ...COMMON_OPTIONS],
  examples: [
    "docker-pull config",
    "docker-pull config --json",
    "docker-pull config --no-cache",
  ],
  read(parsed) {
    const [word] = parsed.operands;
    if (word !== undefined) {
      throw new UsageError(
        `${JSON.stringify(word)} is one word too many; an image of the name ` +
          "config is library/config",
      );
    }
    // What it would not take is not in force, and what gives way is not.
    readPullOptions({ ...parsed, operands: ["image"] });
    return { parsed, json: parsed.flags.has("json") };
  },
};
