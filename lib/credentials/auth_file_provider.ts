/** Looks logins up in a file of Docker's or Podman's, which differ in three points. */

import type {
  Credential,
  CredentialProvider,
  FoundCredential,
} from "../image/types.ts";
import { DockerPullError } from "../image/errors.ts";
import { type AuthFile, readAuthEntry } from "./auth_file.ts";
import { getFromHelper, type HelperOptions } from "./helper.ts";
import { findServerKey } from "./server_key.ts";

/** In what Docker's and Podman's reading of the same file differ. */
export interface AuthFileDialect {
  /** What a registry is called, in `auths` and to helpers. */
  serverKey: (registry: string) => string;
  /** Whether `credsStore` is heeded. */
  credsStore: boolean;
  /** Whether a key for one repository counts for the whole host if need be. */
  anyPath: boolean;
}

/** What a file or a text of logins is called, and how its helpers are run. */
export interface AuthFileOptions extends HelperOptions {
  /** What the user knows it by, such as `~/.docker/config.json`. */
  source: string;
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
export function authFileProvider(
  load: () => Promise<AuthFile | undefined>,
  dialect: AuthFileDialect,
  options: AuthFileOptions,
): CredentialProvider {
  const { source, onWarning } = options;
  const told = new Set<string>();
  const warn = (message: string) => {
    if (told.has(message)) return;
    told.add(message);
    onWarning?.({ code: "credentials-unusable", message });
  };
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
      warn(`${error.message}, so no login is taken from there`);
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
    if (problem) {
      warn(
        `Cannot use the login for ${
          JSON.stringify(key)
        } in ${source}: ${problem}`,
      );
    }
    return credential && { credential, source };
  };
}
