/** Takes images out of a cache by their names. */

import { isDigest } from "../image/digest.ts";
import { checkOptions, FLAG, type Rules } from "../image/options.ts";
import { formatReference, parseReference } from "../image/reference.ts";
import { guardUses, needsOf } from "../layout/uses.ts";
import {
  type CachedImage,
  emptyScan,
  openCache,
  scanCache,
} from "./contents.ts";
import { CACHE_RULES, type CacheOptions, DEFAULT_FOLDER } from "./options.ts";
import { blobsOfOnly, isInUse, type Removal, remove } from "./removal.ts";

/** How images are removed. */
export interface RemoveOptions extends CacheOptions {
  /**
   * Whether nothing is removed, but told of.
   *
   * @default {false}
   */
  dryRun?: boolean;
}

/** What was removed. */
export interface RemoveResult {
  /** The names, in full, and the digests of images that went with all theirs. */
  removed: string[];
  /** The images that are gone. */
  images: CachedImage[];
  /** How many blobs. */
  blobs: number;
  /** Their bytes. */
  bytes: number;
  /** What the cache has nothing of, as it was given. */
  missing: string[];
  /** What stayed as a running pull needs it, as it was given. */
  inUse: string[];
  /** The names that there were. */
  known: string[];
}

const REMOVE_RULES: Rules<RemoveOptions> = { ...CACHE_RULES, dryRun: FLAG };

/**
 * Removes images from a cache, and the layers that no other image has. An image
 * of several names goes with the last of them, or by its digest.
 *
 * @param names Names such as `nginx:latest`, or digests of what they stand for.
 * @param options Which cache.
 * @returns What went, and what was not there.
 * @throws {TypeError} For an option that there is not.
 * @throws {StorageError} If something cannot be removed.
 *
 * @example
 * ```ts ignore
 * import { removeFromCache } from "@x/docker-pull";
 *
 * const { bytes, missing } = await removeFromCache(["nginx:1.26"]);
 * console.log(bytes, "bytes freed; not there:", missing);
 * ```
 */
export async function removeFromCache(
  names: readonly string[],
  options: RemoveOptions = {},
): Promise<RemoveResult> {
  checkOptions("remove from the cache", options, REMOVE_RULES);
  const { cacheDir = DEFAULT_FOLDER, signal, dryRun = false } = options;
  const store = await openCache(cacheDir);
  const guard = store && !dryRun
    ? await guardUses(store.path, { signal })
    : undefined;
  try {
    const scan = store ? await scanCache(store, signal) : emptyScan(cacheDir);
    const needs = store
      ? await needsOf(store.path)
      : { uses: 0, digests: new Set<string>(), since: Infinity };
    const result: RemoveResult = {
      removed: [],
      images: [],
      blobs: 0,
      bytes: 0,
      missing: [],
      inUse: [],
      known: scan.images.flatMap(({ names }) => names).sort(),
    };
    const gone = new Map<CachedImage, Set<string>>();
    for (const given of names) {
      const name = fullName(given);
      const found = scan.images.filter((image) =>
        isDigest(given)
          ? [image.digest, ...image.sourceDigests].includes(given)
          : image.names.includes(name)
      );
      if (found.length === 0) result.missing.push(given);
      for (const image of found) {
        if (isInUse(image, scan, needs)) {
          result.inUse.push(given);
          continue;
        }
        const going = gone.get(image) ?? new Set();
        for (const each of isDigest(given) ? image.names : [name]) {
          going.add(each);
        }
        gone.set(image, going);
        result.removed.push(isDigest(given) ? given : name);
      }
    }
    const whole = [...gone].filter(([{ names }, going]) =>
      names.every((each) => going.has(each))
    ).map(([image]) => image);
    const digests = new Set(whole.map(({ digest }) => digest));
    const removal: Removal = {
      images: whole,
      names: [...gone].flatMap(([image, going]) =>
        digests.has(image.digest) ? [] : [...going]
      ),
      blobs: blobsOfOnly(scan, digests),
      parts: [],
    };
    result.images = whole;
    if (store && !dryRun) {
      Object.assign(result, await remove(store, removal, needs));
    } else {
      const going = new Set(removal.blobs);
      const blobs = scan.blobs.filter(({ digest }) => going.has(digest));
      result.blobs = blobs.length;
      result.bytes = blobs.reduce((sum, { size }) => sum + size, 0);
    }
    return result;
  } finally {
    await guard?.release();
  }
}

/** The name in full, or as it was given where it is none. */
function fullName(text: string): string {
  try {
    return formatReference(parseReference(text));
  } catch {
    return text;
  }
}
