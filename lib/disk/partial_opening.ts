/** The file under a temporary name: as an earlier run has left it, or anew. */

import type { Stats } from "node:fs";
import { open, rm } from "node:fs/promises";
import { identityOf, isAt } from "./file_identity.ts";
import { onDisk, removeFile } from "./io.ts";
import { exists, recordPath } from "./leftovers.ts";
import { isOwn, openPlain, ownershipAt, type PlainFile } from "./plain_file.ts";
import {
  RangeRecord,
  type RecordedRanges,
  type RecordHeader,
  renewedPath,
} from "./range_record.ts";

/** What an earlier run of this user has left of the same bytes, if it has. */
export async function openLeft(
  path: string,
  header: RecordHeader,
): Promise<PlainFile & { found: RecordedRanges } | undefined> {
  const file = await openPlain(path, { writable: true }).catch(() => undefined);
  if (!file) return undefined;
  const { handle, status } = file;
  try {
    if (status.size === header.size && await exists(recordPath(path))) {
      const own = await ownershipAt(path);
      const found = isOwn(status, own)
        ? await RangeRecord.read(
          recordPath(path),
          header,
          (status) => isOwn(status, own),
        )
        : undefined;
      if (found) {
        await removeRenewed(path);
        return { ...file, found };
      }
    }
  } catch {
    // What cannot be told to be ours is not.
  }
  await handle.close();
  return undefined;
}

/**
 * A new file in place of whatever is there: who lost that one while asleep may
 * still write to it, and so may whoever else has put it there. And ext4 writes
 * a file out when it is closed after being emptied.
 */
export async function makeAnew(
  path: string,
  size: number,
  subject: string,
): Promise<PlainFile> {
  for (const name of [recordPath(path), path]) {
    if (!await exists(name)) continue;
    await removeFile(name);
    await removeRenewed(path);
  }
  const handle = await onDisk("write", subject, () => open(path, "wx+"));
  let status: Stats | undefined;
  try {
    status = await onDisk("write", subject, () => handle.stat());
    await onDisk("write", subject, () => handle.truncate(size));
    return { handle, status };
  } catch (error) {
    // Nothing is in it, as where a file may not become that large.
    if (status && await isAt(identityOf(status), path)) {
      await rm(path, { force: true }).catch(() => {});
    }
    await handle.close().catch(() => {});
    throw error;
  }
}

/** A process that is killed while it writes its record anew leaves a new one. */
async function removeRenewed(path: string): Promise<void> {
  await rm(renewedPath(recordPath(path)), { force: true }).catch(() => {});
}
