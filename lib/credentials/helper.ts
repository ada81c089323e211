/**
 * The protocol of Docker's credential helpers: `docker-credential-NAME get`
 * reads a server's name and prints its login as JSON.
 *
 * @see {@link https://github.com/docker/docker-credential-helpers}
 */

import type { Credential } from "../image/types.ts";
import type { Warning } from "../image/events.ts";
import { CredentialHelperError } from "../image/errors.ts";
import type { HelperFailure } from "../image/problems.ts";
import { type HelperRun, type RunHelper, runHelper } from "./helper_process.ts";

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

/**
 * Runs a helper.
 *
 * @returns What it printed; nothing where it knows no such login; or why it
 * was of no use.
 * @throws The signal's reason.
 */
async function ask(
  name: string,
  action: HelperRun["action"],
  input: string,
  options: HelperOptions,
): Promise<string | HelperFailure | undefined> {
  const { run = runHelper, env, timeout = 30_000, signal } = options;
  const program = helperProgram(name);
  if (!program) return { code: "not-a-name" };
  const outputLimit = OUTPUT_LIMIT;
  const job = { program, action, input, env, timeout, signal, outputLimit };
  const outcome = await run(job);
  switch (outcome.type) {
    case "missing":
      return { code: "not-installed" };
    case "unstartable":
      return { code: "unstartable", system: outcome.code };
    case "timeout":
      return { code: "timeout", timeout };
    case "overflow":
      return { code: "overflow", limit: OUTPUT_LIMIT };
    case "exited": {
      if (outcome.code === 0) return outcome.stdout;
      const words = outcome.stdout.trim();
      if (words === NOT_FOUND && action !== "store") return undefined;
      return {
        code: "failed",
        status: outcome.code,
        words: HARMLESS.has(words) ? words : "",
      };
    }
  }
}

/** The login that a helper printed. Two empty fields are how some say that they have none. */
function parseLogin(stdout: string): Credential | HelperFailure | undefined {
  let document: unknown;
  try {
    document = JSON.parse(stdout);
  } catch {
    // Like all else that is no login.
  }
  const { Username: username, Secret: secret } = (document ?? {}) as {
    Username?: unknown;
    Secret?: unknown;
  };
  if (username === "" && secret === "") return undefined;
  if (
    typeof username !== "string" || typeof secret !== "string" ||
    username === "" || secret === ""
  ) return { code: "no-login" };
  return username === TOKEN_USERNAME
    ? { kind: "identity-token", token: secret }
    : { kind: "basic", username, password: secret };
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
  const printed = await ask(name, "get", server, options);
  const login = typeof printed === "string" ? parseLogin(printed) : printed;
  if (login === undefined || "kind" in login) return login;
  options.onWarning?.({
    code: "credential-helper",
    helper: name,
    server,
    failure: login,
  });
  return undefined;
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
  const input = `${JSON.stringify(login)}\n`;
  const done = await ask(name, "store", input, options);
  if (typeof done === "object") {
    throw new CredentialHelperError("store", name, server, done);
  }
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
  const done = await ask(name, "erase", server, options);
  if (typeof done === "object") {
    throw new CredentialHelperError("erase", name, server, done);
  }
  return done !== undefined;
}
