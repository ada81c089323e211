/** The command line of `tags`. */

import { redactAddress } from "../../lib/redact/address.ts";
import type { OptionDefinition } from "../options/arguments.ts";
import { UsageError } from "../options/arguments.ts";
import {
  LAST_OPTIONS,
  REACH_OPTIONS,
  readReach,
} from "../options/look_options.ts";
import { readWholeNumber } from "../options/values.ts";
import type { CommandLine } from "./command.ts";
import type { PullCommandOptions } from "./pull_options.ts";

/** Which tags are wanted, and how they are told. */
export interface TagsCommandOptions extends PullCommandOptions {
  /** `--filter`. */
  filter?: string;
  /** `--newest`. */
  newest?: number;
  /** `--all`. */
  all: boolean;
  /** `--json`. */
  json: boolean;
}

const TABLE: readonly OptionDefinition[] = [
  {
    name: "filter",
    value: "PATTERN",
    group: "Tags",
    help: "Only tags such as 1.2?-*: * is any text, ? any character, [a-c] " +
      "one of those",
  },
  {
    name: "newest",
    value: "N",
    group: "Tags",
    help: "The N made last, newest first, each with its time; asks for the " +
      "configuration of each tag, and says first how many requests that takes",
  },
  {
    name: "all",
    group: "Tags",
    help: "Signatures and the like of other images, too (sha256-...)",
  },
  {
    name: "quiet",
    short: "q",
    group: "Messages",
    help: "Nothing but the tags",
  },
  ...REACH_OPTIONS,
  ...LAST_OPTIONS,
];

/** The command line of `tags`. */
export const TAGS: CommandLine<TagsCommandOptions> = {
  summary: "Lists the tags of an image, versions in their order.",
  usage: ["docker-pull tags [OPTIONS] IMAGE"],
  options: TABLE,
  examples: [
    "docker-pull tags nginx",
    "docker-pull tags --filter '1.2?-alpine' nginx",
    "docker-pull tags --newest 5 ghcr.io/owner/app",
  ],
  read(parsed) {
    const [image, ...others] = parsed.operands;
    if (!image) throw new UsageError("No image is named");
    if (others.length > 0) {
      throw new UsageError(
        `One image at a time: ${
          JSON.stringify(redactAddress(others[0]!))
        } is too much`,
      );
    }
    const filter = parsed.one("filter");
    if (filter === "") throw new UsageError("Option --filter needs a pattern");
    return {
      ...readReach(parsed, image),
      filter,
      newest: readWholeNumber(parsed.one("newest"), "newest", 1, 99_999),
      all: parsed.flags.has("all"),
      json: parsed.flags.has("json"),
    };
  },
};
