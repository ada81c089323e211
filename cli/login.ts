/** `docker-pull login`: checks a login with its registry and keeps it. */

import { closeSync, openSync, readSync } from "node:fs";
import { saveCredential } from "../lib/credentials/save.ts";
import { HttpClient } from "../lib/registry/http.ts";
import type { Fetch, FoundCredential } from "../lib/types.ts";
import {
  type OptionDefinition,
  parseArguments,
  UsageError,
} from "./arguments.ts";
import {
  credentialPathSettings,
  loginFile,
  parseRegistry,
} from "./credential_files.ts";
import { readLogin } from "./credentials.ts";
import type { ErrorContext } from "./errors.ts";
import type { CommandHelp } from "./help.ts";
import type { Io } from "./io.ts";
import { checkLogin } from "./login_check.ts";
import { logRequests, openNetwork } from "./network.ts";
import { OPTIONS } from "./option_table.ts";
import { abortOnSignals } from "./signals.ts";
import { createStyle } from "./style.ts";
import { neutralize } from "./text.ts";

/** The file to keep the login in, which a pull has as an option too. */
export const AUTHFILE_OPTION: OptionDefinition = {
  name: "authfile",
  value: "FILE",
  group: "Login",
  help: "The file with logins, as Podman has it, in place of all others",
};

const SHARED = [
  "username",
  "password",
  "password-stdin",
  "ca-cert",
  "insecure",
  "plain-http",
  "verbose",
  "help",
];

/** The options of `login`. */
export const LOGIN_OPTIONS: readonly OptionDefinition[] = [
  AUTHFILE_OPTION,
  ...OPTIONS.filter(({ name }) => SHARED.includes(name)),
];

/** The help of `login`. */
export const LOGIN_HELP: CommandHelp = {
  summary: `Checks a login with a registry and keeps it where "docker login" ` +
    `does.`,
  usage: "docker-pull login [OPTIONS] [HOST]",
  options: LOGIN_OPTIONS,
  examples: [
    "docker-pull login ghcr.io",
    "aws ecr get-login-password | docker-pull login --username AWS \\\n" +
    "    --password-stdin 123456789012.dkr.ecr.eu-west-1.amazonaws.com",
  ],
};

/** What is to be logged in to, and how. */
export interface LoginCommandOptions {
  /** The registry, as in a reference. */
  registry: string;
  /** `--authfile`. */
  authfile?: string;
  /** `--username`. */
  username?: string;
  /** `--password`. */
  password?: string;
  /** `--password-stdin`. */
  passwordStdin: boolean;
  /** `--ca-cert`, as paths. */
  caCerts: string[];
  /** `--insecure`. */
  insecure: boolean;
  /** `--plain-http`. */
  plainHttp: boolean;
  /** `--verbose`. */
  verbose: boolean;
}

/**
 * Reads what follows `docker-pull login`.
 *
 * @throws {UsageError} It makes no sense.
 */
export function parseLogin(argv: readonly string[]): LoginCommandOptions {
  const { flags, values, operands } = parseArguments(argv, LOGIN_OPTIONS);
  const one = (name: string) => values.get(name)?.[0];
  if (values.has("password") && flags.has("password-stdin")) {
    throw new UsageError(
      "Options --password and --password-stdin exclude each other",
    );
  }
  return {
    registry: parseRegistry(operands),
    authfile: one("authfile"),
    username: one("username"),
    password: one("password"),
    passwordStdin: flags.has("password-stdin"),
    caCerts: values.get("ca-cert") ?? [],
    insecure: flags.has("insecure"),
    plainHttp: flags.has("plain-http"),
    verbose: flags.has("verbose"),
  };
}

/** What is done for the command elsewhere, so that a test can do it. */
export interface LoginServices {
  /** Asks for a password. */
  prompt?: (message: string) => string | null;
  /** Reads a line that is typed on the terminal. */
  readLine?: () => string | null;
  /** Sends requests. */
  fetch?: Fetch;
  /** The environment of credential helpers. */
  helperEnv?: Record<string, string | undefined>;
}

/**
 * Logs in as the options say.
 *
 * @param context Is filled with what an error's message needs.
 * @returns What to print on standard output.
 */
export async function runLogin(
  options: LoginCommandOptions,
  io: Io,
  context: ErrorContext,
  services: LoginServices = {},
): Promise<string[]> {
  const { registry, insecure } = options;
  const { env, stderr } = io;
  const style = createStyle(stderr, env);
  const print = (line: string) => void stderr.write(`${line}\n`);
  const warn = (message: string) =>
    print(style.warn("warning: ") + neutralize(message));
  Object.assign(context, {
    registry,
    login: true,
    action: `log in to ${JSON.stringify(registry)}`,
  });
  const settings = await credentialPathSettings(env, io.os);
  const file = loginFile(settings, options.authfile);
  // As in a pull, questions come before signals are listened to.
  const { credential } = await completeLogin(options, io, warn, services);
  if (insecure) {
    warn("the certificate is not verified; anyone on the way can read this");
  }

  const interruption = abortOnSignals(io.signals, () => {});
  const { signal } = interruption;
  const network = await openNetwork(options, env);
  try {
    const fetch = services.fetch ?? network.fetch;
    const http = new HttpClient({
      fetch: options.verbose
        ? logRequests(fetch, (line) => print(style.faint(line)))
        : fetch,
      retries: 1,
    });
    const { plainHttp } = options;
    const check = { registry, credential, http, plainHttp, signal };
    if (!await checkLogin(check)) {
      warn(`${registry} wants no login here, so this one could not be checked`);
    }
    const { path, ...named } = file;
    const { helperEnv } = services;
    const place = await saveCredential(path, registry, credential, {
      ...named,
      ...(helperEnv && { env: helperEnv }),
      signal,
    });
    const kept = place === file.source
      ? `${place}, not encrypted, for this user to read only`
      : place;
    return [
      neutralize(`Logged in to ${registry}`),
      neutralize(`The login is in ${kept}`),
    ];
  } finally {
    interruption.stop();
    network.close();
  }
}

async function completeLogin(
  options: LoginCommandOptions,
  io: Io,
  warn: (message: string) => void,
  { prompt, readLine = readTerminal }: LoginServices,
): Promise<FoundCredential> {
  const { registry } = options;
  const sources = { ...io, prompt, warn };
  if (options.username !== undefined || io.env.DOCKER_USERNAME !== undefined) {
    const found = await readLogin(options, registry, sources);
    if (found) return found;
  }
  let username: string | undefined;
  if (io.stdin.isTTY && io.stdout.isTTY && !options.passwordStdin) {
    io.stdout.write(`User name at ${registry}: `);
    username = readLine()?.trim();
  }
  if (!username) throw new UsageError("A login needs --username USER");
  return (await readLogin({ ...options, username }, registry, sources))!;
}

/** A line typed on the terminal, where the system has a file for that. */
function readTerminal(): string | null {
  let terminal: number;
  try {
    terminal = openSync("/dev/tty", "r");
  } catch {
    return null;
  }
  try {
    const line = new Uint8Array(4096);
    const count = readSync(terminal, line, 0, line.length, null);
    return new TextDecoder().decode(line.subarray(0, count));
  } finally {
    closeSync(terminal);
  }
}
