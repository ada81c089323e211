/** What a process gives the command, so that a test can give it instead. */

import type { load, loadImages } from "../lib/copy/load.ts";
import type { pull, pullImages } from "../lib/copy/pull.ts";
import type { Fetch } from "../lib/image/types.ts";
import type { Environment } from "./options/environment.ts";

/** A standard output, as far as it is used here. */
export interface Output {
  /** Writes text, or bytes; `done` is called when they have gone or failed. */
  write(
    text: string | Uint8Array,
    done?: (error?: Error | null) => void,
  ): unknown;
  /** Calls `listener` when writing fails. */
  on?(name: "error", listener: (error: Error) => void): unknown;
  /** The number of its file, where it is the process's own. */
  fd?: number;
  /** Whether it is a terminal. */
  isTTY?: boolean;
  /** The terminal's width. */
  columns?: number;
  /** The terminal's height. */
  rows?: number;
}

/**
 * Writes, and waits until that has gone.
 *
 * @throws {Error} That of the system: Deno throws it, and the others pass it on.
 */
export async function written(
  output: Output,
  content: string | Uint8Array,
): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    void output.write(content, (error) => error ? reject(error) : resolve())
  );
}

/** Standard input. */
export interface Input {
  /** Whether it is a terminal. */
  isTTY?: boolean;
  /** Its bytes. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array | string>;
}

/** Signals of the system, and the end of the process. */
export interface Signals {
  /** Calls `listener` at each signal of that name. */
  on(name: NodeJS.Signals, listener: () => void): unknown;
  /** Stops that. */
  off(name: NodeJS.Signals, listener: () => void): unknown;
  /** Sends that signal to this process. */
  raise(name: NodeJS.Signals): unknown;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** Everything that the command takes from the process around it. */
export interface Io {
  /** The arguments, without the runtime and the script. */
  argv: readonly string[];
  /** The environment, as far as the command is told something by it. */
  env: Environment;
  /** The whole environment, for what a compose file names. */
  variables?: Environment;
  /** Standard input. */
  stdin: Input;
  /** Standard output, for results. */
  stdout: Output;
  /** Standard error, for progress and messages. */
  stderr: Output;
  /** Signals. */
  signals: Signals;
  /** The operating system, as `process.platform`. */
  os: string;
}

/** What is done for the command elsewhere, so that a test can do it. */
export interface Services {
  /** Pulls. */
  pull?: typeof pull;
  /** Pulls a set. */
  pullImages?: typeof pullImages;
  /** Loads. */
  load?: typeof load;
  /** Loads a set. */
  loadImages?: typeof loadImages;
  /** Asks for a password. */
  prompt?: (message: string) => string | null;
  /** Reads a line that is typed on the terminal. */
  readLine?: () => string | null;
  /** Sends requests. */
  fetch?: Fetch;
  /** The environment of credential helpers. */
  helperEnv?: Record<string, string | undefined>;
}
