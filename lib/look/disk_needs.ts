/** How much room a pull takes, and where. */

import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { freeSpace, occupiedByArchive } from "../archive/archive_file.ts";

/** What is written into one file system. Sizes are in bytes. */
export interface DiskNeed {
  /** The folders that are on it: of files, and of the cache. */
  folders: string[];
  /** What is written there. */
  needed: number;
  /** What there is room for, where that is known. */
  free?: number;
}

/** A place that is written. */
export interface WrittenPlace {
  /** The file or folder; nothing for a stream. */
  path?: string;
  /** Its size. */
  size: number;
}

/**
 * Adds up what is written, by file system.
 *
 * @param places What is written.
 * @param cache The cache, and how much it grows.
 */
export async function diskNeeds(
  places: readonly WrittenPlace[],
  cache: { path: string; size: number } | undefined,
): Promise<DiskNeed[]> {
  const systems = new Map<number | string, DiskNeed>();
  const add = async (path: string, size: number) => {
    const folder = await nearest(path);
    const status = await stat(folder).catch(() => undefined);
    const key = status?.dev ?? folder;
    const known = systems.get(key) ??
      { folders: [], needed: 0, free: await freeSpace(folder) };
    systems.set(key, known);
    known.needed += size;
    if (!known.folders.includes(path)) known.folders.push(path);
  };
  for (const { path, size } of places) {
    if (path === undefined) continue;
    // What an earlier run has left takes its room already.
    const there = await occupiedByArchive(path);
    await add(dirname(path), Math.max(0, size - there));
  }
  if (cache && cache.size > 0) await add(cache.path, cache.size);
  return [...systems.values()];
}

/** The folder, or the one above it that is there. */
async function nearest(path: string): Promise<string> {
  let folder = resolve(path);
  while (folder !== dirname(folder)) {
    if ((await stat(folder).catch(() => undefined))?.isDirectory()) break;
    folder = dirname(folder);
  }
  return folder;
}
