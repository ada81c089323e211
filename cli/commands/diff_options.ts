/** The command line of `diff`. */

import { type OptionDefinition, UsageError } from "../options/arguments.ts";
import type { CommandLine } from "./command.ts";
import { DOCUMENT_OPTIONS } from "./lock_options.ts";
import { type PullCommandOptions, readPullOptions } from "./pull_options.ts";

const TABLE: readonly OptionDefinition[] = DOCUMENT_OPTIONS
  .filter(({ name }) => name !== "from" && name !== "quiet")
  .map((option) =>
    option.name === "platform"
      ? {
        ...option,
        help: "The platform to compare, such as linux/arm64, several with " +
          "commas, or all; the default is what the files have, and of two " +
          "images of registries that of this machine",
      }
      : option
  );

/** What is to be compared, and how it is told. */
export interface DiffCommandOptions extends PullCommandOptions {
  /** What was, as it was typed. */
  before: string;
  /** What is, as it was typed. */
  after: string;
  /** `--json`. */
  json: boolean;
}

/** The command line of `diff`. */
export const DIFF: CommandLine<DiffCommandOptions> = {
  summary:
    "Compares images by layer and byte, and fetches no layer: those of " +
    "two locks,\nfiles, layouts or registries, in any combination.",
  usage: ["docker-pull diff [OPTIONS] A B"],
  options: TABLE,
  examples: [
    "docker-pull diff nginx:1.26 nginx:1.27",
    "docker-pull diff images.lock.json all.tar",
    "docker-pull diff --json images.lock.json nginx:1.27",
  ],
  read(parsed) {
    const { operands: [before, after, ...others], flags } = parsed;
    if (before === undefined || after === undefined || others.length > 0) {
      throw new UsageError(
        "Two are compared: a lock, a file, a layout or an image, and another",
      );
    }
    const shared = readPullOptions({ ...parsed, operands: ["image"] });
    return { ...shared, before, after, json: flags.has("json") };
  },
};
