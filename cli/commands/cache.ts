/** `docker-pull cache`: what is done with the cache itself, by a second word. */

import { UsageError } from "../options/arguments.ts";
import { COMMON_OPTIONS } from "../options/shared_options.ts";
import type { CommandLine, Run } from "./command.ts";
import {
  CACHE_DU,
  CACHE_LS,
  CACHE_PRUNE,
  CACHE_RM,
  CACHE_VERIFY,
} from "./cache_options.ts";
import { IMPORT } from "./import_options.ts";

/** A command of the cache. */
interface Subcommand {
  /** Its command line. */
  line: CommandLine<unknown>;
  /** Loads what does it. */
  run: () => Promise<Run<never>>;
}

/** Every command of the cache: a new one is a row here. */
export const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  ls: {
    line: CACHE_LS,
    run: async () => (await import("./cache_commands.ts")).runList,
  },
  du: {
    line: CACHE_DU,
    run: async () => (await import("./cache_commands.ts")).runUsage,
  },
  prune: {
    line: CACHE_PRUNE,
    run: async () => (await import("./cache_commands.ts")).runPrune,
  },
  verify: {
    line: CACHE_VERIFY,
    run: async () => (await import("./cache_commands.ts")).runVerifyCache,
  },
  rm: {
    line: CACHE_RM,
    run: async () => (await import("./cache_commands.ts")).runRemove,
  },
  import: {
    line: IMPORT,
    run: async () => (await import("./import.ts")).runImport,
  },
};

const NAMES = Object.keys(SUBCOMMANDS);

/** What `cache` alone shows: which commands there are. */
const CACHE: CommandLine<never> = {
  summary: "Does something with the cache itself.",
  usage: Object.values(SUBCOMMANDS).flatMap(({ line }) => line.usage),
  options: COMMON_OPTIONS,
  variables: ["NO_COLOR"],
  examples: Object.values(SUBCOMMANDS).flatMap(({ line }) => line.examples),
  read({ operands: [word] }) {
    throw new UsageError(
      word === undefined
        ? `The cache is told what to do by one of ${NAMES.join(", ")}`
        : `The cache knows no ${JSON.stringify(word)}, but ${NAMES.join(", ")}`,
    );
  },
};

/** The command of the cache that is meant, and the arguments for its table. */
export function chooseSubcommand(argv: readonly string[]): {
  line: CommandLine<unknown>;
  argv: readonly string[];
  run: () => Promise<Run<unknown>>;
} {
  const [first = "", ...others] = argv;
  if (!Object.hasOwn(SUBCOMMANDS, first)) {
    return { line: CACHE, argv, run: () => Promise.reject(new TypeError()) };
  }
  const { line, run } = SUBCOMMANDS[first]!;
  return { line, argv: others, run: run as () => Promise<Run<unknown>> };
}
