/** The command line of `verify`. */

import { redactAddress } from "../../lib/redact/address.ts";
import { UsageError } from "../options/arguments.ts";
import { COMMON_OPTIONS, JSON_OPTION } from "../options/shared_options.ts";
import type { CommandLine } from "./command.ts";

/** What is to be verified, and how it is told. */
export interface VerifyCommandOptions {
  /** The file or folder. */
  path: string;
  /** `--json`. */
  json: boolean;
}

/** The command line of `verify`. */
export const VERIFY: CommandLine<VerifyCommandOptions> = {
  summary: "Checks every digest, size and reference in an image's archive or " +
    "layout, and\ntells which programs will load it.",
  usage: ["docker-pull verify [OPTIONS] FILE|LAYOUT"],
  options: [JSON_OPTION, ...COMMON_OPTIONS],
  variables: ["NO_COLOR"],
  examples: [
    "docker-pull verify library_nginx_latest.tar",
    "docker-pull verify --json docker_images_cache > report.json",
  ],
  read({ flags, operands: [path, ...others] }) {
    if (!path) throw new UsageError("No file or layout is named");
    if (others.length) throw new UsageError("One file or layout at a time");
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
      throw new UsageError(
        `A file or layout of this machine is verified, and ` +
          `${JSON.stringify(redactAddress(path))} is an address`,
      );
    }
    return { path, json: flags.has("json") };
  },
};
