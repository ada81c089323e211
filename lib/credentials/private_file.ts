/** Replaces a file that only its owner may read. */

import { randomUUID } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolders } from "../disk/folders.ts";
import { ifThere, onDisk } from "../disk/io.ts";
import { followLinks } from "../disk/links.ts";

/**
 * Makes the folder for a file, for the owner only, if there is none.
 *
 * @throws {StorageError}
 */
export async function makePrivateFolder(path: string): Promise<void> {
  const folder = dirname(path);
  await onDisk(
    "write",
    folder,
    () => makeFolders(folder, 0o700),
  );
}

/**
 * Gives a file a new text, in one step: whoever reads it sees the old text or
 * the new one. Its mode is 0600 from the first byte on, its owner stays the
 * same where the system lets us, and a symbolic link to it stays a link.
 *
 * @throws {StorageError}
 */
export async function replacePrivateFile(
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
