/**
 * The command, from its arguments to its exit code. What takes time to load
 * is loaded when it is needed.
 */

import process from "node:process";
import { readEnvironment } from "./environment.ts";
import type { ErrorContext } from "./errors.ts";
import { EXIT } from "./exit_codes.ts";
import type { Io, Output } from "./io.ts";
import { type Invocation, parseOptions } from "./options.ts";
import type { PullServices } from "./pull_command.ts";
import { VERSION } from "./version.ts";

/**
 * Runs the command.
 *
 * @param io What differs from the process's own, for a test.
 * @param services What is done in place of the real thing, for a test.
 * @returns The exit code; nothing is left to be written by then.
 */
export async function main(
  io: Partial<Io> = {},
  services: PullServices = {},
): Promise<number> {
  const all: Io = { ...processIo(), ...io };
  all.env = readEnvironment(all.env);
  ignoreClosed(all.stdout);
  ignoreClosed(all.stderr);
  const context: ErrorContext = {};
  let invocation: Invocation | undefined;
  try {
    invocation = parseOptions(all.argv);
    const lines = await run(invocation, all, context, services);
    await write(all.stdout, lines.map((line) => `${line}\n`).join(""));
    return EXIT.ok;
  } catch (error) {
    const verbose = invocation?.kind === "pull" && invocation.options.verbose;
    return await reportError(error, all, context, verbose);
  } finally {
    // What was written before may still be on its way.
    await write(all.stderr, "");
  }
}

async function run(
  invocation: Invocation,
  io: Io,
  context: ErrorContext,
  services: PullServices,
): Promise<string[]> {
  switch (invocation.kind) {
    case "help": {
      const { helpText } = await import("./help.ts");
      return [helpText().trimEnd()];
    }
    case "version":
      return [`docker-pull ${VERSION}`];
    case "pull": {
      context.image = invocation.options.image;
      const { runPull } = await import("./pull_command.ts");
      return await runPull(invocation.options, io, context, services);
    }
  }
}

async function reportError(
  error: unknown,
  { stderr, env }: Io,
  context: ErrorContext,
  verbose: boolean,
): Promise<number> {
  const { explainError, errorDetails } = await import("./errors.ts");
  const { createStyle } = await import("./style.ts");
  const { sentence, excerpt, hint, code } = explainError(error, context);
  const style = createStyle(stderr, env);
  const lines = [
    `${style.bad("error:")} ${sentence}`,
    ...(excerpt ?? []).map((line) => `  ${line}`),
    ...(hint ? [`${style.hint("hint:")} ${hint}`] : []),
    ...(verbose ? errorDetails(error).map((line) => style.faint(line)) : []),
  ];
  await write(stderr, lines.map((line) => `${line}\n`).join(""));
  return code;
}

/** Writes, and waits until it has gone. A reader that went away is no error. */
function write(output: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => {
      if (!error) return resolve();
      const { code = "" } = error as NodeJS.ErrnoException;
      const gone = [
        "EPIPE",
        "ERR_STREAM_DESTROYED",
        "ERR_STREAM_WRITE_AFTER_END",
      ];
      if (gone.includes(code)) return resolve();
      reject(
        Object.assign(error, { syscall: "write", path: "standard output" }),
      );
    });
  });
}

/** Keeps a reader that went away, as of `docker-pull … | head`, from crashing. */
function ignoreClosed(output: Output): void {
  output.on?.("error", () => {});
}

function processIo(): Io {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signals: {
      on: (name, listener) => process.on(name, listener),
      off: (name, listener) => process.off(name, listener),
      exit: (code) => process.exit(code),
    },
    os: process.platform,
  };
}
