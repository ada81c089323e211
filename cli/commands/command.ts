/** What every command is made of. */

import type { Io, Services } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import type { ExitCode } from "../messages/exit_codes.ts";
import type { ParsedArguments } from "../options/arguments.ts";
import type { CommandHelp } from "../options/help.ts";

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
  /**
   * What to print as JSON in place of lines, to which its version and the exit
   * code are added.
   */
  document?: object;
  /** What to print as it is, in place of both. */
  bytes?: Uint8Array;
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
