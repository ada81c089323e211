/**
 * The protocol of Docker's credential helpers: `docker-credential-NAME get`
 * reads a server's name and prints its login as JSON.
 *
 * @see {@link https://github.com/docker/docker-credential-helpers}
 */

import type { Credential } from "../image/types.ts";
import type { Warning } from "../image/events.ts";
import { DockerPullError } from "../image/errors.ts";
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

/** A helper that could not store or erase a login. */
export class CredentialHelperError extends DockerPullError {
  /** Which error it is. */
  override name = "CredentialHelperError";
  /** The program's name, or the text that should have been part of one. */
  readonly helper: string;

  /** Made by whoever ran it. */
  constructor(operation: string, helper: string, reason: string) {
    super(`Cannot ${operation} with ${helper}: ${reason}`);
    this.helper = helper;
  }
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

function describe(outcome: HelperOutcome, timeout: number): string {
  switch (outcome.type) {
    case "missing":
      return "it is not installed";
    case "unstartable":
      return `it cannot be started (${outcome.code})`;
    case "timeout":
      return `it did not answer within ${timeout / 1000} s`;
    case "overflow":
      return `it printed more than ${OUTPUT_LIMIT} bytes`;
    case "exited": {
      const text = failureText(outcome.stdout);
      return `it failed with code ${outcome.code}${text && ` (${text})`}`;
    }
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
  const warn = (reason: string) =>
    onWarning?.({
      code: "credential-helper",
      message: `Cannot get a login for ${server} from ${
        helperProgram(name) ?? "a credential helper"
      }: ${reason}`,
    });
  const program = helperProgram(name);
  if (!program) {
    warn(`${JSON.stringify(name.slice(0, 64))} is not a helper's name`);
    return undefined;
  }
  const outcome = await run(program, "get", server, options);
  if (isNotFound(outcome)) return undefined;
  if (outcome.type !== "exited" || outcome.code !== 0) {
    warn(describe(outcome, timeout));
    return undefined;
  }
  const login = parseLogin(outcome.stdout);
  if (login === "rubbish") warn("what it printed is not a login");
  return typeof login === "object" ? login : undefined;
}

async function change(
  operation: string,
  name: string,
  action: "store" | "erase",
  input: string,
  options: HelperOptions,
): Promise<HelperOutcome> {
  const { timeout = 30_000 } = options;
  const program = helperProgram(name);
  if (!program) {
    throw new CredentialHelperError(
      operation,
      JSON.stringify(name.slice(0, 64)),
      "it is not a helper's name",
    );
  }
  const outcome = await run(program, action, input, options);
  const done = outcome.type === "exited" && outcome.code === 0;
  if (!done && !(action === "erase" && isNotFound(outcome))) {
    throw new CredentialHelperError(
      operation,
      program,
      describe(outcome, timeout),
    );
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
  const operation = `store the login for ${server}`;
  if (credential.kind === "registry-token") {
    throw new CredentialHelperError(
      operation,
      helperProgram(name) ?? JSON.stringify(name.slice(0, 64)),
      "helpers do not keep registry tokens",
    );
  }
  const [username, secret] = credential.kind === "basic"
    ? [credential.username, credential.password]
    : [TOKEN_USERNAME, credential.token];
  const login = { ServerURL: server, Username: username, Secret: secret };
  await change(operation, name, "store", `${JSON.stringify(login)}\n`, options);
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
  const outcome = await change(
    `erase the login for ${server}`,
    name,
    "erase",
    server,
    options,
  );
  return !isNotFound(outcome);
}
