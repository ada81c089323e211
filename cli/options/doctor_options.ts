/** The options of `doctor`, and what they mean. */

import type { OptionDefinition } from "./arguments.ts";
import { parseArguments } from "./arguments.ts";
import type { CommandHelp } from "./help.ts";
import { type PullCommandOptions, readPullOptions } from "./options.ts";
import { OPTIONS } from "./option_table.ts";

/** Options of a pull that change nothing of what is examined. */
const LEFT_OUT = new Set([
  "force",
  "format",
  "trust-cache",
  "max-concurrent-downloads",
  "retries",
  "max-wait",
  "min-speed",
  "quiet",
  "version",
]);

/** The options of `doctor`. */
export const DOCTOR_TABLE: readonly OptionDefinition[] = [
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
  { name: "json", group: "Messages", help: "Print the report as JSON" },
  ...OPTIONS.filter(({ name, group }) =>
    !LEFT_OUT.has(name) && group === "Messages"
  ),
];

/** The help of `doctor`. */
export const DOCTOR_HELP: CommandHelp = {
  summary: "Examines all that a pull of an image depends on, and reports it " +
    "without secrets.\nThe report counts as one pull with the registry.",
  usage: ["docker-pull doctor [OPTIONS] IMAGE"],
  options: DOCTOR_TABLE,
  examples: [
    "docker-pull doctor nginx",
    "docker-pull doctor --json ghcr.io/owner/app:1.2 > report.json",
  ],
};

/** What is to be examined, and how it is told. */
export interface DoctorCommandOptions extends PullCommandOptions {
  /** `--json`. */
  json: boolean;
}

/**
 * Reads what follows `docker-pull doctor`.
 *
 * @throws {UsageError} It makes no sense.
 */
export function parseDoctor(argv: readonly string[]): DoctorCommandOptions {
  const parsed = parseArguments(argv, DOCTOR_TABLE);
  return { ...readPullOptions(parsed), json: parsed.flags.has("json") };
}
