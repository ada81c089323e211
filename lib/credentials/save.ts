/** Keeps and forgets logins, where Docker or Podman would. */

import { randomUUID } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Credential } from "../image/types.ts";
import { makeFolders } from "../disk/folders.ts";
import { ifThere, onDisk } from "../disk/io.ts";
import { followLinks } from "../disk/links.ts";
import { acquireLock } from "../disk/lock.ts";
import { InvalidSettingError } from "../image/errors.ts";
import { encodeBase64 } from "../net/base64.ts";
import {
  type AuthFile,
  changeAuths,
  parseAuthFile,
  readAuthFile,
} from "./auth_file.ts";
import { configuredHelper, DIALECTS } from "./auth_file_provider.ts";
import {
  eraseWithHelper,
  type HelperOptions,
  storeWithHelper,
} from "./helper.ts";
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

function fileEntry(credential: Credential): unknown {
  switch (credential.kind) {
    case "basic": {
      const { username, password } = credential;
      if (username === "" || username.includes(":")) {
        const code = username ? "colon" : "empty";
        throw new InvalidSettingError("user-name", { code });
      }
      return { auth: encodeBase64(`${username}:${password}`) };
    }
    case "identity-token": {
      const { username, token } = credential;
      return {
        auth: username ? encodeBase64(`${username}:`) : undefined,
        identitytoken: token,
      };
    }
    case "registry-token":
      return { registrytoken: credential.token };
  }
}

/**
 * Changes the entries of a file, unless the change is none. Two logins at the
 * same time wait for each other, so that neither is lost.
 */
async function edit(
  path: string,
  { source = path, signal }: SaveOptions,
  change: (auths: Map<string, unknown>, file: AuthFile) => void,
): Promise<void> {
  await makePrivateFolder(path);
  const lock = await acquireLock(`${path}.lock`, { signal });
  try {
    const text = await readAuthFile(path, source) ?? "";
    const file = parseAuthFile(text, source);
    const changed = changeAuths(text, (auths) => change(auths, file));
    if (changed !== text) await replacePrivateFile(path, changed);
  } finally {
    await lock.release();
  }
}

/**
 * Keeps a login: with the helper that the file names for the registry, else
 * in the file itself, which then has mode 0600. All else in the file keeps
 * its order and meaning. Gives where the login is now, for the user.
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
  const { source = path, format = "docker" } = options;
  const dialect = DIALECTS[format];
  const server = dialect.serverKey(registry);
  const before = parseAuthFile(await readAuthFile(path, source) ?? "", source);
  const helper = configuredHelper(before, registry, dialect);
  // With a helper, Docker notes an empty entry, which also takes the place of
  // what may have been there in plain text.
  const entry = helper ? {} : fileEntry(credential);
  if (helper) await storeWithHelper(helper, server, credential, options);
  await edit(path, options, (auths) => void auths.set(server, entry));
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
  const { source = path, format = "docker" } = options;
  const dialect = DIALECTS[format];
  const { anyPath } = dialect;
  const places: string[] = [];
  if (await readAuthFile(path, source) === undefined) return places;
  let helper = "";
  await edit(path, options, (auths, file) => {
    helper = configuredHelper(file, registry, dialect);
    for (const [key, entry] of auths) {
      if (findServerKey([key], registry, { anyPath }) === undefined) continue;
      if (JSON.stringify(entry) !== "{}") places[0] = source;
      auths.delete(key);
    }
  });
  if (helper) {
    const server = dialect.serverKey(registry);
    if (await eraseWithHelper(helper, server, options)) {
      places.unshift(`docker-credential-${helper}`);
    }
  }
  return places;
}

/**
 * Makes the folder for a file, for the owner only, if there is none.
 *
 * @throws {StorageError}
 */
async function makePrivateFolder(path: string): Promise<void> {
  const folder = dirname(path);
  await onDisk("write", folder, () => makeFolders(folder, 0o700));
}

/**
 * Gives a file a new text, in one step: whoever reads it sees the old text or
 * the new one. Its mode is 0600 from the first byte on, its owner stays the
 * same where the system lets us, and a symbolic link to it stays a link.
 *
 * @throws {StorageError}
 */
async function replacePrivateFile(
  path: string,
  text: string,
): Promise<void> {
  const target = await followLinks(path);
  await makePrivateFolder(target);
  const before = await ifThere("read", path, () => stat(target));
  const temporary = `${target}.${randomUUID()}`;
  await onDisk("write", path, async () => {
    try {
      const file = await open(temporary, "wx", 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
        const { uid, gid } = await file.stat();
        if (before && (before.uid !== uid || before.gid !== gid)) {
          // With sudo the file is still the user's.
          await file.chown(before.uid, before.gid).catch(() => {});
        }
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
  });
}
