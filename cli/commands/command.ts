/** What every command is made of. */

import type { Io, Services } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import type { ExitCode } from "../messages/exit_codes.ts";
import type { ParsedArguments } from "../options/arguments.ts";
import type { CommandHelp } from "../options/help.ts";

/** The commands other than to pull, by their first argument. */
export const COMMANDS = ["login", "logout", "doctor", "verify"] as const;

/** One of the commands. */
export type CommandName = "pull" | typeof COMMANDS[number];

/** The command line of a command: its help, its options, and their meaning. */
export interface CommandLine<Options> extends CommandHelp {
  /**
   * What the arguments mean together.
   *
   * @throws {UsageError} They make no sense.
   */
  read(parsed: ParsedArguments): Options;
}

/** What is printed at the end, and how the process ends. */
export interface Outcome {
  /** What to print on standard output. */
  lines?: string[];
  /** What to print as JSON in place of lines. */
  document?: unknown;
  /**
   * The exit code.
   *
   * @default {0}
   */
  code?: ExitCode;
}

/**
 * Does what the options say.
 *
 * @param context Is filled with what an error's message needs.
 */
export type Run<Options> = (
  options: Options,
  io: Io,
  context: ErrorContext,
  services?: Services,
) => Promise<Outcome>;

/**
 * The command that is meant, and the arguments for its table to read. An image
 * that is called like a command is written `library/login`. To pull is what is
 * done where no command is named; people who know Docker name it all the same,
 * as they do `help` and `version`.
 */
export function chooseCommand(
  argv: readonly string[],
): { name: CommandName; argv: readonly string[] } {
  const [first, ...others] = argv;
  const named = (word: string | undefined) =>
    COMMANDS.find((name) => name === word);
  if (first === "version" && others.length === 0) {
    return { name: "pull", argv: ["--version"] };
  }
  if (first === "help") {
    return { name: named(others[0]) ?? "pull", argv: ["--help"] };
  }
  const name = named(first);
  return name ? { name, argv: others } : { name: "pull", argv };
}
