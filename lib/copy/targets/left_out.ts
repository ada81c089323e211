/** Which layers can be left out of what is sent to a target that has them. */

import type {
  Base,
  BaseImage,
  Delta,
  DeltaBase,
  FoundBy,
  LeftOutLayer,
} from "../../image/delta.ts";
import { DeltaError } from "../../image/errors.ts";
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
function stackedIn({ diffIds }: SentImage, { layers }: BaseImage): number {
  return sharedLength(diffIds, layers.map(({ diffId }) => diffId));
}

/** How many of these a loader finds there. */
function lengthIn(image: SentImage, there: BaseImage): number {
  const length = stackedIn(image, there);
  if (!there.isContent) return length;
  const digests = image.layers.map(({ digest }) => digest);
  const own = there.layers.map(({ digest }) => digest);
  return Math.min(length, sharedLength(digests, own));
}

/** The most of them that one of some images has. */
function longest(
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

/**
 * What can be left out of an archive of images.
 *
 * @param images What is in it.
 * @param base What its target has.
 * @param foundBy By what that finds it.
 * @throws {DeltaError} If it is nothing.
 */
export function deltaOf(
  images: readonly SentImage[],
  base: Base,
  foundBy: FoundBy,
): Delta {
  const firsts = images.filter(({ isFirst = true }) => isFirst);
  const belowIn = (length: typeof lengthIn) =>
    layersBelow(
      firsts,
      firsts.map((image) => longest(image, base.images, length)),
    );
  const below = belowIn(lengthIn);
  const known = new Set([
    ...base.blobs,
    ...base.images.flatMap(({ layers }) =>
      layers.flatMap(({ digest }) => digest ?? [])
    ),
  ]);
  const isRead = new Set(
    firsts.flatMap(({ layers }) => layers.map(({ digest }) => digest)),
  );
  const isBelow = (digest: string) => below.has(digest) || !isRead.has(digest);
  const all = layersOf(images);
  const layers = all.filter(({ digest }) =>
    foundBy === "diff-id"
      ? below.has(digest)
      : known.has(digest) && (foundBy === "digest" || isBelow(digest))
  );
  if (layers.length > 0) {
    return { foundBy, layers, base: basesOf(layers, base) };
  }
  const byDiffId = belowIn(stackedIn).size;
  const there = all.filter(({ digest }) => known.has(digest)).length;
  throw new DeltaError(
    nameOf(base),
    byDiffId > 0
      ? { code: "by-diff-id", layers: byDiffId }
      : there > 0
      ? { code: "by-digest", layers: there }
      : { code: "nothing-in-common", layers: all.length },
  );
}

/** What is measured against, in a word. */
export function nameOf({ images, blobs }: Base): string {
  const names = [...new Set(images.flatMap(({ name }) => name ?? []))];
  if (names.length > 0) return names.slice(0, 3).join(", ");
  return images[0]?.digests[0] ?? blobs[0] ?? "the target";
}

/** The layers of all images, each once. */
function layersOf(images: readonly SentImage[]): LeftOutLayer[] {
  const found = new Map<string, LeftOutLayer>();
  for (const { layers, diffIds } of images) {
    for (const [n, { digest, size }] of layers.entries()) {
      if (!found.has(digest)) {
        found.set(digest, { digest, diffId: diffIds[n]!, size });
      }
    }
  }
  return [...found.values()];
}

/** Few images that have the layers together, those with most of them first. */
function basesOf(layers: readonly LeftOutLayer[], base: Base): DeltaBase[] {
  const chosen: DeltaBase[] = [];
  const left = new Set(layers.keys());
  const candidates = base.images.map((image) => ({
    image,
    has: sharedWith(layers, image),
  }));
  while (left.size > 0) {
    const [best] = candidates
      .map((each) => ({ ...each, news: each.has.filter((n) => left.has(n)) }))
      .toSorted((a, b) => b.news.length - a.news.length);
    if (!best || best.news.length === 0) break;
    for (const n of best.news) left.delete(n);
    chosen.push(describe(layers, best.image));
  }
  const blobs = new Set(base.blobs);
  const listed = [...left].filter((n) => blobs.has(layers[n]!.digest));
  if (listed.length > 0) chosen.push({ digests: [], layers: listed });
  return chosen;
}

/** Which of some layers an image has, by either of their digests. */
function sharedWith(
  layers: readonly LeftOutLayer[],
  { layers: own }: BaseImage,
): number[] {
  const digests = new Set(own.map(({ digest }) => digest));
  const diffIds = new Set(own.map(({ diffId }) => diffId));
  return [...layers.keys()].filter((n) =>
    digests.has(layers[n]!.digest) || diffIds.has(layers[n]!.diffId)
  );
}

function describe(
  layers: readonly LeftOutLayer[],
  { name, digests, layers: own }: BaseImage,
): DeltaBase {
  const there = new Set(own.map(({ digest }) => digest));
  const same = [...layers.keys()].filter((n) => there.has(layers[n]!.digest));
  return name === undefined
    ? { digests, layers: same }
    : { name, digests, layers: same };
}

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
  const hasDigests = base.blobs.length > 0 ||
    base.images.some(({ layers }) => layers.some(({ digest }) => digest));
  const hasOrder = base.images.some(({ layers }) =>
    layers.some(({ diffId }) => diffId)
  );
  const isContent = base.images.some((image) => image.isContent);
  const byDigest = isContent || hasDigests && foundBy !== "diff-id";
  const byDiffId = !isContent && hasOrder && foundBy !== "digest";
  if (!byDigest && !byDiffId) {
    const code = hasOrder ? "by-diff-id" : "by-digest";
    throw new DeltaError(nameOf(base), { code, layers: layers.length });
  }
  const known = new Set([
    ...base.blobs,
    ...base.images.flatMap(({ layers }) =>
      layers.flatMap(({ digest }) => digest ?? [])
    ),
  ]);
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
  if (byDiffId) {
    for (const image of images) {
      if (image.isFirst === false) continue;
      const length = longest(image, base.images, stackedIn);
      for (const { digest } of image.layers.slice(length)) lacking.add(digest);
    }
  }
  const stacked = new Set(
    images.flatMap((image) =>
      image.layers.slice(0, longest(image, base.images, stackedIn))
        .map(({ digest }) => digest)
    ),
  );
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
