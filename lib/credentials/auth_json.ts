/**
 * Podman's `auth.json`, which Buildah, Skopeo and CRI-O share.
 *
 * @see {@link https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md}
 */

import type { CredentialProvider } from "../image/types.ts";
import { parseAuthFile, readAuthFile } from "./auth_file.ts";
import {
  type AuthFileDialect,
  type AuthFileOptions,
  authFileProvider,
} from "./auth_file_provider.ts";
import { canonicalRegistry } from "./server_key.ts";

/** How Podman reads a file of logins. */
export const PODMAN_DIALECT: AuthFileDialect = {
  serverKey: canonicalRegistry,
  credsStore: false,
  anyPath: false,
};

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
  const { source, legacy = false, required = false, onWarning } = options;
  return authFileProvider(
    async () => {
      const text = await readAuthFile(path, source);
      if (text !== undefined) return parseAuthFile(text, source, { legacy });
      if (required) {
        onWarning?.({
          code: "credentials-unusable",
          message: `Cannot read ${
            JSON.stringify(source)
          }: there is no such file, so no login is taken from there`,
        });
      }
      return undefined;
    },
    PODMAN_DIALECT,
    options,
  );
}
