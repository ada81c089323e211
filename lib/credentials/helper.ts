/**
 * The protocol of Docker's credential helpers: `docker-credential-NAME get`
 * reads a server's name and prints its login as JSON.
 *
 * @see {@link https://github.com/docker/docker-credential-helpers}
 */

import type { Credential } from "../image/types.ts";
import type { Warning } from "../image/events.ts";
import { CredentialHelperError, type HelperFailure } from "../image/errors.ts";
import {
  type HelperOutcome,
  type HelperRun,
  type RunHelper,
  runHelper,
} from "./helper_process.ts";

/** How helpers are run. */
export interface HelperOptions {
  /**
   * Runs the program.
   *
   * @default {runHelper}
   */
  run?: RunHelper;
  /** The helper's environment, of which `PATH` says where it lies; without it, that of this process. */
  env?: Record<string, string | undefined>;
  /**
   * Milliseconds that a helper may take. It may have to ask the user to
   * unlock a keychain.
   *
   * @default {30000}
   */
  timeout?: number;
  /** Kills a running helper. */
  signal?: AbortSignal;
  /** Told of a helper or a file that could not be used. */
  onWarning?: (warning: Warning) => void;
}

const OUTPUT_LIMIT = 1024 * 1024;
const NOT_FOUND = "credentials not found in native keychain";
/**
 * What helpers say of a failure that is known to hold no secret. Nothing else
 * that one prints is repeated: the login that was asked for, or that it was
 * given to keep, may stand in it.
 */
const HARMLESS = new Set([
  NOT_FOUND,
  "no credentials server URL",
  "no credentials username",
  "not implemented",
  "User interaction is not allowed.",
  "The user name or passphrase you entered is not correct.",
  "The specified item could not be found in the keychain.",
]);
const TOKEN_USERNAME = "<token>";

/** The name of a helper's program, where the name is one and not a path or a command. */
export function helperProgram(name: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)
    ? `docker-credential-${name}`
    : undefined;
}

/** What a helper says of its own failure, where that is known to be no secret. */
function failureText(stdout: string): string {
  const text = stdout.trim();
  return HARMLESS.has(text) ? text : "";
}

function failureOf(outcome: HelperOutcome, timeout: number): HelperFailure {
  switch (outcome.type) {
    case "missing":
      return { code: "not-installed" };
    case "unstartable":
      return { code: "unstartable", system: outcome.code };
    case "timeout":
      return { code: "timeout", timeout };
    case "overflow":
      return { code: "overflow", limit: OUTPUT_LIMIT };
    case "exited":
      return {
        code: "failed",
        status: outcome.code,
        words: failureText(outcome.stdout),
      };
  }
}

/** The login that a helper printed. Two empty fields are how some say that they have none. */
function parseLogin(stdout: string): Credential | "none" | "rubbish" {
  let document: unknown;
  try {
    document = JSON.parse(stdout);
  } catch {
    return "rubbish";
  }
  if (typeof document !== "object" || document === null) return "rubbish";
  const { Username: username, Secret: secret } = document as {
    Username?: unknown;
    Secret?: unknown;
  };
  if (typeof username !== "string" || typeof secret !== "string") {
    return "rubbish";
  }
  if (username === "" && secret === "") return "none";
  if (username === "" || secret === "") return "rubbish";
  return username === TOKEN_USERNAME
    ? { kind: "identity-token", token: secret }
    : { kind: "basic", username, password: secret };
}

function isNotFound(outcome: HelperOutcome): boolean {
  return outcome.type === "exited" && outcome.code !== 0 &&
    outcome.stdout.trim() === NOT_FOUND;
}

function run(
  program: string,
  action: HelperRun["action"],
  input: string,
  options: HelperOptions,
): Promise<HelperOutcome> {
  const { run = runHelper, env, timeout = 30_000, signal } = options;
  return run({
    program,
    action,
    input,
    env,
    timeout,
    signal,
    outputLimit: OUTPUT_LIMIT,
  });
}

/**
 * Asks a helper for a server's login. A helper that has none gives nothing;
 * one that is missing, hangs, fails or prints rubbish gives nothing and one
 * warning, since the image may well be public.
 *
 * @throws The signal's reason.
 */
export async function getFromHelper(
  name: string,
  server: string,
  options: HelperOptions = {},
): Promise<Credential | undefined> {
  const { timeout = 30_000, onWarning } = options;
  const warn = (failure: HelperFailure) =>
    onWarning?.({ code: "credential-helper", helper: name, server, failure });
  const program = helperProgram(name);
  if (!program) {
    warn({ code: "not-a-name" });
    return undefined;
  }
  const outcome = await run(program, "get", server, options);
  if (isNotFound(outcome)) return undefined;
  if (outcome.type !== "exited" || outcome.code !== 0) {
    warn(failureOf(outcome, timeout));
    return undefined;
  }
  const login = parseLogin(outcome.stdout);
  if (login === "rubbish") warn({ code: "no-login" });
  return typeof login === "object" ? login : undefined;
}

async function change(
  action: "store" | "erase",
  name: string,
  server: string,
  input: string,
  options: HelperOptions,
): Promise<HelperOutcome> {
  const { timeout = 30_000 } = options;
  const fail = (failure: HelperFailure) =>
    new CredentialHelperError(action, name, server, failure);
  const program = helperProgram(name);
  if (!program) throw fail({ code: "not-a-name" });
  const outcome = await run(program, action, input, options);
  const done = outcome.type === "exited" && outcome.code === 0;
  if (!done && !(action === "erase" && isNotFound(outcome))) {
    throw fail(failureOf(outcome, timeout));
  }
  return outcome;
}

/**
 * Gives a login to a helper to keep.
 *
 * @throws {CredentialHelperError} If it does not.
 * @throws The signal's reason.
 */
export async function storeWithHelper(
  name: string,
  server: string,
  credential: Credential,
  options: HelperOptions = {},
): Promise<void> {
  if (credential.kind === "registry-token") {
    const code = "registry-token";
    throw new CredentialHelperError("store", name, server, { code });
  }
  const [username, secret] = credential.kind === "basic"
    ? [credential.username, credential.password]
    : [TOKEN_USERNAME, credential.token];
  const login = { ServerURL: server, Username: username, Secret: secret };
  await change("store", name, server, `${JSON.stringify(login)}\n`, options);
}

/**
 * Has a helper forget a login, and says whether it may have had one.
 *
 * @throws {CredentialHelperError} If it fails otherwise than by not having one.
 * @throws The signal's reason.
 */
export async function eraseWithHelper(
  name: string,
  server: string,
  options: HelperOptions = {},
): Promise<boolean> {
  const outcome = await change("erase", name, server, server, options);
  return !isNotFound(outcome);
}
