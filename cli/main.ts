/**
 * The command, from its arguments to its exit code. What takes time to load
 * is loaded when it is needed.
 */

import process from "node:process";
import { Secrets } from "../lib/net/known_secrets.ts";
import {
  applyVariables,
  readEnvironment,
  settingsPlace,
} from "./options/environment.ts";
import type { CommandLine, Outcome, Run } from "./commands/command.ts";
import { PULL } from "./commands/pull_options.ts";
import { EXIT } from "./messages/exit_codes.ts";
import type { ErrorContext } from "./messages/explanation.ts";
import { guarded, learnFromProcess } from "./messages/gate.ts";
import { type Io, type Output, type Services, written } from "./io.ts";
import {
  type OptionDefinition,
  parseArguments,
  type ParsedArguments,
} from "./options/arguments.ts";
import { type CommandName, OTHER_COMMANDS } from "./options/option_table.ts";

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
  all.variables ??= all.env;
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
    const { name, argv } = chooseCommand(all.argv);
    if (name !== "pull") context.command = name;
    const run = COMMANDS[name];
    const { lines = [], document, bytes, code = EXIT.ok } = await run(
      argv,
      all,
      context,
      services,
    );
    if (bytes) await write(open, bytes);
    else if (document === undefined) {
      // Whoever was to read an archive there may be gone.
      if (lines.length === 0) return code;
      await write(all.stdout, lines.map((line) => `${line}\n`).join(""));
    } else {
      // In the text of it, a secret with a quote could be taken for syntax.
      const { completeDocument } = await import("./messages/pull_document.ts");
      const told = secrets.scrub(completeDocument(document, code));
      const text = JSON.stringify(told, null, 2);
      await write(open, `${text}\n`);
    }
    return code;
  } catch (error) {
    return await reportError(error, all, open, context);
  } finally {
    // What was written before may still be on its way.
    await write(all.stderr, "");
  }
}

/** Takes the arguments apart and does what they say. */
type Command = (
  argv: readonly string[],
  io: Io,
  context: ErrorContext,
  services: Services,
) => Promise<Outcome>;

/** Every command, of which only the one that is called is loaded. */
const COMMANDS: Readonly<Record<CommandName, Command>> = {
  pull: command(
    () => PULL,
    async () => (await import("./commands/pull.ts")).runPull,
  ),
  login: command(
    async () => (await import("./commands/login_options.ts")).LOGIN,
    async () => (await import("./commands/login.ts")).runLogin,
  ),
  logout: command(
    async () => (await import("./commands/login_options.ts")).LOGOUT,
    async () => (await import("./commands/logout.ts")).runLogout,
  ),
  doctor: command(
    async () => (await import("./commands/doctor_options.ts")).DOCTOR,
    async () => (await import("./commands/doctor.ts")).runDoctor,
  ),
  verify: command(
    async () => (await import("./commands/verify_options.ts")).VERIFY,
    async () => (await import("./commands/verify.ts")).runVerify,
  ),
  serve: command(
    async () => (await import("./commands/serve_options.ts")).SERVE,
    async () => (await import("./commands/serve.ts")).runServe,
  ),
  copy: command(
    async () => (await import("./commands/copy_options.ts")).COPY,
    async () => (await import("./commands/copy.ts")).runCopy,
  ),
  push: command(
    async () => (await import("./commands/push_options.ts")).PUSH,
    async () => (await import("./commands/push.ts")).runPush,
  ),
  inspect: command(
    async () => (await import("./commands/inspect_options.ts")).INSPECT,
    async () => (await import("./commands/inspect.ts")).runInspect,
  ),
  tags: command(
    async () => (await import("./commands/tags_options.ts")).TAGS,
    async () => (await import("./commands/tags.ts")).runTags,
  ),
  lock: command(
    async () => (await import("./commands/lock_options.ts")).LOCK,
    async () => (await import("./commands/lock.ts")).runLock,
  ),
  diff: command(
    async () => (await import("./commands/diff_options.ts")).DIFF,
    async () => (await import("./commands/diff.ts")).runDiff,
  ),
  plan: command(
    async () => (await import("./commands/plan_options.ts")).PLAN,
    async () => (await import("./commands/plan.ts")).runPlan,
  ),
  config: command(
    async () => (await import("./commands/config_options.ts")).CONFIG,
    async () => (await import("./commands/config.ts")).runConfig,
  ),
  completion: command(
    async () => (await import("./commands/completion_options.ts")).COMPLETION,
    async () => (await import("./commands/completion.ts")).runCompletion,
  ),
  man: command(
    async () => (await import("./commands/man_options.ts")).MAN,
    async () => (await import("./commands/man.ts")).runMan,
  ),
  cache: async (argv, ...rest) => {
    const { chooseSubcommand } = await import("./commands/cache.ts");
    const { line, argv: others, run } = chooseSubcommand(argv);
    return await command(() => line, run)(others, ...rest);
  },
};

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
    OTHER_COMMANDS.find((name) => name === word);
  if (first === "version" && others.length === 0) {
    return { name: "pull", argv: ["--version"] };
  }
  if (first === "help") {
    return { name: named(others[0]) ?? "pull", argv: ["--help"] };
  }
  const name = named(first);
  return name ? { name, argv: others } : { name: "pull", argv };
}

function command<Options>(
  loadLine: () => CommandLine<Options> | Promise<CommandLine<Options>>,
  loadRun: () => Promise<Run<Options>>,
): Command {
  return async (argv, io, context, services) => {
    const line = await loadLine();
    // What makes no sense is told as JSON, too, where that is asked for.
    Object.assign(context, asksForJson(argv));
    const parsed = await parse(argv, line.options);
    if (parsed.flags.has("help")) {
      const { helpText } = await import("./options/help.ts");
      return { lines: [helpText(line).trimEnd()] };
    }
    if (parsed.flags.has("version")) {
      const { VERSION } = await import("../lib/net/version.ts");
      return { lines: [`docker-pull ${VERSION}`] };
    }
    context.json = parsed.flags.has("json");
    const heeds = line.options.some(({ setting }) => setting);
    if (heeds && (await settingsPlace(io))?.found) {
      const { applyFile } = await import("./settings/apply.ts");
      await applyFile(parsed, line.options, io, context);
    }
    applyVariables(parsed, line.options, io.env);
    context.events = parsed.one("progress") === "json";
    const options = line.read(parsed);
    context.verbose = parsed.flags.has("verbose");
    const run = await loadRun();
    return await run(options, io, context, services);
  };
}

async function parse(
  argv: readonly string[],
  options: readonly OptionDefinition[],
): Promise<ParsedArguments> {
  try {
    return parseArguments(argv, options);
  } catch (error) {
    if (options !== PULL.options) throw error;
    const { misplacedOptions } = await import("./commands/misplaced.ts");
    throw misplacedOptions(argv) ?? error;
  }
}

/** What is to be told as JSON by arguments that nobody has taken apart yet. */
function asksForJson(
  argv: readonly string[],
): Pick<ErrorContext, "json" | "events"> {
  const end = argv.indexOf("--");
  const options = end < 0 ? argv : argv.slice(0, end);
  return {
    json: options.includes("--json"),
    events: options.some((word, at) =>
      word === "--progress=json" ||
      word === "json" && options[at - 1] === "--progress"
    ),
  };
}

async function reportError(
  error: unknown,
  { stderr, env }: Io,
  open: Output,
  context: ErrorContext,
): Promise<number> {
  const { secrets, json, events } = context;
  const scrub = (document: unknown) => secrets?.scrub(document) ?? document;
  if (json || events) {
    const { failedDocument } = await import("./messages/pull_document.ts");
    const document = failedDocument(error, context);
    if (json) {
      const text = JSON.stringify(scrub(document), null, 2);
      await write(open, `${text}\n`);
    }
    if (events) {
      const { eventLine } = await import("./progress/json_progress.ts");
      const told = document.error as Record<string, unknown>;
      await write(stderr, eventLine({ type: "error", ...told }, { scrub }));
      return told.exitCode as number;
    }
  }
  const { errorLines } = await import("./messages/error_lines.ts");
  const { createStyle } = await import("./progress/style.ts");
  const style = createStyle(stderr, env);
  const { lines, code } = errorLines(error, context, style);
  await write(stderr, lines.map((line) => `${line}\n`).join(""));
  return code;
}

/** Writes, and waits until it has gone. A reader that went away is no error. */
async function write(
  output: Output,
  text: string | Uint8Array,
): Promise<void> {
  try {
    await written(output, text);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const gone = [
      "EPIPE",
      "ERR_STREAM_DESTROYED",
      "ERR_STREAM_WRITE_AFTER_END",
    ];
    if (gone.includes(code)) return;
    throw Object.assign(error as Error, {
      syscall: "write",
      path: "standard output",
    });
  }
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
