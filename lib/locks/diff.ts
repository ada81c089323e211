/** What differs between two sets of images, layer by layer and byte by byte. */

import type { LockedBlob, LockedLayer } from "../image/locked_image.ts";
import { formatPlatform } from "../image/platform.ts";
import { parseReference } from "../image/reference.ts";
import type { Platform } from "../image/types.ts";
import type { Lock } from "./lock.ts";

/** A number of blobs and their bytes. */
export interface Amount {
  /** How many. */
  count: number;
  /** Their bytes as stored. */
  bytes: number;
}

/** What has become of a layer; `recompressed` has the same content. */
export type LayerChange = "same" | "removed" | "added" | "recompressed";

/** A layer of one of two images, or of both. */
export interface LayerDiff {
  /** What has become of it. */
  change: LayerChange;
  /** As it was; not of one that was added. */
  before?: LockedLayer;
  /** As it is; not of one that was removed. */
  after?: LockedLayer;
}

/** One of two images that are compared. */
export interface DiffedImage {
  /** Its full name. */
  reference: string;
  /** What it is for. */
  platform: Platform;
  /** What the name stands for: the digest of an index or a manifest. */
  named: string;
  /** The digest of its manifest. */
  digest: string;
  /** Its ID: the digest of its configuration. */
  imageId: string;
}

/** An image of one side, or what it was and is. */
export interface ImageDiff {
  /** What has become of it, by the digest of its manifest. */
  change: "same" | "changed" | "added" | "removed";
  /** As it was. */
  before?: DiffedImage;
  /** As it is. */
  after?: DiffedImage;
  /** Its layers, each once: those that it had, and then those that it got. */
  layers: LayerDiff[];
}

/** What differs between two sets of images. */
export interface ImagesDiff {
  /** Whether both have the very same images, by their manifests. */
  same: boolean;
  /** Each image; those that only were come last. */
  images: ImageDiff[];
  /** The layers of all images, each once. */
  layers: {
    /** Those of both. */
    same: Amount;
    /** Those that only were. */
    removed: Amount;
    /** Those that only are. */
    added: Amount;
    /** Those of both that are compressed in another way, as they are now. */
    recompressed: Amount;
  };
  /** The layers, configurations and manifests of all images, each once. */
  blobs: {
    /** All that there were. */
    before: Amount;
    /** All that there are. */
    after: Amount;
    /** Those of both: what need not be sent to who has the former. */
    same: Amount;
    /** Those that only were. */
    removed: Amount;
    /** Those that only are: what has to be sent. */
    added: Amount;
  };
}

/** An image with all that belongs to it. */
interface Whole extends DiffedImage {
  manifest: LockedBlob;
  config: LockedBlob;
  layers: readonly LockedLayer[];
}

/**
 * Compares what two locks name. An image is compared with the one of its name
 * and platform; else with the only other one of its repository that is for its
 * platform, or the only one for it at all, or the only one.
 *
 * @param before What was.
 * @param after What is.
 * @throws {TypeError} If a lock is a list of digests, which tells no layers.
 */
export function diffLocks(before: Lock, after: Lock): ImagesDiff {
  const [was, is] = [imagesOf(before), imagesOf(after)];
  const pairs = pair(was, is);
  const images = [
    ...is.map((image) => diffImage(pairs.get(image), image)),
    ...was.filter((image) => ![...pairs.values()].includes(image))
      .map((image) => diffImage(image, undefined)),
  ];
  const [had, has] = [blobsOf(was), blobsOf(is)];
  const layers = diffLayers(
    was.flatMap((image) => image.layers),
    is.flatMap((image) => image.layers),
  );
  const of = (change: LayerChange) =>
    amount(
      layers.filter((layer) => layer.change === change)
        .map(({ before, after }) => (after ?? before)!),
    );
  return {
    same: images.every(({ change }) => change === "same"),
    images,
    layers: {
      same: of("same"),
      removed: of("removed"),
      added: of("added"),
      recompressed: of("recompressed"),
    },
    blobs: {
      before: amount(had.values()),
      after: amount(has.values()),
      same: amount([...has.values()].filter(({ digest }) => had.has(digest))),
      removed: amount(
        [...had.values()].filter(({ digest }) => !has.has(digest)),
      ),
      added: amount(
        [...has.values()].filter(({ digest }) => !had.has(digest)),
      ),
    },
  };
}

function imagesOf({ images }: Lock): Whole[] {
  return images.flatMap(({ reference, digest: named, manifests }) => {
    if (!manifests) {
      throw new TypeError("Cannot compare a list of digests: it has no layers");
    }
    return manifests.map(({ platform, config, layers, ...manifest }) => ({
      reference,
      platform,
      named,
      digest: manifest.digest,
      imageId: config.digest,
      manifest,
      config,
      layers,
    }));
  });
}

/** What each image is compared with, by that which is. */
function pair(
  was: readonly Whole[],
  is: readonly Whole[],
): Map<Whole, Whole> {
  const pairs = new Map<Whole, Whole>();
  const used = new Set<Whole>();
  const match = (key: (image: Whole) => string, onlyOne: boolean) => {
    const left = groups(was.filter((image) => !used.has(image)), key);
    const right = groups(is.filter((image) => !pairs.has(image)), key);
    for (const [name, there] of right) {
      const here = left.get(name) ?? [];
      if (onlyOne && (here.length !== 1 || there.length !== 1)) continue;
      for (const [i, image] of there.entries()) {
        const other = here[i];
        if (!other) break;
        pairs.set(image, other);
        used.add(other);
      }
    }
  };
  const platform = (image: Whole) => formatPlatform(image.platform);
  match((image) => `${image.reference} ${platform(image)}`, false);
  match(({ reference, ...image }) => {
    const { registry, repository } = parseReference(reference);
    return `${registry}/${repository} ${formatPlatform(image.platform)}`;
  }, true);
  match(platform, true);
  match(() => "", true);
  return pairs;
}

function groups(
  images: readonly Whole[],
  key: (image: Whole) => string,
): Map<string, Whole[]> {
  const groups = new Map<string, Whole[]>();
  for (const image of images) {
    const name = key(image);
    const known = groups.get(name);
    if (known) known.push(image);
    else groups.set(name, [image]);
  }
  return groups;
}

function diffImage(
  before: Whole | undefined,
  after: Whole | undefined,
): ImageDiff {
  const change = !before
    ? "added"
    : !after
    ? "removed"
    : before.digest === after.digest
    ? "same"
    : "changed";
  const layers = diffLayers(before?.layers ?? [], after?.layers ?? []);
  const diff: ImageDiff = { change, layers };
  if (before) diff.before = shown(before);
  if (after) diff.after = shown(after);
  return diff;
}

function shown(
  { reference, platform, named, digest, imageId }: Whole,
): DiffedImage {
  return { reference, platform, named, digest, imageId };
}

/** Compares layers, each once. */
function diffLayers(
  before: readonly LockedLayer[],
  after: readonly LockedLayer[],
): LayerDiff[] {
  const [had, has] = [distinct(before), distinct(after)];
  /** Those that only are, by what is in them. */
  const fresh = new Map<string, LockedLayer[]>();
  for (const layer of has.values()) {
    if (had.has(layer.digest)) continue;
    const { diffId } = layer;
    fresh.set(diffId, [...fresh.get(diffId) ?? [], layer]);
  }
  const again = new Set<string>();
  const layers = [...had.values()].map((layer): LayerDiff => {
    const same = has.get(layer.digest);
    if (same) return { change: "same", before: layer, after: same };
    const other = fresh.get(layer.diffId)?.shift();
    if (!other) return { change: "removed", before: layer };
    again.add(other.digest);
    return { change: "recompressed", before: layer, after: other };
  });
  for (const layer of has.values()) {
    if (had.has(layer.digest) || again.has(layer.digest)) continue;
    layers.push({ change: "added", after: layer });
  }
  return layers;
}

function blobsOf(images: readonly Whole[]): Map<string, LockedBlob> {
  return distinct(
    images.flatMap(({ manifest, config, layers }): LockedBlob[] => [
      manifest,
      config,
      ...layers,
    ]),
  );
}

function distinct<T extends LockedBlob>(blobs: readonly T[]): Map<string, T> {
  const found = new Map<string, T>();
  for (const blob of blobs) {
    if (!found.has(blob.digest)) found.set(blob.digest, blob);
  }
  return found;
}

function amount(blobs: Iterable<LockedBlob>): Amount {
  let [count, bytes] = [0, 0];
  for (const { size } of blobs) {
    count++;
    bytes += size;
  }
  return { count, bytes };
}
