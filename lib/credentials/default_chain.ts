/** All places where a login may be, in the documented order. */

import type { CredentialProvider, FoundCredential } from "../image/types.ts";
import {
  authJsonFile,
  dockerConfigFile,
  dockerConfigText,
} from "./auth_file_provider.ts";
import { credentialChain, givenCredential } from "./chain.ts";
import {
  type CredentialPathSettings,
  defaultCredentialPaths,
} from "./default_paths.ts";
import type { HelperOptions } from "./helper.ts";

/** What {@linkcode defaultCredentials} goes by. */
export interface DefaultCredentialSettings extends CredentialPathSettings {
  /** The registry of the image that is asked for: the only one that ever sees a given login. */
  registry: string;
  /** The login given on the command line. */
  given?: FoundCredential;
  /** The file given on the command line; without it, `REGISTRY_AUTH_FILE` counts. */
  authfile?: string;
}

/**
 * Looks in this order:
 *
 * 1. the given login, for the asked image's registry only;
 * 2. `DOCKER_USERNAME` and `DOCKER_PASSWORD`, likewise;
 * 3. `DOCKER_AUTH_CONFIG`, the text of a `config.json`;
 * 4. the auth file that was named, and then in no other file;
 * 5. Docker's `config.json`;
 * 6. Podman's files.
 */
export function defaultCredentials(
  settings: DefaultCredentialSettings,
  options: HelperOptions = {},
): CredentialProvider {
  const { registry, given, env } = settings;
  const providers: CredentialProvider[] = [];
  if (given) {
    const { credential, source } = given;
    providers.push(givenCredential(registry, credential, source));
  }
  const { DOCKER_USERNAME: username, DOCKER_PASSWORD: password } = env;
  if (username && password) {
    const credential = { kind: "basic", username, password } as const;
    providers.push(givenCredential(registry, credential, "DOCKER_USERNAME"));
  }
  if (env.DOCKER_AUTH_CONFIG) {
    providers.push(
      dockerConfigText(env.DOCKER_AUTH_CONFIG, {
        ...options,
        source: "DOCKER_AUTH_CONFIG",
      }),
    );
  }
  const authfile = settings.authfile || env.REGISTRY_AUTH_FILE;
  if (authfile) {
    providers.push(
      authJsonFile(authfile, { ...options, source: authfile, required: true }),
    );
  } else {
    for (const { path, source, format } of defaultCredentialPaths(settings)) {
      providers.push(
        format === "docker"
          ? dockerConfigFile(path, { ...options, source })
          : authJsonFile(path, {
            ...options,
            source,
            legacy: format === "dockercfg",
          }),
      );
    }
  }
  return credentialChain(...providers);
}
