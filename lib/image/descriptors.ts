/** Lists of descriptors. */

import type { Descriptor } from "./types.ts";

/** Each blob once; of two with the same digest, the last one counts. */
export function distinct<D extends Descriptor>(descriptors: Iterable<D>): D[] {
  const byDigest = new Map<string, D>();
  for (const each of descriptors) byDigest.set(each.digest, each);
  return [...byDigest.values()];
}

/** How many bytes blobs have together. */
export function totalSize(descriptors: Iterable<Descriptor>): number {
  let total = 0;
  for (const { size } of descriptors) total += size;
  return total;
}
