/** Files that say what there is: locks, lists, and what programs print. */

import { stat } from "node:fs/promises";
import { parsePlace } from "../copy/places/places.ts";
import { onDisk } from "../disk/io.ts";
import { openPlain } from "../disk/plain_file.ts";
import { LockError } from "../image/errors.ts";
import { MAX_LOCK_BYTES } from "./read_lock.ts";

/** What lists and locks are called, where an image may be called so, too. */
const LOCK_NAME = /\.(?:json|ya?ml|lock|txt|list)$/i;
/** So much of a file tells whether it is a text. */
const HEAD_BYTES = 512;

/**
 * Reads the text file that is meant by a name.
 *
 * @returns Nothing where none is.
 * @throws {LockError} If it is larger than any lock.
 */
export async function readIfText(
  path: string,
): Promise<Uint8Array | undefined> {
  const isMeant = LOCK_NAME.test(path) || isPath(path);
  if (!isMeant || !await isText(path)) return undefined;
  const { handle, status } = await openPlain(path, { follow: true });
  try {
    if (status.size > MAX_LOCK_BYTES) {
      throw new LockError(path, { code: "too-large", limit: MAX_LOCK_BYTES });
    }
    return await onDisk("read", path, () => handle.readFile());
  } finally {
    await handle.close();
  }
}

function isPath(text: string): boolean {
  try {
    return parsePlace(text).kind === "file";
  } catch {
    return false;
  }
}

/** Whether there is a file of that name, and it is no archive of any kind. */
async function isText(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  if (!status?.isFile()) return false;
  const { handle } = await openPlain(path, { follow: true });
  try {
    const head = new Uint8Array(HEAD_BYTES);
    const { bytesRead } = await onDisk(
      "read",
      path,
      () => handle.read(head, 0, HEAD_BYTES, 0),
    );
    const read = head.subarray(0, bytesRead);
    const [a, b] = read;
    const isPacked = a === 0x1f && b === 0x8b;
    // Older PowerShells write so what they are to write into a file.
    const isUtf16 = a === 0xff && b === 0xfe || a === 0xfe && b === 0xff;
    return isUtf16 || !isPacked && !read.includes(0);
  } finally {
    await handle.close();
  }
}
