/** How the layers of images lie on those that a target has. */

import type { Base, BaseImage } from "../../image/delta.ts";
import type { Descriptor } from "../../image/types.ts";

/** The layers of an image that is sent, lowest first. */
export interface SentImage {
  /** As they are served. */
  layers: readonly Descriptor[];
  /** The digests of the same when expanded. */
  diffIds: readonly string[];
  /**
   * Whether Docker's graph drivers take it: of several platforms of a name, the
   * first alone.
   *
   * @default {true}
   */
  isFirst?: boolean;
}

/** How many of an image's layers another one has from the bottom up. */
export function sharedLength(
  diffIds: readonly string[],
  others: readonly (string | undefined)[],
): number {
  const differs = diffIds.findIndex((each, n) => each !== others[n]);
  return differs < 0 ? diffIds.length : differs;
}

/** How many of an image's layers lie on each other in an image that is there. */
export function stackedIn(
  { diffIds }: SentImage,
  { layers }: BaseImage,
): number {
  return sharedLength(diffIds, layers.map(({ diffId }) => diffId));
}

/** How many of these a loader finds there. */
export function lengthIn(image: SentImage, there: BaseImage): number {
  const length = stackedIn(image, there);
  if (!there.isContent) return length;
  const digests = image.layers.map(({ digest }) => digest);
  const own = there.layers.map(({ digest }) => digest);
  return Math.min(length, sharedLength(digests, own));
}

/** The most of them that one of some images has. */
export function longest(
  image: SentImage,
  images: readonly BaseImage[],
  length: typeof lengthIn,
): number {
  return Math.max(0, ...images.map((there) => length(image, there)));
}

/**
 * The digests of the layers that lie, in all images that have them, among
 * those that are there from the bottom up. One that is there and above others
 * again is read for that place.
 *
 * @param lengths How many of each image's layers are there.
 */
export function layersBelow(
  images: readonly Pick<SentImage, "layers">[],
  lengths: readonly number[],
): Set<string> {
  const held = new Set<string>();
  const needed = new Set<string>();
  for (const [i, { layers }] of images.entries()) {
    for (const [n, { digest }] of layers.entries()) {
      (n < lengths[i]! ? held : needed).add(digest);
    }
  }
  for (const digest of needed) held.delete(digest);
  return held;
}

/** The digests of the very bytes of layers that are there. */
export function knownDigests({ images, blobs }: Base): Set<string> {
  const own = images.flatMap(({ layers }) =>
    layers.flatMap(({ digest }) => digest ?? [])
  );
  return new Set([...blobs, ...own]);
}

/** What is measured against, in a word. */
export function nameOf({ images, blobs }: Base): string {
  const names = [...new Set(images.flatMap(({ name }) => name ?? []))];
  if (names.length > 0) return names.slice(0, 3).join(", ");
  return images[0]?.digests[0] ?? blobs[0] ?? "the target";
}
