/**
 * Docker's `config.json`.
 *
 * @see {@link https://docs.docker.com/reference/cli/docker/login/#credential-stores}
 */

import type { CredentialProvider } from "../image/types.ts";
import { parseAuthFile, readAuthFile } from "./auth_file.ts";
import {
  type AuthFileDialect,
  type AuthFileOptions,
  authFileProvider,
} from "./auth_file_provider.ts";
import { dockerServerKey } from "./server_key.ts";

/** How Docker reads a file of logins. */
export const DOCKER_DIALECT: AuthFileDialect = {
  serverKey: dockerServerKey,
  credsStore: true,
  anyPath: true,
};

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
    DOCKER_DIALECT,
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
    DOCKER_DIALECT,
    options,
  );
}
