/** A blob of another layout, as one of this. */

import { constants } from "node:fs";
import { copyFile, link, lstat, rm } from "node:fs/promises";
import { createHasher, parseDigest } from "../image/digest.ts";
import { identityOf } from "../disk/file_identity.ts";
import { onDisk } from "../disk/io.ts";
import { isOurs, openPlain, ownershipAt } from "../disk/plain_file.ts";
import { ContentMismatchError, StorageError } from "../image/errors.ts";
import type { Descriptor } from "../image/types.ts";

/**
 * Gives a blob a second name, or copies it: what somebody else can change is
 * copied and verified, as it may be another by now.
 *
 * @param from The blob's file.
 * @param to The second name, which is free.
 * @throws {StorageError} If neither is possible, or it is no plain file.
 * @throws {ContentMismatchError} If the copy is another blob.
 */
export async function takeOver(
  from: string,
  to: string,
  descriptor: Descriptor,
): Promise<void> {
  const status = await onDisk("read", from, () => lstat(from));
  if (!status.isFile()) {
    const code = status.isSymbolicLink() ? "is-a-link" : "not-a-file";
    throw new StorageError("read", from, code);
  }
  let ours = isOurs(status, await ownershipAt(to));
  if (ours && await tryLink(from, to)) {
    const now = await lstat(to);
    if (`${identityOf(now)}` === `${identityOf(status)}` && now.isFile()) {
      return;
    }
    // Another has come in its place.
    ours = false;
    await rm(to, { force: true });
  }
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  if (!ours) await verify(to, descriptor);
}

/** Not on another file system, nor on one without links. */
function tryLink(from: string, to: string): Promise<boolean> {
  return link(from, to).then(() => true, () => false);
}

async function verify(path: string, descriptor: Descriptor): Promise<void> {
  const hasher = createHasher(parseDigest(descriptor.digest).algorithm);
  const { handle, status } = await openPlain(path);
  try {
    if (status.size !== descriptor.size) {
      throw new ContentMismatchError(descriptor, { size: status.size });
    }
    const buffer = new Uint8Array(1024 * 1024);
    for (let position = 0; position < status.size;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      position += bytesRead;
      hasher.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
  const digest = await hasher.digest();
  if (digest !== descriptor.digest) {
    throw new ContentMismatchError(descriptor, { digest });
  }
}
