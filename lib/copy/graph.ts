/** What is copied: images with their names, and everything below them, once. */

import { distinctLayers } from "../image/manifest.ts";
import type { Reference } from "../image/reference.ts";
import type { Descriptor, Fetcher } from "../image/types.ts";
import type { ImageDocuments, ImageManifest } from "./documents.ts";

/** An image of a graph. */
export interface GraphImage {
  /** What it is called. */
  reference: Reference;
  /** Its manifest, and how that was found. */
  found: ImageManifest;
  /** All its documents, when its configuration is there, too. */
  documents: Promise<ImageDocuments>;
}

/** A blob of a graph. */
export interface GraphBlob {
  /** Which. */
  descriptor: Descriptor;
  /** Where it can be had. */
  source: Fetcher;
}

/** What is copied. Everything in it but `documents` is known from the start. */
export interface ImageGraph {
  /** The images, in the order of their names. */
  images: readonly GraphImage[];
  /** Their layers by digest, each once, lowest of the first image first. */
  blobs: ReadonlyMap<string, GraphBlob>;
}

/** An image, and where its blobs can be had. */
export interface GraphRoot extends GraphImage {
  /** Where its blobs can be had. */
  source: Fetcher;
}

/** Makes the graph of some images: a blob of several comes from the first's source. */
export function graphOf(roots: readonly GraphRoot[]): ImageGraph {
  const blobs = new Map<string, GraphBlob>();
  for (const { found, source } of roots) {
    for (const descriptor of distinctLayers(found)) {
      const { digest } = descriptor;
      if (!blobs.has(digest)) blobs.set(digest, { descriptor, source });
    }
  }
  return { images: roots, blobs };
}
