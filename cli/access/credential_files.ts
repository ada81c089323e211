/** Where this user's logins are, and which registry is meant by a name. */

import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { posix, win32 } from "node:path";
import {
  type CredentialPathSettings,
  defaultCredentialPaths,
} from "../../lib/credentials/default_paths.ts";
import { InvalidReferenceError } from "../../lib/image/errors.ts";
import { holdsLogin, redactAddress } from "../../lib/redact/address.ts";
import { DOCKER_HUB, parseReference } from "../../lib/image/reference.ts";
import { UsageError } from "../options/arguments.ts";
import type { Environment } from "../options/environment.ts";

/** What the places of the files of logins depend on. */
export async function credentialPathSettings(
  env: Environment,
  platform: string,
): Promise<CredentialPathSettings> {
  const home = (platform === "win32" ? env.USERPROFILE : env.HOME) ??
    systemHome();
  // The user's number is behind a permission of its own; the owner of the home
  // is the same.
  const owner = home === undefined
    ? undefined
    : await stat(home).catch(() => undefined);
  return {
    env,
    platform,
    home,
    uid: platform === "win32" ? undefined : owner?.uid,
  };
}

function systemHome(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    // Not permitted, or nobody's.
    return undefined;
  }
}

/**
 * What to say where `DOCKER_CONFIG` names the file and not its folder, in
 * which nothing is found then.
 *
 * @returns A sentence, and what to set it to; nothing where all is well.
 */
export async function misplacedConfig(
  { env, platform }: CredentialPathSettings,
): Promise<{ sentence: string; folder: string } | undefined> {
  const path = env.DOCKER_CONFIG;
  const found = path && await stat(path).catch(() => undefined);
  if (!found || !found.isFile()) return undefined;
  const { dirname } = platform === "win32" ? win32 : posix;
  return {
    sentence: `DOCKER_CONFIG names the folder of the config.json, and ${
      JSON.stringify(path)
    } is a file`,
    folder: dirname(path),
  };
}

/** The file that a login is written to. */
export interface LoginFile {
  /** The path. */
  path: string;
  /** The path as the user may see it. */
  source: string;
  /** Whose file it is. */
  format: "docker" | "podman";
}

/**
 * The file that `login` and `logout` change: the one that is named, which is
 * then the only one that is read too, else Docker's.
 *
 * @throws {UsageError} There is no home to keep it in, or `DOCKER_CONFIG`
 * misplaces it.
 */
export async function loginFile(
  settings: CredentialPathSettings,
  authfile: string | undefined,
): Promise<LoginFile> {
  const named = authfile ?? settings.env.REGISTRY_AUTH_FILE;
  if (named) return { path: named, source: named, format: "podman" };
  const docker = defaultCredentialPaths(settings)
    .find(({ format }) => format === "docker");
  if (!docker) {
    throw new UsageError(
      "There is no home directory to keep logins in; set DOCKER_CONFIG to a " +
        "folder",
    );
  }
  const wrong = await misplacedConfig(settings);
  if (wrong) {
    throw new UsageError(
      `${wrong.sentence}; set it to ${JSON.stringify(wrong.folder)}`,
    );
  }
  return { path: docker.path, source: docker.source, format: "docker" };
}

/** The name that addresses have where a host is written in other letters. */
function asciiHost(text: string): string {
  const url = `https://${text}/`;
  // deno-lint-ignore no-control-regex
  return /^[^/?#@]*[^\x00-\x7f][^/?#@]*$/.test(text) && URL.canParse(url)
    ? new URL(url).host
    : text;
}

/**
 * The registry that an operand names: a host, or its address as copied from
 * a browser or from Docker's config.json; Docker Hub where there is none.
 *
 * @throws {UsageError} No image can be in a registry of that name.
 */
export function parseRegistry(operands: readonly string[]): string {
  const [operand = DOCKER_HUB, ...others] = operands;
  if (others.length) {
    // What is too much may be a password.
    throw new UsageError(
      `One registry at a time: ${operands.length} words are too many`,
    );
  }
  if (holdsLogin(operand)) {
    throw new UsageError(
      `${JSON.stringify(redactAddress(operand))} is not a registry: a login ` +
        "is given by --username USER and --password-stdin",
    );
  }
  const host = asciiHost(
    operand.replace(/^https?:\/\//i, "").replace(/\/(?:v[12]\/?)?$/, ""),
  );
  try {
    const { registry, repository } = parseReference(`${host}/x/y`);
    if (repository === "x/y") return registry;
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
  }
  throw new UsageError(
    `${
      JSON.stringify(redactAddress(operand))
    } is not a registry: one is written ` +
      "HOST[:PORT] and has a dot or a port, or is localhost",
  );
}
