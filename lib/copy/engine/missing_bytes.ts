/** How much of blobs is still to be fetched. */

import type { Descriptor } from "../../image/types.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";

/**
 * The bytes of blobs that are not in the cache, where what an earlier run has
 * left of one is.
 *
 * @param blobs The blobs, each once.
 */
export async function missingBytes(
  blobs: readonly Descriptor[],
  cache: LayoutStore | undefined,
): Promise<number> {
  let missing = 0;
  for (const blob of blobs) {
    missing += cache ? await cache.roomFor(blob) : blob.size;
  }
  return missing;
}
