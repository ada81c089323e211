/**
 * A folder for blobs that nobody needs when the work is done. It is removed at
 * the end of whatever is done, and by the next one if that was a kill.
 */

import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { onDisk } from "../../disk/io.ts";
import { acquireLock, breakerOf, tryLock } from "../../disk/lock.ts";
import { lockPathOf } from "../../disk/leftovers.ts";
import { LayoutStore } from "../../layout/layout_store.ts";

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
/** The names of such folders, and of the files that hold them. */
const NAME = new RegExp(`^\\.?docker-pull-${UUID}`);

/** A folder that is there for a while. */
export interface Scratch {
  /** Where blobs lie in it. */
  readonly store: LayoutStore;
  /** Removes it all. */
  close(): Promise<void>;
}

/**
 * Makes such a folder, and clears away those of processes that were killed.
 *
 * @param folder Where.
 * @param hidden Whether its name begins with a point.
 * @param check Throws where it cannot be of use.
 * @throws {StorageError} If none can be made.
 */
export async function openScratch(
  folder: string,
  { hidden = false, check = () => Promise.resolve() }: {
    hidden?: boolean;
    check?: () => Promise<void>;
  } = {},
): Promise<Scratch> {
  const name = `docker-pull-${crypto.randomUUID()}`;
  const path = join(folder, hidden ? `.${name}` : name);
  const lock = await acquireLock(lockPathOf(path), { subject: folder });
  const close = async () => {
    await rm(path, { recursive: true, force: true }).catch(() => {});
    await lock.release();
  };
  try {
    // Nobody else may read what is in it, or put anything there.
    await onDisk("write", folder, () => mkdir(path, { mode: 0o700 }));
    await sweepScratch(folder, path);
    await check();
    return { store: await LayoutStore.open(path), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Removes the folders of processes that have ended; whatever goes wrong is of
 * no importance.
 *
 * @param own The folder that has just been made: what is somebody else's is
 * left alone.
 */
async function sweepScratch(folder: string, own: string): Promise<void> {
  const { uid } = await lstat(own);
  const names = await readdir(folder).catch((): string[] => []);
  const found = new Set(names.flatMap((name) => NAME.exec(name)?.[0] ?? []));
  for (const name of found) {
    const path = join(folder, name);
    if (path === own) continue;
    const lockPath = lockPathOf(path);
    const status = await lstat(path).catch(() => lstat(lockPath))
      .catch(() => undefined);
    if (status?.uid !== uid || status.isSymbolicLink()) continue;
    const lock = await tryLock(lockPath).catch(() => undefined);
    if (!lock) continue;
    await rm(path, { recursive: true, force: true }).catch(() => {});
    await rm(breakerOf(lockPath), { force: true }).catch(() => {});
    await lock.release();
  }
}
