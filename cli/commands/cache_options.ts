/** The command lines of `cache ls`, `du`, `prune`, `verify` and `rm`. */

import {
  type OptionDefinition,
  type ParsedArguments,
  UsageError,
} from "../options/arguments.ts";
import { CACHE_DIR, DEFAULT_CACHE_DIR } from "../options/option_table.ts";
import { COMMON_OPTIONS, JSON_OPTION } from "../options/shared_options.ts";
import { readDuration, readSize } from "../options/values.ts";
import type { CommandLine } from "./command.ts";

/** What is said of the cache to all of them. */
export interface CacheCommandOptions {
  /** `--cache-dir`. */
  cacheDir: string;
  /** `--json`. */
  json: boolean;
}

/** What `cache ls` shows. */
export interface ListCommandOptions extends CacheCommandOptions {
  /** `--layers`. */
  layers: boolean;
}

/** What `cache prune` removes. */
export interface PruneCommandOptions extends CacheCommandOptions {
  /** `--older-than`, in milliseconds. */
  olderThan?: number;
  /** `--max-size`, in bytes. */
  maxSize?: number;
  /** `--unused`. */
  unused: boolean;
  /** `--dry-run`. */
  dryRun: boolean;
}

/** What `cache verify` does. */
export interface VerifyCacheCommandOptions extends CacheCommandOptions {
  /** `--repair`. */
  repair: boolean;
}

/** What `cache rm` removes. */
export interface RemoveCommandOptions extends CacheCommandOptions {
  /** The names and digests. */
  names: string[];
  /** `--dry-run`. */
  dryRun: boolean;
}

const DRY_RUN: OptionDefinition = {
  name: "dry-run",
  group: "Cache",
  help: "Remove nothing, and say what would go",
};

const variables = ["DOCKER_PULL_CONFIG", "DOCKER_PULL_CACHE", "NO_COLOR"];

/** The command line of `cache ls`. */
export const CACHE_LS: CommandLine<ListCommandOptions> = {
  summary:
    "Shows the images in the cache: their size, what no other image has of " +
    "it, and\nwhen each was used last.",
  usage: ["docker-pull cache ls [OPTIONS]"],
  options: [
    {
      name: "layers",
      group: "Cache",
      help: "Show the blobs, the largest first, and how many images have each",
    },
    CACHE_DIR,
    JSON_OPTION,
    ...COMMON_OPTIONS,
  ],
  variables,
  examples: ["docker-pull cache ls", "docker-pull cache ls --layers"],
  read: (parsed) => ({
    ...alone(parsed),
    layers: parsed.flags.has("layers"),
  }),
};

/** The command line of `cache du`. */
export const CACHE_DU: CommandLine<CacheCommandOptions> = {
  summary: "Shows what the cache takes: what images share, what one of them " +
    "has alone, what\nnothing refers to, and what has come in part.",
  usage: ["docker-pull cache du [OPTIONS]"],
  options: [CACHE_DIR, JSON_OPTION, ...COMMON_OPTIONS],
  variables,
  examples: ["docker-pull cache du"],
  read: (parsed) => alone(parsed),
};

/** The command line of `cache prune`. */
export const CACHE_PRUNE: CommandLine<PruneCommandOptions> = {
  summary:
    "Removes from the cache what is old, too much or of no use. Pulls may " +
    "run\nmeanwhile: what they need stays.",
  usage: ["docker-pull cache prune [OPTIONS]"],
  options: [
    {
      name: "older-than",
      value: "TIME",
      group: "Cache",
      help: "Remove what was not used for so long, such as 30d, 12h or 2w",
    },
    {
      name: "max-size",
      value: "SIZE",
      group: "Cache",
      help: "Keep so much, such as 20G: first goes what nothing refers to, " +
        "then the images that were used least recently",
    },
    {
      name: "unused",
      group: "Cache",
      help: "Remove what no image refers to, and what has come in part more " +
        "than a day ago",
    },
    DRY_RUN,
    CACHE_DIR,
    JSON_OPTION,
    ...COMMON_OPTIONS,
  ],
  variables,
  examples: [
    "docker-pull cache prune --older-than 30d --unused",
    "docker-pull cache prune --max-size 20G --dry-run",
  ],
  read(parsed) {
    const { flags, one } = parsed;
    const common = alone(parsed);
    const [age, size] = [one("older-than"), one("max-size")];
    const unused = flags.has("unused");
    if (age === undefined && size === undefined && !unused) {
      throw new UsageError(
        "What is to go is said by --older-than TIME, --max-size SIZE or " +
          "--unused",
      );
    }
    return {
      ...common,
      olderThan: readDuration(age, "older-than"),
      maxSize: readSize(size, "max-size"),
      unused,
      dryRun: flags.has("dry-run"),
    };
  },
};

/** The command line of `cache verify`. */
export const CACHE_VERIFY: CommandLine<VerifyCacheCommandOptions> = {
  summary: "Reads the whole cache, and names what is not what its digest says.",
  usage: ["docker-pull cache verify [OPTIONS]"],
  options: [
    {
      name: "repair",
      group: "Cache",
      help: "Remove what is damaged, so that the next pull fetches it",
    },
    CACHE_DIR,
    JSON_OPTION,
    ...COMMON_OPTIONS,
  ],
  variables,
  examples: ["docker-pull cache verify --repair"],
  read: (parsed) => ({
    ...alone(parsed),
    repair: parsed.flags.has("repair"),
  }),
};

/** The command line of `cache rm`. */
export const CACHE_RM: CommandLine<RemoveCommandOptions> = {
  summary:
    "Removes images from the cache, and the layers that no other image " +
    "has.",
  usage: ["docker-pull cache rm [OPTIONS] IMAGE|DIGEST..."],
  options: [DRY_RUN, CACHE_DIR, JSON_OPTION, ...COMMON_OPTIONS],
  variables,
  examples: ["docker-pull cache rm nginx:1.26 redis:7"],
  read(parsed) {
    if (parsed.operands.length === 0) {
      throw new UsageError("No image to remove is named");
    }
    return {
      ...common(parsed),
      names: parsed.operands,
      dryRun: parsed.flags.has("dry-run"),
    };
  },
};

function common({ flags, one }: ParsedArguments): CacheCommandOptions {
  return {
    cacheDir: one("cache-dir") ?? DEFAULT_CACHE_DIR,
    json: flags.has("json"),
  };
}

/** The same of a command that takes no word. */
function alone(parsed: ParsedArguments): CacheCommandOptions {
  const [word] = parsed.operands;
  if (word !== undefined) {
    throw new UsageError(`${JSON.stringify(word)} is one word too many`);
  }
  return common(parsed);
}
