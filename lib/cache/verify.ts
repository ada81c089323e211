/** Reads a whole cache, and tells what is not what its name says. */

import type { BigIntStats } from "node:fs";
import { lstat, rm } from "node:fs/promises";
import { isUntouched } from "../disk/verified_files.ts";
import { onDisk } from "../disk/io.ts";
import { CALL, checkOptions, FLAG, type Rules } from "../image/options.ts";
import { guardUses, needsOf } from "../layout/uses.ts";
import { openCache, scanCache } from "./contents.ts";
import { CACHE_RULES, type CacheOptions, DEFAULT_FOLDER } from "./options.ts";

/** How a cache is verified. */
export interface VerifyCacheOptions extends CacheOptions {
  /**
   * Whether what is damaged is removed, so that the next pull fetches it.
   *
   * @default {false}
   */
  repair?: boolean;
  /** Told how many bytes have been read, of how many. */
  onProgress?: (done: number, total: number) => void;
}

/** A blob that is not what its name says. */
export interface DamagedBlob {
  /** What it should be. */
  digest: string;
  /** Its file. */
  path: string;
  /** The bytes that it has. */
  size: number;
  /** The names of the images that have it, or their digests. */
  images: string[];
  /** Whether it is gone now. */
  removed: boolean;
}

/** An image that lacks something. */
export interface IncompleteImage {
  /** What it is called. */
  names: string[];
  /** Its digest. */
  digest: string;
  /** The digests of what is not there. */
  missing: string[];
}

/** What was found. */
export interface CacheReport {
  /** The cache's folder. */
  path: string;
  /** How many blobs were read. */
  blobs: number;
  /** Their bytes. */
  bytes: number;
  /** What is damaged. */
  damaged: DamagedBlob[];
  /** What lacks something; the next pull of it fetches that. */
  incomplete: IncompleteImage[];
}

const VERIFY_RULES: Rules<VerifyCacheOptions> = {
  ...CACHE_RULES,
  repair: FLAG,
  onProgress: CALL,
};

/**
 * Hashes every blob of a cache, whatever was verified before.
 *
 * @param options Which cache.
 * @returns What was found.
 * @throws {TypeError} For an option that there is not.
 * @throws {StorageError} If something cannot be read, or not be removed.
 *
 * @example
 * ```ts ignore
 * import { verifyCache } from "@x/docker-pull";
 *
 * const { damaged } = await verifyCache({ repair: true });
 * for (const { digest, removed } of damaged) console.log(digest, removed);
 * ```
 */
export async function verifyCache(
  options: VerifyCacheOptions = {},
): Promise<CacheReport> {
  checkOptions("verify the cache", options, VERIFY_RULES);
  const { cacheDir = DEFAULT_FOLDER, signal, onProgress } = options;
  const store = await openCache(cacheDir);
  const report: CacheReport = {
    path: cacheDir,
    blobs: 0,
    bytes: 0,
    damaged: [],
    incomplete: [],
  };
  if (!store) return report;
  const { blobs, images } = await scanCache(store, signal);
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  const names = new Map(images.map(({ digest, names }) => [digest, names]));
  const states = new Map<DamagedBlob, BigIntStats>();
  for (const { digest, size, images } of blobs) {
    signal?.throwIfAborted();
    onProgress?.(report.bytes, total);
    const path = store.blobPath(digest);
    const state = await stateOf(path);
    if (!state) continue;
    const right = await store.isRight(
      { mediaType: "", digest, size },
      { signal },
    );
    report.blobs++;
    report.bytes += size;
    const after = await stateOf(path);
    // What has gone or come meanwhile is somebody's who verifies it himself.
    if (right || !after || !isUntouched(state, after)) continue;
    const damaged: DamagedBlob = {
      digest,
      path,
      size,
      images: images.flatMap((image) => {
        const own = names.get(image) ?? [];
        return own.length > 0 ? own : [image];
      }),
      removed: false,
    };
    report.damaged.push(damaged);
    states.set(damaged, state);
  }
  onProgress?.(total, total);
  if (options.repair && report.damaged.length > 0) {
    const guard = await guardUses(store.path, { signal });
    try {
      const { digests } = await needsOf(store.path);
      for (const [damaged, state] of states) {
        const { path, digest } = damaged;
        const now = await stateOf(path);
        // A running pull finds that out itself, and fetches it.
        if (digests.has(digest)) continue;
        if (now && isUntouched(state, now)) {
          await onDisk("remove", path, () => rm(path, { force: true }));
        }
        damaged.removed = true;
      }
    } finally {
      await guard.release();
    }
  }
  for (const { digest, names, missing } of images) {
    if (missing.length === 0) continue;
    // A damaged document is there, and cannot be read.
    const gone = missing.filter((each) =>
      !report.damaged.some((blob) => blob.digest === each)
    );
    if (gone.length > 0) {
      report.incomplete.push({ digest, names, missing: gone });
    }
  }
  return report;
}

function stateOf(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(() => undefined);
}
