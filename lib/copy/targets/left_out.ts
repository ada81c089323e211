/** Which layers are left out of what is sent to a target that has them. */

import type {
  Base,
  BaseImage,
  Delta,
  DeltaBase,
  FoundBy,
  LeftOutLayer,
} from "../../image/delta.ts";
import { DeltaError } from "../../image/errors.ts";
import {
  knownDigests,
  layersBelow,
  lengthIn,
  longest,
  nameOf,
  type SentImage,
  stackedIn,
} from "./stacks.ts";

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
  const known = knownDigests(base);
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
