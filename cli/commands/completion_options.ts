/** The command line of `completion`. */

import { UsageError } from "../options/arguments.ts";
import { COMMON_OPTIONS } from "../options/shared_options.ts";
import type { CommandLine } from "./command.ts";

/** The shells that there are completions for. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** A script for a shell, or what that script asks for. */
export type CompletionCommandOptions =
  | { shell: typeof SHELLS[number] }
  | { words: string[] };

/** The command line of `completion`. */
export const COMPLETION: CommandLine<CompletionCommandOptions> = {
  summary:
    "Prints what has a shell complete commands, options, their values, " +
    "files,\nplatforms and tags: for bash, zsh, fish or powershell.",
  usage: ["docker-pull completion SHELL"],
  options: COMMON_OPTIONS,
  variables: [],
  examples: [
    'eval "$(docker-pull completion bash)"',
    "docker-pull completion fish | source",
  ],
  read({ operands: [first, ...others] }) {
    // The scripts ask so: for the last word, or for one after it.
    if (first === "complete") return { words: others };
    if (first === "next") return { words: [...others, ""] };
    const shell = SHELLS.find((name) => name === first);
    if (shell && others.length === 0) return { shell };
    throw new UsageError(`A shell is named: ${SHELLS.join(", ")}`);
  },
};
