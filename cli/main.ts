/**
 * The command, from its arguments to its exit code. What takes time to load
 * is loaded when it is needed.
 */

import process from "node:process";
import { Secrets } from "../lib/net/known_secrets.ts";
import { VERSION } from "../lib/net/version.ts";
import { readEnvironment } from "./options/environment.ts";
import { EXIT, type ExitCode } from "./messages/exit_codes.ts";
import type { ErrorContext } from "./messages/explanation.ts";
import type { CommandHelp } from "./options/help.ts";
import { guarded, learnFromProcess } from "./messages/gate.ts";
import type { Io, Output, Services } from "./io.ts";
import {
  type CommandName,
  type Invocation,
  parseOptions,
} from "./options/options.ts";

/**
 * Runs the command.
 *
 * @param io What differs from the process's own, for a test.
 * @param services What is done in place of the real thing, for a test.
 * @returns The exit code; nothing is left to be written by then.
 */
export async function main(
  io: Partial<Io> = {},
  services: Services = {},
): Promise<number> {
  const all: Io = { ...processIo(), ...io };
  all.env = readEnvironment(all.env);
  ignoreClosed(all.stdout);
  ignoreClosed(all.stderr);
  const secrets = new Secrets();
  learnFromProcess(secrets, all);
  const open = all.stdout;
  all.stdout = guarded(open, secrets);
  all.stderr = guarded(all.stderr, secrets);
  const context: ErrorContext = { secrets };
  try {
    const { lines, document, code } = await run(
      parseOptions(all.argv),
      all,
      context,
      services,
    );
    if (document === undefined) {
      await write(all.stdout, lines.map((line) => `${line}\n`).join(""));
    } else {
      // In the text of it, a secret with a quote could be taken for syntax.
      const text = JSON.stringify(secrets.scrub(document), null, 2);
      await write(open, `${text}\n`);
    }
    return code;
  } catch (error) {
    return await reportError(error, all, context);
  } finally {
    // What was written before may still be on its way.
    await write(all.stderr, "");
  }
}

/** What is printed at the end, and how the process ends. */
interface Outcome {
  lines: string[];
  /** What is printed as JSON in place of lines. */
  document?: unknown;
  code: ExitCode;
}

async function run(
  invocation: Invocation,
  io: Io,
  context: ErrorContext,
  services: Services,
): Promise<Outcome> {
  const ok = (lines: string[]) => ({ lines, code: EXIT.ok });
  switch (invocation.kind) {
    case "help": {
      const { helpText } = await import("./options/help.ts");
      return ok([helpText(await commandHelp(invocation.command)).trimEnd()]);
    }
    case "version":
      return ok([`docker-pull ${VERSION}`]);
    case "command":
      return await runCommand(invocation, io, context, services);
    case "pull": {
      const { image, verbose } = invocation.options;
      Object.assign(context, { image, verbose });
      const { runPull } = await import("./commands/pull.ts");
      return ok(await runPull(invocation.options, io, context, services));
    }
  }
}

async function commandHelp(
  command: CommandName | undefined,
): Promise<CommandHelp | undefined> {
  if (command === undefined) return undefined;
  if (command === "doctor") {
    return (await import("./options/doctor_options.ts")).DOCTOR_HELP;
  }
  if (command === "verify") {
    return (await import("./options/verify_options.ts")).VERIFY_HELP;
  }
  const { LOGIN_HELP, LOGOUT_HELP } = await import(
    "./options/login_options.ts"
  );
  return { login: LOGIN_HELP, logout: LOGOUT_HELP }[command];
}

async function runCommand(
  { command, argv }: Invocation & { kind: "command" },
  io: Io,
  context: ErrorContext,
  services: Services,
): Promise<Outcome> {
  context.command = command;
  if (command === "doctor") {
    const { parseDoctor } = await import("./options/doctor_options.ts");
    const options = parseDoctor(argv);
    Object.assign(context, { image: options.image, verbose: options.verbose });
    const { runDoctor } = await import("./commands/doctor.ts");
    return await runDoctor(options, io, context, services);
  }
  if (command === "verify") {
    const { parseVerify } = await import("./options/verify_options.ts");
    const options = parseVerify(argv);
    Object.assign(context, { subject: "archive", verbose: options.verbose });
    const { runVerify } = await import("./commands/verify.ts");
    return await runVerify(options, io);
  }
  const { parseLogin, parseLogout } = await import(
    "./options/login_options.ts"
  );
  if (command === "login") {
    const options = parseLogin(argv);
    context.verbose = options.verbose;
    const { runLogin } = await import("./commands/login.ts");
    return {
      lines: await runLogin(options, io, context, services),
      code: EXIT.ok,
    };
  }
  const options = parseLogout(argv);
  context.verbose = options.verbose;
  const { runLogout } = await import("./commands/logout.ts");
  return { lines: await runLogout(options, io, context), code: EXIT.ok };
}

async function reportError(
  error: unknown,
  { stderr, env }: Io,
  context: ErrorContext,
): Promise<number> {
  const { explainError, errorDetails } = await import("./messages/errors.ts");
  const { createStyle } = await import("./progress/style.ts");
  const { sentence, excerpt, hint, code } = explainError(error, context);
  const style = createStyle(stderr, env);
  const lines = [
    `${style.bad("error:")} ${sentence}`,
    ...(excerpt ?? []).map((line) => `  ${line}`),
    ...(hint ? [`${style.hint("hint:")} ${hint}`] : []),
    ...(context.verbose
      ? errorDetails(error, context).map((line) => style.faint(line))
      : []),
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
    // Few commands read it, and opening it takes a while.
    stdin: {
      get isTTY() {
        return process.stdin.isTTY;
      },
      [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator](),
    },
    stdout: process.stdout,
    stderr: process.stderr,
    signals: {
      on: (name, listener) => process.on(name, listener),
      off: (name, listener) => process.off(name, listener),
      raise: (name) => process.kill(process.pid, name),
      exit: (code) => process.exit(code),
    },
    os: process.platform,
  };
}
