/** Tells whether a blob is what its name says. */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createHasher, parseDigest } from "../image/digest.ts";
import { onDisk } from "../disk/io.ts";
import { isUntouched, type VerifiedFiles } from "../disk/verified_files.ts";
import type { Descriptor } from "../image/types.ts";

/** How much is read at a time, in bytes. */
const CHUNK_BYTES = 1024 * 1024;

/** What tells more of a blob than its bytes. */
export interface RightBlobOptions {
  /** The files that need not be read again. */
  verified?: VerifiedFiles;
  /** Ends the reading. */
  signal?: AbortSignal;
}

/**
 * Whether a file holds the bytes of a blob. It is read, unless nothing has
 * touched it since it was.
 *
 * @param path The file; a link is none.
 */
export async function isRightBlob(
  path: string,
  descriptor: Descriptor,
  { verified, signal }: RightBlobOptions = {},
): Promise<boolean> {
  const { digest, size } = descriptor;
  const handle = await openBlob(path);
  if (!handle) return false;
  try {
    const before = await handle.stat({ bigint: true });
    if (!before.isFile() || before.size !== BigInt(size)) return false;
    if (await verified?.find(before) === digest) return true;
    const { algorithm } = parseDigest(digest);
    const hasher = createHasher(algorithm);
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size));
    for (let position = 0; position < size;) {
      signal?.throwIfAborted();
      const { bytesRead } = await onDisk(
        "read",
        path,
        () => handle.read(buffer, 0, buffer.length, position),
      );
      if (bytesRead === 0) return false;
      hasher.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
    if (await hasher.digest() !== digest) return false;
    const after = await handle.stat({ bigint: true });
    if (isUntouched(before, after)) await note(handle, digest, verified);
    return true;
  } finally {
    await handle.close();
  }
}

/**
 * Has the disk hold a blob that was verified on its way there.
 *
 * @param verified Where that is noted.
 * @throws {StorageError} If it cannot.
 */
export async function syncBlob(
  path: string,
  { digest }: Descriptor,
  verified?: VerifiedFiles,
): Promise<void> {
  const handle = await onDisk("write", path, () => open(path, "r"));
  try {
    await onDisk("write", path, () => note(handle, digest, verified));
  } finally {
    await handle.close();
  }
}

/** Only what is on the disk needs no reading after a power cut. */
async function note(
  handle: FileHandle,
  digest: string,
  verified?: VerifiedFiles,
): Promise<void> {
  await handle.datasync();
  verified?.add(await handle.stat({ bigint: true }), digest);
}

function openBlob(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
}
