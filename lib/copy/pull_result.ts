/** What a pull has brought. */

import type { Delta } from "../image/delta.ts";
import { distinct, totalSize } from "../image/descriptors.ts";
import type { Reference } from "../image/reference.ts";
import type { Descriptor, Platform } from "../image/types.ts";
import type { BlobOutcome } from "../transfer/transfer.ts";
import type { ImageDocuments } from "./sets/documents.ts";

/** What the layers of a pull came from. Sizes are in bytes. */
export interface PullStatistics {
  /** The number of distinct layers. */
  layers: number;
  /**
   * How many of them came from the cache, or were spared altogether; none
   * without a cache.
   */
  cachedLayers: number;
  /** Bytes of layers that came over the network. */
  downloaded: number;
  /** The bytes of the layers that came from the cache. */
  saved: number;
  /** Bytes of layers that an earlier, broken-off run had left. */
  resumed: number;
  /** How long it took, in milliseconds. */
  elapsed: number;
  /**
   * Milliseconds of them in which layers were downloaded: from the first
   * request for one to the last byte.
   */
  downloadTime: number;
}

/** An image that was pulled. */
export interface PulledImage {
  /** The image's manifest. */
  manifest: Descriptor;
  /** The image's ID, which is the digest of its configuration. */
  imageId: string;
  /** The platform that the image is made for. */
  platform: Platform;
}

/** What a pull has brought. Sizes are in bytes. */
export interface PullResult extends PulledImage, PullStatistics {
  /** What was asked for. */
  reference: Reference;
  /** The digest that the reference stands for: of a manifest or an index. */
  digest: string;
  /**
   * What its name stands for in what was written: the manifest, or an index of
   * several images.
   */
  named: Descriptor;
  /**
   * All images of that name; the first is told of here, too. None of what is no
   * image, such as a chart: then its manifest stands for the image's, and for
   * its ID, and the platform is unknown.
   */
  images: readonly PulledImage[];
  /** The archive's path; `-` where it went to a stream. */
  path: string;
  /** The files of its parts, where it was cut into such. */
  parts?: readonly string[];
  /** The archive's size, or that of the image's blobs in a layout. */
  size: number;
  /** What the archive lacks, as its target has it; nothing where it is whole. */
  delta?: Delta;
  /** Whether the archive was there already, and nothing was written. */
  upToDate: boolean;
}

/** An image of a set that could not be pulled. */
export interface PullFailure {
  /** What was asked for. */
  reference: Reference;
  /** The platform, where it is about that one alone. */
  platform?: Platform;
  /** Where it was named, as it was said. */
  from?: string;
  /** Why. */
  error: unknown;
}

/** What the pull of a set has brought. */
export interface PullImagesResult extends PullStatistics {
  /** What is there now: one for each image, or for each of its platforms. */
  results: PullResult[];
  /** What is not, and why. */
  failures: PullFailure[];
  /**
   * The path of the one archive that was not written, as it would lack
   * something.
   */
  unwritten?: string;
}

/**
 * What became of layers.
 *
 * @param layers The layers.
 * @param outcomes What became of those that were not there.
 */
export function statisticsOf(
  layers: readonly Descriptor[],
  outcomes: readonly BlobOutcome[],
  { there, cache }: { there: readonly Descriptor[]; cache: boolean },
): Omit<PullStatistics, "elapsed" | "downloadTime"> {
  const cached = outcomes.filter(({ source }) => source === "cache")
    .map(({ descriptor }) => descriptor);
  const hits = cache ? distinct([...there, ...cached]) : [];
  const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);
  return {
    layers: distinct(layers).length,
    cachedLayers: hits.length,
    downloaded: sum(outcomes.map(({ downloaded }) => downloaded)),
    saved: totalSize(hits),
    resumed: sum(outcomes.map(({ resumed }) => resumed)),
  };
}

/** An image by its documents. */
export function pulledImage(
  { manifest, parsed, platform }: ImageDocuments,
): PulledImage {
  return {
    manifest: manifest.descriptor,
    imageId: parsed.config.digest,
    platform,
  };
}
