/** Which layers a target lacks of those that were left out for it. */

import type { Base, Delta, LeftOutLayer } from "../../image/delta.ts";
import { DeltaError } from "../../image/errors.ts";
import {
  knownDigests,
  longest,
  nameOf,
  type SentImage,
  stackedIn,
} from "./stacks.ts";

/**
 * What a target lacks of what a delta lacks.
 *
 * @param delta The delta.
 * @param images The images in it.
 * @param base What the target has.
 * @throws {DeltaError} If it cannot be told, as what is known of the target is
 * not what counts.
 */
export function missingLayers(
  { foundBy, layers, base: measured }: Delta,
  images: readonly SentImage[],
  base: Base,
): LeftOutLayer[] {
  const known = knownDigests(base);
  const hasOrder = base.images.some(({ layers }) =>
    layers.some(({ diffId }) => diffId)
  );
  const isContent = base.images.some((image) => image.isContent);
  const byDigest = isContent || known.size > 0 && foundBy !== "diff-id";
  const byDiffId = !isContent && hasOrder && foundBy !== "digest";
  if (!byDigest && !byDiffId) {
    const code = hasOrder ? "by-diff-id" : "by-digest";
    throw new DeltaError(nameOf(base), { code, layers: layers.length });
  }
  const there = new Set(base.images.flatMap(({ digests }) => digests));
  for (const { digests, layers: own } of measured) {
    // It is there as it was served.
    if (!digests.some((digest) => there.has(digest))) continue;
    for (const n of own) known.add(layers[n]!.digest);
  }
  const lacking = new Set<string>();
  if (byDigest) {
    for (const { digest } of layers) {
      if (!known.has(digest)) lacking.add(digest);
    }
  }
  const stacked = new Set<string>();
  for (const image of images) {
    const length = longest(image, base.images, stackedIn);
    for (const [n, { digest }] of image.layers.entries()) {
      if (n < length) stacked.add(digest);
      else if (byDiffId && image.isFirst !== false) lacking.add(digest);
    }
  }
  // Their bytes may be there, or those of another compression.
  if (
    isContent && lacking.size > 0 &&
    [...lacking].every((digest) => stacked.has(digest))
  ) {
    const problem = { code: "by-diff-id", layers: lacking.size } as const;
    throw new DeltaError(nameOf(base), problem);
  }
  return layers.filter(({ digest }) => lacking.has(digest));
}
