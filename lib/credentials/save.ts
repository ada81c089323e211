/** Keeps and forgets logins, where Docker or Podman would. */

import type { Credential } from "../image/types.ts";
import { DockerPullError } from "../image/errors.ts";
import { acquireLock } from "../disk/lock.ts";
import {
  type AuthFile,
  encodeAuth,
  parseAuthFile,
  readAuthFile,
} from "./auth_file.ts";
import { configuredHelper } from "./auth_file_provider.ts";
import { PODMAN_DIALECT } from "./auth_json.ts";
import { DOCKER_DIALECT } from "./docker_config.ts";
import {
  eraseWithHelper,
  type HelperOptions,
  storeWithHelper,
} from "./helper.ts";
import { deleteMember, setMember } from "./json_text.ts";
import { makePrivateFolder, replacePrivateFile } from "./private_file.ts";
import { findServerKey } from "./server_key.ts";

/** How a file of logins is changed. */
export interface SaveOptions extends HelperOptions {
  /**
   * Whose file it is: Podman's knows no `credsStore` and calls Docker Hub
   * `docker.io`.
   *
   * @default {"docker"}
   */
  format?: "docker" | "podman";
  /**
   * What the user knows the file by, such as `~/.docker/config.json`.
   *
   * @default {path}
   */
  source?: string;
}

function fileEntry(registry: string, credential: Credential): unknown {
  switch (credential.kind) {
    case "basic": {
      const { username, password } = credential;
      if (username === "" || username.includes(":")) {
        throw new DockerPullError(
          `Cannot store the login for ${
            JSON.stringify(registry)
          }: the user name ${username ? "has a colon" : "is empty"}`,
        );
      }
      return { auth: encodeAuth(username, password) };
    }
    case "identity-token": {
      const { username, token } = credential;
      return {
        ...(username && { auth: encodeAuth(username, "") }),
        identitytoken: token,
      };
    }
    case "registry-token":
      return { registrytoken: credential.token };
  }
}

/**
 * Changes the text of a file, unless the change is none. Two logins at the
 * same time wait for each other, so that neither is lost.
 */
async function edit(
  path: string,
  { source = path, signal }: SaveOptions,
  change: (text: string, file: AuthFile) => string,
): Promise<void> {
  await makePrivateFolder(path);
  const lock = await acquireLock(`${path}.lock`, { signal });
  try {
    const read = await readAuthFile(path, source) ?? "";
    const text = read.trim() === "" ? "{}" : read;
    const changed = change(text, parseAuthFile(text, source));
    if (changed !== text) await replacePrivateFile(path, changed);
  } finally {
    await lock.release();
  }
}

const dialectOf = ({ format = "docker" }: SaveOptions) =>
  format === "docker" ? DOCKER_DIALECT : PODMAN_DIALECT;

/**
 * Keeps a login: with the helper that the file names for the registry, else
 * in the file itself, which then has mode 0600. All else in the file stays as
 * it is, to the character. Gives where the login is now, for the user.
 *
 * @throws {CredentialHelperError} If the helper does not take it; it is then nowhere.
 * @throws {InvalidDocumentError} If the file is not understood; it is then unchanged.
 * @throws {StorageError} If the file cannot be read or written.
 */
export async function saveCredential(
  path: string,
  registry: string,
  credential: Credential,
  options: SaveOptions = {},
): Promise<string> {
  const { source = path } = options;
  const dialect = dialectOf(options);
  const server = dialect.serverKey(registry);
  const before = parseAuthFile(await readAuthFile(path, source) ?? "", source);
  const helper = configuredHelper(before, registry, dialect);
  // With a helper, Docker notes an empty entry, which also takes the place of
  // what may have been there in plain text.
  const entry = helper ? {} : fileEntry(registry, credential);
  if (helper) await storeWithHelper(helper, server, credential, options);
  await edit(
    path,
    options,
    (text) => setMember(text, ["auths", server], entry),
  );
  return helper ? `docker-credential-${helper}` : source;
}

/**
 * Forgets a registry's login, in the helper and in the file, under every
 * spelling that would be found for it. Podman's keys for a part of the
 * registry stay. Gives the places where there was one.
 *
 * @throws {CredentialHelperError} If the helper fails; the file is then without the login all the same.
 * @throws {InvalidDocumentError} If the file is not understood; it is then unchanged.
 * @throws {StorageError} If the file cannot be read or written.
 */
export async function eraseCredential(
  path: string,
  registry: string,
  options: SaveOptions = {},
): Promise<string[]> {
  const { source = path } = options;
  const dialect = dialectOf(options);
  const { anyPath } = dialect;
  const places: string[] = [];
  if (await readAuthFile(path, source) === undefined) return places;
  let helper = "";
  await edit(path, options, (text, file) => {
    helper = configuredHelper(file, registry, dialect);
    for (const [key, entry] of file.auths) {
      if (findServerKey([key], registry, { anyPath }) === undefined) continue;
      text = deleteMember(text, ["auths", key]);
      if (JSON.stringify(entry) !== "{}") places[0] = source;
    }
    return text;
  });
  if (helper) {
    const server = dialect.serverKey(registry);
    if (await eraseWithHelper(helper, server, options)) {
      places.unshift(`docker-credential-${helper}`);
    }
  }
  return places;
}
