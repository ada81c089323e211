/** The command line of `doctor`: that of a pull, as far as it matters. */

import { type OptionDefinition, UsageError } from "../options/arguments.ts";
import { OPTIONS } from "../options/option_table.ts";
import { COMMON_OPTIONS, JSON_OPTION } from "../options/shared_options.ts";
import type { CommandLine } from "./command.ts";
import { type PullCommandOptions, readPullOptions } from "./pull_options.ts";

/** Options of a pull that change nothing of what is examined. */
const LEFT_OUT = new Set([
  "lock",
  "attestations",
  "force",
  "index",
  "split",
  "part",
  "keep-going",
  "format",
  "for",
  "layers",
  "trust-cache",
  "max-concurrent-downloads",
  "retries",
  "max-wait",
  "min-speed",
]);

const TABLE: readonly OptionDefinition[] = [
  ...OPTIONS.filter(({ name, group }) =>
    !LEFT_OUT.has(name) && group !== "Messages"
  ).map((option) =>
    option.name === "timeout"
      ? {
        ...option,
        help: "Wait for so long for each answer (default 10)",
      }
      : option
  ),
  JSON_OPTION,
  ...COMMON_OPTIONS,
];

/** What is to be examined, and how it is told. */
export interface DoctorCommandOptions extends PullCommandOptions {
  /** `--json`. */
  json: boolean;
  /** The configuration file, where there is one, and what is in force of it. */
  settings?: { file: string; names: string[] };
}

/** The command line of `doctor`. */
export const DOCTOR: CommandLine<DoctorCommandOptions> = {
  summary: "Examines all that a pull of an image depends on, and reports it " +
    "without secrets.\nThe report counts as one pull with the registry.",
  usage: ["docker-pull doctor [OPTIONS] IMAGE"],
  options: TABLE,
  examples: [
    "docker-pull doctor nginx",
    "docker-pull doctor --json ghcr.io/owner/app:1.2 > report.json",
  ],
  read(parsed) {
    const options = readPullOptions(parsed);
    const { images, platforms } = options;
    if (images.length > 1) {
      throw new UsageError(
        `One image at a time: ${images.length} are too many`,
      );
    }
    if (platforms.length > 1 || platforms.includes("all")) {
      throw new UsageError("One platform at a time");
    }
    const { file, origins } = parsed;
    const names = [...origins.keys()]
      .filter((name) => origins.get(name) === "file");
    return {
      ...options,
      json: parsed.flags.has("json"),
      settings: file === undefined ? undefined : { file, names },
    };
  },
};
