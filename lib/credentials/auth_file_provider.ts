/**
 * The logins of Docker's `config.json`, and of Podman's `auth.json`, which
 * Buildah, Skopeo and CRI-O share. They are read in ways that differ in three
 * points.
 *
 * @see {@link https://docs.docker.com/reference/cli/docker/login/#credential-stores}
 * @see {@link https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md}
 */

import type {
  Credential,
  CredentialProvider,
  FoundCredential,
} from "../image/types.ts";
import { DockerPullError, StorageError } from "../image/errors.ts";
import { canonicalRegistry } from "../image/reference.ts";
import {
  type AuthFile,
  parseAuthFile,
  readAuthEntry,
  readAuthFile,
} from "./auth_file.ts";
import { getFromHelper, type HelperOptions } from "./helper.ts";
import { dockerServerKey, findServerKey } from "./server_key.ts";

/** In what Docker's and Podman's reading of the same file differ. */
export interface AuthFileDialect {
  /** What a registry is called, in `auths` and to helpers. */
  serverKey: (registry: string) => string;
  /** Whether `credsStore` is heeded. */
  credsStore: boolean;
  /** Whether a key for one repository counts for the whole host if need be. */
  anyPath: boolean;
}

/** How each of the two reads a file of logins. */
export const DIALECTS: Readonly<Record<"docker" | "podman", AuthFileDialect>> =
  {
    docker: { serverKey: dockerServerKey, credsStore: true, anyPath: true },
    podman: { serverKey: canonicalRegistry, credsStore: false, anyPath: false },
  };

/** What a file or a text of logins is called, and how its helpers are run. */
export interface AuthFileOptions extends HelperOptions {
  /** What the user knows it by, such as `~/.docker/config.json`. */
  source: string;
}

/** How an `auth.json` is read. */
export interface AuthJsonOptions extends AuthFileOptions {
  /**
   * Whether it is a `.dockercfg`, which is the `auths` and nothing else.
   *
   * @default {false}
   */
  legacy?: boolean;
  /**
   * Whether it is worth a warning that there is no such file, as it is when
   * the user has named it.
   *
   * @default {false}
   */
  required?: boolean;
}

/** The helper that a file names for a registry; an empty name switches helpers off. */
export function configuredHelper(
  file: AuthFile,
  registry: string,
  dialect: AuthFileDialect,
): string {
  const preferred = dialect.serverKey(registry);
  const key = findServerKey(file.credHelpers.keys(), registry, { preferred });
  if (key !== undefined) return file.credHelpers.get(key)!;
  return dialect.credsStore ? file.credsStore ?? "" : "";
}

/**
 * Makes a provider from a way to load a file, which happens at the first
 * question and once. Whatever is wrong with the file is told once, and is
 * otherwise as if it had no logins.
 */
function authFileProvider(
  load: () => Promise<AuthFile | undefined>,
  dialect: AuthFileDialect,
  options: AuthFileOptions,
): CredentialProvider {
  const { source, onWarning } = options;
  /** The keys whose entries were told of. */
  const told = new Set<string>();
  const answers = new Map<string, Promise<Credential | undefined>>();
  const ask = (helper: string, server: string) => {
    const key = JSON.stringify([helper, server]);
    let answer = answers.get(key);
    if (!answer) {
      answer = getFromHelper(helper, server, options);
      answers.set(key, answer);
      answer.catch(() => answers.delete(key));
    }
    return answer;
  };
  let loading: Promise<AuthFile | undefined> | undefined;

  return async (registry, repository): Promise<FoundCredential | undefined> => {
    loading ??= load().catch((error) => {
      if (!(error instanceof DockerPullError)) throw error;
      onWarning?.({ code: "credentials-unusable", source, error });
      return undefined;
    });
    const file = await loading;
    if (!file) return undefined;
    const preferred = dialect.serverKey(registry);
    const helper = configuredHelper(file, registry, dialect);
    if (helper) {
      const credential = await ask(helper, preferred);
      if (credential) {
        return { credential, source: `docker-credential-${helper}` };
      }
    }
    const key = findServerKey(file.auths.keys(), registry, {
      preferred,
      repository,
      anyPath: dialect.anyPath,
    });
    if (key === undefined) return undefined;
    const { credential, problem } = readAuthEntry(file.auths.get(key));
    if (problem && !told.has(key)) {
      told.add(key);
      onWarning?.({ code: "login-unusable", source, key, problem });
    }
    return credential && { credential, source };
  };
}

/**
 * The logins of a `config.json`: those of the registry's helper
 * (`credHelpers`, else `credsStore`), else the entry in `auths`. Docker Hub is
 * called `https://index.docker.io/v1/` there. A file that does not exist has
 * no logins; one that cannot be used has none and gives a warning.
 */
export function dockerConfigFile(
  path: string,
  options: AuthFileOptions,
): CredentialProvider {
  const { source } = options;
  return authFileProvider(
    async () => {
      const text = await readAuthFile(path, source);
      return text === undefined ? undefined : parseAuthFile(text, source);
    },
    DIALECTS.docker,
    options,
  );
}

/** The logins of the text of a `config.json`, such as `DOCKER_AUTH_CONFIG` holds. */
export function dockerConfigText(
  text: string,
  options: AuthFileOptions,
): CredentialProvider {
  return authFileProvider(
    // deno-lint-ignore require-await
    async () => parseAuthFile(text, options.source),
    DIALECTS.docker,
    options,
  );
}

/**
 * The logins of an `auth.json`: that of the registry's helper in
 * `credHelpers`, else the entry of `auths` whose key is the longest part of
 * `host/namespace/repository`, down to the host. A file that cannot be used
 * has no logins and gives a warning.
 */
export function authJsonFile(
  path: string,
  options: AuthJsonOptions,
): CredentialProvider {
  const { source, legacy = false, required = false } = options;
  return authFileProvider(
    async () => {
      const text = await readAuthFile(path, source);
      if (text !== undefined) return parseAuthFile(text, source, { legacy });
      if (required) throw new StorageError("read", source, "ENOENT");
      return undefined;
    },
    DIALECTS.podman,
    options,
  );
}
