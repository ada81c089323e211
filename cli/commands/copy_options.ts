/** The command line of `copy`: that of a pull, but for where images go. */

import { redactAddress } from "../../lib/redact/address.ts";
import type { OptionDefinition } from "../options/arguments.ts";
import { refuseBoth, UsageError } from "../options/arguments.ts";
import { OPTIONS } from "../options/option_table.ts";
import {
  readSideOptions,
  type SideOptions,
  sideOptions,
} from "../options/side_options.ts";
import type { CommandLine } from "./command.ts";
import { type PullCommandOptions, readPullOptions } from "./pull_options.ts";

/** Options of a pull that tell which images, and where they go. */
const LEFT_OUT = new Set([
  "from",
  "lock",
  "dry-run",
  "max-bytes",
  "output",
  "for",
  "load",
  "load-to",
  "split",
  "part",
  "keep-going",
  "version",
]);

const TABLE: readonly OptionDefinition[] = [
  ...OPTIONS
    .filter(({ name }) => !LEFT_OUT.has(name))
    .map((option) =>
      option.name === "platform"
        ? {
          ...option,
          repeatable: true,
          help: "The platform to copy, such as linux/arm64, several after " +
            "commas, or all; the default is all that a file has, and of a " +
            "registry that of this machine",
        }
        : option.name === "format"
        ? {
          ...option,
          help: "What a path that does not say it is written as: tar, oci, " +
            "oci-archive or docker-legacy",
        }
        : option
    ),
  ...sideOptions("src"),
  ...sideOptions("dest"),
];

/** What is to be copied, and how. */
export interface CopyCommandOptions extends Omit<PullCommandOptions, "format"> {
  /** Where from, as it was typed. */
  source: string;
  /** Where to, as it was typed. */
  destination: string;
  /** `--format`, where it is given. */
  format?: PullCommandOptions["format"];
  /** What is said of the registry that images go to, and of no other. */
  dest?: SideOptions;
}

/** The command line of `copy`. */
export const COPY: CommandLine<CopyCommandOptions> = {
  summary: "Copies images between registries, archives and layouts.\n\n" +
    "SRC and DST are docker://IMAGE, oci:FOLDER[:NAME], " +
    "oci-archive:FILE[:NAME],\ndocker-archive:FILE[:NAME], a path such as " +
    "./FILE.tar, or an image's name.",
  usage: ["docker-pull copy [OPTIONS] SRC DST"],
  options: TABLE,
  examples: [
    "docker-pull copy docker-archive:saved.tar oci:layout",
    "docker-pull copy nginx:1.27 oci-archive:nginx.tar:nginx:1.27",
    "docker-pull copy oci-archive:all.tar:@0 ./one.tar",
    "docker-pull copy --platform all nginx:1.27 registry.test:5000/nginx:1.27",
  ],
  read(parsed) {
    const { operands, one } = parsed;
    const [source, destination, ...others] = operands;
    if (source === undefined || destination === undefined) {
      throw new UsageError("A place to copy from and one to copy to are named");
    }
    if (others.length > 0) {
      throw new UsageError(
        `From one place to another: ${
          JSON.stringify(redactAddress(others[0]!))
        } is too much`,
      );
    }
    for (const name of ["username", "password", "password-stdin"]) {
      refuseBoth(parsed, name, `src-${name}`);
      refuseBoth(parsed, name, "src-creds");
    }
    const shared = readPullOptions({ ...parsed, operands: ["image"] });
    const src = readSideOptions(parsed, "src");
    const dest = readSideOptions(parsed, "dest");
    const stdin = src?.passwordStdin || shared.passwordStdin;
    if (stdin && dest?.passwordStdin) {
      throw new UsageError(
        "One password comes by standard input: that of the other side can be " +
          "kept by docker-pull login",
      );
    }
    return {
      ...shared,
      username: src?.username ?? shared.username,
      password: src?.password ?? shared.password,
      passwordStdin: stdin,
      given: src?.username === undefined ? undefined : src.given,
      plainHttp: src?.plainHttp || shared.plainHttp,
      dest,
      source,
      destination,
      format: one("format") === undefined ? undefined : shared.format,
    };
  },
};
