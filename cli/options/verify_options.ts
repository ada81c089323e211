/** The options of `verify`, and what they mean. */

import { redactAddress } from "../../lib/redact/address.ts";
import {
  type OptionDefinition,
  parseArguments,
  UsageError,
} from "./arguments.ts";
import type { CommandHelp } from "./help.ts";
import { OPTIONS } from "./option_table.ts";

/** The options of `verify`. */
export const VERIFY_TABLE: readonly OptionDefinition[] = [
  { name: "json", group: "Messages", help: "Print the report as JSON" },
  ...OPTIONS.filter(({ name }) => name === "verbose" || name === "help"),
];

/** The help of `verify`. */
export const VERIFY_HELP: CommandHelp = {
  summary: "Checks every digest, size and reference in an image's archive or " +
    "layout, and\ntells which programs will load it.",
  usage: ["docker-pull verify [OPTIONS] FILE|LAYOUT"],
  options: VERIFY_TABLE,
  variables: ["NO_COLOR"],
  examples: [
    "docker-pull verify library_nginx_latest.tar",
    "docker-pull verify --json docker_images_cache > report.json",
  ],
};

/** What is to be verified, and how it is told. */
export interface VerifyCommandOptions {
  /** The file or folder. */
  path: string;
  /** `--json`. */
  json: boolean;
  /** `--verbose`. */
  verbose: boolean;
}

/**
 * Reads what follows `docker-pull verify`.
 *
 * @throws {UsageError} It makes no sense.
 */
export function parseVerify(argv: readonly string[]): VerifyCommandOptions {
  const { flags, operands } = parseArguments(argv, VERIFY_TABLE);
  const [path, ...others] = operands;
  if (!path) throw new UsageError("No file or layout is named");
  if (others.length) {
    throw new UsageError("One file or layout at a time");
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw new UsageError(
      `A file or layout of this machine is verified, and ` +
        `${JSON.stringify(redactAddress(path))} is an address`,
    );
  }
  return { path, json: flags.has("json"), verbose: flags.has("verbose") };
}
