/** What lies beside a partial file, and what is left of it after a kill. */

import { lstat, rm } from "node:fs/promises";
import { breakerOf, tryLock } from "./lock.ts";
import { probePath } from "./plain_file.ts";
import { renewedPath } from "./range_record.ts";

/**
 * Removes what a process that was killed has left beside a partial file.
 *
 * @param path The partial file's path.
 * @param resumable Whether the file itself, if it is there, is to be resumed.
 */
export async function removeLeftovers(
  path: string,
  resumable: boolean,
): Promise<void> {
  const record = recordPath(path);
  const lockPath = lockPathOf(path);
  const breaker = breakerOf(lockPath);
  const parts = [path, record, renewedPath(record), probePath(path)];
  const names = [...parts, lockPath, breaker];
  const found = await Promise.all(names.map(exists));
  if (!found.includes(true)) return;
  // Whoever holds the lock is still at it; and where it cannot be taken,
  // nothing can be removed either.
  const lock = await tryLock(lockPath).catch(() => undefined);
  if (!lock) return;
  if (!resumable || !await exists(path)) {
    for (const name of parts) {
      await rm(name, { force: true }).catch(() => {});
    }
  }
  await rm(breaker, { force: true }).catch(() => {});
  await lock.release();
}

/** Bytes of the disk that a file takes, as far as the system tells. */
export async function occupied(path: string): Promise<number> {
  const status = await lstat(path).catch(() => undefined);
  return (status?.blocks ?? 0) * 512;
}

/** The path of the lock that whoever opens a partial file is to hold. */
export function lockPathOf(path: string): string {
  return `${path}.lock`;
}

/** Whether there is anything at a path. */
export function exists(path: string): Promise<boolean> {
  return lstat(path).then(() => true, () => false);
}

/** The path of the record beside a partial file. */
export function recordPath(path: string): string {
  return `${path}.record`;
}
