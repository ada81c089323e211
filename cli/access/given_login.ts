/** The login that the user gives with the command. */

import { promptSecret } from "@std/cli/prompt-secret";
import type { FoundCredential } from "../../lib/image/types.ts";
import { UsageError } from "../options/arguments.ts";
import type { Io } from "../io.ts";
import type { LoginOptions } from "../options/shared_options.ts";

/** What the login is read from. */
export type LoginSources = Pick<Io, "env" | "stdin" | "stdout"> & {
  /** Asks for a password on the terminal. */
  prompt?: (message: string) => string | null;
  /** Takes a sentence that the user should see. */
  warn: (message: string) => void;
};

/** What the options are called, but for those of one side of a copy. */
const GIVEN = { username: "--username", password: "--password" };
/** As much of standard input as can be a password. */
const MAX_PASSWORD_BYTES = 65_536;

/**
 * Finds the login among options and environment, and asks for what is missing
 * of it where there is a terminal.
 *
 * @throws {UsageError} It is not complete.
 */
export async function readLogin(
  options: LoginOptions,
  registry: string,
  sources: LoginSources,
): Promise<FoundCredential | undefined> {
  const { env, warn } = sources;
  const { password, passwordStdin, given = GIVEN } = options;
  const stdin = `${given.password.replace("creds", "password")}-stdin`;
  if (password !== undefined) {
    warn(
      `other users of this machine can see ${given.password}; ` +
        `use ${stdin} instead`,
    );
  }
  const username = options.username ?? env.DOCKER_USERNAME;
  if (username === undefined) {
    if (password !== undefined || passwordStdin) {
      const option = passwordStdin ? stdin : given.password;
      throw new UsageError(`Option ${option} needs ${given.username} USER`);
    }
    return undefined;
  }
  if (username.includes(":")) {
    throw new UsageError("A user name cannot have a colon in it");
  }
  if (
    options.username === undefined && password === undefined && !passwordStdin
  ) {
    if (env.DOCKER_PASSWORD === undefined) {
      warn("DOCKER_USERNAME is set without DOCKER_PASSWORD and is not used");
      return undefined;
    }
    return login(username, env.DOCKER_PASSWORD, "DOCKER_USERNAME");
  }
  const source = options.username === undefined
    ? "DOCKER_USERNAME"
    : given.username;
  if (password !== undefined) return login(username, password, source);
  if (passwordStdin) {
    return login(username, await readPassword(sources.stdin), source);
  }
  // The password of the environment belongs to the environment's user.
  const same = (env.DOCKER_USERNAME ?? username) === username;
  if (same && env.DOCKER_PASSWORD !== undefined) {
    return login(username, env.DOCKER_PASSWORD, source);
  }
  const asked = askPassword(username, registry, sources, given.username, stdin);
  return login(username, asked, source);
}

function login(
  username: string,
  password: string,
  source: string,
): FoundCredential {
  return { credential: { kind: "basic", username, password }, source };
}

async function readPassword(stdin: Io["stdin"]): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stdin) {
    text += typeof chunk === "string"
      ? chunk
      : decoder.decode(chunk, { stream: true });
    if (text.length > MAX_PASSWORD_BYTES) {
      throw new UsageError("Standard input is too long to be a password");
    }
  }
  // The line's end is the shell's, as in `echo secret | docker-pull …`.
  const password = (text + decoder.decode()).replace(/\r?\n$/, "");
  if (!password) throw new UsageError("Standard input holds no password");
  return password;
}

function askPassword(
  username: string,
  registry: string,
  { stdin, stdout, prompt = promptSecret }: LoginSources,
  option: string,
  other: string,
): string {
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new UsageError(
      `Option ${option} needs a password: ${other}, ` +
        "DOCKER_PASSWORD, or a terminal to ask on",
    );
  }
  const password = prompt(`Password for ${username} at ${registry}:`);
  if (!password) throw new UsageError("No password was typed");
  return password;
}
