/** The command line of `inspect`. */

import { redactAddress } from "../../lib/redact/address.ts";
import type { OptionDefinition } from "../options/arguments.ts";
import { refuseBoth, UsageError } from "../options/arguments.ts";
import {
  LAST_OPTIONS,
  REACH_OPTIONS,
  readReach,
} from "../options/look_options.ts";
import type { CommandLine } from "./command.ts";
import type { PullCommandOptions } from "./pull_options.ts";

/** What is to be looked at, and how it is told. */
export interface InspectCommandOptions extends PullCommandOptions {
  /** `--unpacked`. */
  unpacked: boolean;
  /** `--raw`. */
  raw: boolean;
  /** `--json`. */
  json: boolean;
}

const TABLE: readonly OptionDefinition[] = [
  {
    name: "platform",
    value: "OS/ARCH[/VARIANT]",
    repeatable: true,
    group: "Image",
    help:
      "The platform to look at, such as linux/arm64, several with commas, " +
      "or all; the default is linux on this machine's architecture",
  },
  {
    name: "unpacked",
    group: "Image",
    help: "Read the layers of a file or folder to tell their size when " +
      "expanded",
  },
  {
    name: "raw",
    group: "Messages",
    help:
      "Print the very bytes of the index or manifest; with --platform, of " +
      "the manifest for it",
  },
  ...REACH_OPTIONS,
  ...LAST_OPTIONS,
];

/** The command line of `inspect`. */
export const INSPECT: CommandLine<InspectCommandOptions> = {
  summary: "Shows what an image is made of, and fetches no layer.\n\n" +
    "IMAGE is one in a registry, or docker-daemon:NAME; FILE is an archive or " +
    "a\nlayout, as ./FILE.tar, oci:FOLDER[:NAME], oci-archive:FILE[:NAME] " +
    "or\ndocker-archive:FILE[:NAME].",
  usage: ["docker-pull inspect [OPTIONS] IMAGE|FILE"],
  options: TABLE,
  examples: [
    "docker-pull inspect nginx:1.27",
    "docker-pull inspect --platform all --json ghcr.io/owner/app:1.2",
    "docker-pull inspect ./library_nginx_latest.tar",
  ],
  read(parsed) {
    const [image, ...others] = parsed.operands;
    if (!image) throw new UsageError("No image or file is named");
    if (others.length > 0) {
      throw new UsageError(
        `One image or file at a time: ${
          JSON.stringify(redactAddress(others[0]!))
        } is too much`,
      );
    }
    for (const other of ["json", "unpacked"]) refuseBoth(parsed, "raw", other);
    const { flags } = parsed;
    const options = readReach(parsed, image);
    const { platforms } = options;
    const several = platforms.length > 1 || platforms.includes("all");
    if (flags.has("raw") && several) {
      throw new UsageError("Option --raw is for one platform");
    }
    return {
      ...options,
      unpacked: flags.has("unpacked"),
      raw: flags.has("raw"),
      json: flags.has("json"),
    };
  },
};
