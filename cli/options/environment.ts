/**
 * The environment variables that the command reads, and no others; where the
 * configuration file is.
 */

import type { OptionDefinition, ParsedArguments } from "./arguments.ts";

/** Variables by name. */
export type Environment = Record<string, string | undefined>;

/**
 * What each does, as the help shows it; those of an empty text need no words
 * of their own.
 */
export const VARIABLES: readonly (readonly [name: string, help: string])[] = [
  ["DOCKER_DEFAULT_PLATFORM", "the platform where --platform is not given"],
  ["DOCKER_USERNAME", "the user name where --username is not given"],
  ["DOCKER_PASSWORD", "that user's password"],
  ["DOCKER_AUTH_CONFIG", "logins, as the text of Docker's config.json"],
  ["REGISTRY_AUTH_FILE", "the file with logins, as --authfile"],
  ["DOCKER_CONFIG", "the folder of Docker's config.json (default ~/.docker)"],
  ["DOCKER_HOST", "the daemon of --load, as --load-to"],
  ["DOCKER_CONTEXT", "the context of the docker command that names it"],
  ["DOCKER_TLS_VERIFY", "if set, a tcp:// daemon is reached by TLS"],
  ["DOCKER_CERT_PATH", "the folder with ca.pem, cert.pem and key.pem for that"],
  [
    "DOCKER_PULL_CONFIG",
    "the configuration file in place of ~/.config/docker-pull/config.json, or " +
    "none for none",
  ],
  ["DOCKER_PULL_CACHE", "the folder of the cache, as --cache-dir"],
  ["DOCKER_PULL_MIRRORS", "mirrors, as --mirror, separated by spaces"],
  ["HTTPS_PROXY", "the proxy for https, and likewise HTTP_PROXY for http"],
  ["HTTP_PROXY", ""],
  ["ALL_PROXY", "the proxy for both, where they name none"],
  ["NO_PROXY", "hosts to reach without a proxy, separated by commas"],
  ["https_proxy", ""],
  ["http_proxy", ""],
  ["all_proxy", ""],
  ["no_proxy", ""],
  ["REQUEST_METHOD", ""],
  [
    "SSL_CERT_FILE",
    "the certificate authorities to trust besides the well-known ones, " +
    "in place of the system's",
  ],
  [
    "SSL_CERT_DIR",
    "folders with more such files, separated by colons",
  ],
  ["DENO_TLS_CA_STORE", ""],
  ["NO_COLOR", "no colours"],
  ["FORCE_COLOR", "colours even where the output is no terminal"],
  ["TERM", ""],
  ["HOME", ""],
  ["USERPROFILE", ""],
  ["ProgramData", ""],
  ["APPDATA", ""],
  ["XDG_CONFIG_HOME", ""],
  ["XDG_RUNTIME_DIR", ""],
];

/**
 * Picks those variables out of an environment, one by one: a runtime with
 * permissions is asked for these only, and what it refuses counts as unset.
 */
export function readEnvironment(source: Environment): Environment {
  const picked: Record<string, string | undefined> = {};
  for (const [name] of VARIABLES) {
    try {
      // An empty variable is, by custom, one that is not set.
      picked[name] = source[name] || undefined;
    } catch {
      picked[name] = undefined;
    }
  }
  return picked;
}

/** Takes from the environment the value of an option that is not given. */
export function applyVariables(
  { flags, values, origins }: ParsedArguments,
  options: readonly OptionDefinition[],
  env: Environment,
): void {
  const folder = env.DOCKER_PULL_CACHE;
  const has = options.some(({ name }) => name === "cache-dir");
  if (!folder || !has || flags.has("no-cache")) return;
  if (values.has("cache-dir")) return;
  values.set("cache-dir", [folder]);
  if (!origins.has("cache-dir")) origins.set("cache-dir", "environment");
}

/** What `DOCKER_PULL_CONFIG` is where no file is to be read. */
const NONE: readonly unknown[] = ["none", "/dev/null"];

/** Where the configuration file is, or would be. */
export interface SettingsPlace {
  /** The path. */
  path: string;
  /** Whether it is there; one that is named has to be. */
  found: boolean;
}

/**
 * The file that `DOCKER_PULL_CONFIG` names, else the user's own: in
 * `XDG_CONFIG_HOME` or `~/.config`, on Windows in `APPDATA`.
 *
 * @returns Nothing where there is no home, or none is wanted.
 */
export async function settingsPlace(
  { env, os }: { env: Environment; os: string },
): Promise<SettingsPlace | undefined> {
  const named = env.DOCKER_PULL_CONFIG;
  if (NONE.includes(named)) return undefined;
  if (named !== undefined) return { path: named, found: true };
  const path = os === "win32" ? windowsPath(env) : unixPath(env);
  return path === undefined ? undefined : { path, found: await isThere(path) };
}

async function isThere(path: string): Promise<boolean> {
  // Loading it takes Deno a while, and not every command needs it.
  const { existsSync } = await import("node:fs");
  try {
    return existsSync(path);
  } catch {
    // Deno's: what must not be looked at counts as what is not there.
    return false;
  }
}

function unixPath({ XDG_CONFIG_HOME: config, HOME: home }: Environment) {
  // One that is relative is to be ignored, says the XDG specification.
  const folder = config?.startsWith("/") ? config : home && `${home}/.config`;
  return folder && `${folder}/docker-pull/config.json`;
}

function windowsPath({ APPDATA: data, USERPROFILE: home }: Environment) {
  const folder = data ?? (home && `${home}\\AppData\\Roaming`);
  return folder && `${folder}\\docker-pull\\config.json`;
}
