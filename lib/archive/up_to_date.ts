/** Tells whether an archive that is there is the one that would be written. */

import { type FileHandle, open, stat } from "node:fs/promises";
import type { ArchivePlan } from "./plan.ts";

/**
 * Compares a file with a plan: its size, and all bytes that the plan knows,
 * which name every blob by its digest. The layers themselves are not read.
 *
 * @param path The file.
 * @param plan The plan.
 * @returns Whether they agree.
 */
export async function isUpToDate(
  path: string,
  plan: ArchivePlan,
): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    // Opening a pipe would never end.
    const status = await stat(path);
    if (!status.isFile() || status.size !== plan.size) return false;
    handle = await open(path, "r");
    for (const { bytes, offset } of plan.pieces) {
      const found = new Uint8Array(bytes.length);
      await handle.read(found, 0, found.length, offset);
      if (found.some((byte, i) => byte !== bytes[i])) return false;
    }
    return true;
  } catch {
    return false; // there is none, or it cannot be read: it is written anew
  } finally {
    await handle?.close();
  }
}
