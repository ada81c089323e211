/** The environment variables that the command reads, and no others. */

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
  { flags, values }: ParsedArguments,
  options: readonly OptionDefinition[],
  env: Environment,
): void {
  const folder = env.DOCKER_PULL_CACHE;
  const has = options.some(({ name }) => name === "cache-dir");
  if (!folder || !has || flags.has("no-cache")) return;
  if (!values.has("cache-dir")) values.set("cache-dir", [folder]);
}
