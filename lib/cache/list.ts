/** What is in a cache. */

import { checkOptions } from "../image/options.ts";
import {
  type CacheContents,
  emptyScan,
  openCache,
  type Scan,
  scanCache,
} from "./contents.ts";
import { CACHE_RULES, type CacheOptions, DEFAULT_FOLDER } from "./options.ts";

/**
 * Tells what a cache holds: its images, what each of them has alone and shares
 * with others, and when it was used last. Nothing is kept of it: all is read
 * from the cache as it lies there.
 *
 * @param options Which cache.
 * @returns What is there; a cache that there is not holds nothing.
 * @throws {TypeError} For an option that there is not.
 * @throws {StorageError} If it cannot be read, or is another folder.
 *
 * @example
 * ```ts ignore
 * import { listCache } from "@x/docker-pull";
 *
 * const { images, total } = await listCache();
 * for (const { names, size, unique } of images) console.log(names, size, unique);
 * console.log(total.bytes, "bytes");
 * ```
 */
export async function listCache(
  options: CacheOptions = {},
): Promise<CacheContents> {
  checkOptions("list the cache", options, CACHE_RULES);
  const { cacheDir = DEFAULT_FOLDER, signal } = options;
  const store = await openCache(cacheDir);
  return contentsOf(
    store ? await scanCache(store, signal) : emptyScan(cacheDir),
  );
}

function contentsOf(scan: Scan): CacheContents {
  const { parts: _, closures: __, cores: ___, ...contents } = scan;
  return contents;
}
