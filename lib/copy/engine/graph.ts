/** What is copied: names, what they stand for, and everything below, once. */

import { distinctLayers } from "../../image/manifest.ts";
import type { Reference } from "../../image/reference.ts";
import type { Proofs } from "../../image/referrer.ts";
import type { Descriptor, Document, Fetcher } from "../../image/types.ts";
import type { ImageDocuments, ImageManifest } from "../sets/documents.ts";
import { sourceOf } from "./several_sources.ts";

/** An image of a graph: what runs on one platform. */
export interface GraphImage {
  /** What it is called. */
  reference: Reference;
  /** Its manifest, and how that was found. */
  found: ImageManifest;
  /** All its documents, when its configuration is there, too. */
  documents: Promise<ImageDocuments>;
}

/** A name, and what it stands for in the target. */
export interface GraphRoot {
  /** What is asked for there; without a tag, the digest of `top` names it. */
  reference: Reference;
  /** What a layout asks for it by, where that was said word for word. */
  refName?: string;
  /** A manifest, or an index of several images: as served, or of those chosen. */
  top: Document;
  /**
   * Its images, none in an artifact. Loaders that take one platform get the
   * first.
   */
  images: readonly GraphImage[];
  /**
   * Further documents below `top` than the images' own, children before their
   * parents: indexes, and manifests of what is no image.
   */
  documents: readonly Document[];
  /** Further blobs than the images': those of what is no image. */
  blobs?: readonly Descriptor[];
  /** What goes along and says something of it, such as its signatures. */
  proofs?: Proofs;
  /** Where its blobs can be had. */
  source: Fetcher;
}

/** A blob of a graph. */
export interface GraphBlob {
  /** Which. */
  descriptor: Descriptor;
  /** Where it can be had. */
  source: Fetcher;
}

/** What is copied. Everything but the images' configurations is known from the start. */
export interface ImageGraph {
  /** The names, in their order. */
  roots: readonly GraphRoot[];
  /** The images of all, in that order. */
  images: readonly GraphImage[];
  /**
   * All documents but the configurations by digest, each once, children before
   * their parents.
   */
  documents: ReadonlyMap<string, Document>;
  /**
   * The layers, and other blobs that are no documents, by digest: each once,
   * lowest of the first image first.
   */
  blobs: ReadonlyMap<string, GraphBlob>;
  /** What is said of the whole, such as what it lacks, where a target can. */
  annotations?: Record<string, string>;
}

/** The root of a name that stands for the manifest of one image. */
export function imageRoot(image: GraphImage, source: Fetcher): GraphRoot {
  const { reference, found } = image;
  return {
    reference,
    top: found.manifest,
    images: [image],
    documents: [],
    source,
  };
}

/**
 * Makes the graph of some roots. A blob of several comes from the first's
 * source, and from the next where that one lacks it.
 *
 * @param annotations What is said of the whole.
 */
export function graphOf(
  roots: readonly GraphRoot[],
  annotations?: Record<string, string>,
): ImageGraph {
  const documents = new Map<string, Document>();
  const found = new Map<string, GraphBlob[]>();
  for (const root of roots) {
    for (const document of rootDocuments(root)) {
      const { digest } = document.descriptor;
      if (!documents.has(digest)) documents.set(digest, document);
    }
  }
  const images = roots.flatMap((root) => root.images);
  const configs = new Set(
    images.map(({ found }) => found.parsed.config.digest),
  );
  for (const root of roots) {
    for (const descriptor of rootBlobs(root)) {
      const { digest } = descriptor;
      // What one image calls a layer may be a document of another.
      if (documents.has(digest) || configs.has(digest)) continue;
      const { source } = root;
      found.set(digest, [...found.get(digest) ?? [], { descriptor, source }]);
    }
  }
  const blobs = new Map<string, GraphBlob>();
  for (const [digest, those] of found) blobs.set(digest, oneBlob(those));
  return { roots, images, documents, blobs, annotations };
}

/**
 * A blob that several have, as one: it comes from the first's source, and from
 * the next where that one lacks it; and from wherever any of them says that it
 * is to be had.
 */
export function oneBlob(those: readonly GraphBlob[]): GraphBlob {
  const { descriptor } = those[0]!;
  const source = sourceOf(those.map(({ source }) => source));
  const urls = new Set(those.flatMap(({ descriptor: { urls = [] } }) => urls));
  return urls.size > (descriptor.urls?.length ?? 0)
    ? { descriptor: { ...descriptor, urls: [...urls] }, source }
    : { descriptor, source };
}

/** All documents of a root but the configurations; one may occur twice. */
function rootDocuments(
  { images, documents, top, proofs }: GraphRoot,
): Document[] {
  return [
    ...images.map(({ found }) => found.manifest),
    ...documents,
    top,
    ...proofDocuments(proofs),
  ];
}

/** The documents of what goes along with an image. */
export function proofDocuments(proofs: Proofs | undefined): Document[] {
  if (!proofs) return [];
  return [
    ...proofs.originals,
    ...proofs.referrers.map(({ document }) => document),
  ];
}

/** The blobs of what goes along with an image; one may occur twice. */
export function proofBlobs(proofs: Proofs | undefined): Descriptor[] {
  if (!proofs) return [];
  return proofs.referrers.flatMap(({ manifest: { config, layers } }) => [
    config,
    ...layers,
  ]);
}

/** A root's blobs that are no documents of its images; one may occur twice. */
export function rootBlobs(
  { images, blobs = [], proofs }: GraphRoot,
): Descriptor[] {
  return [
    ...images.flatMap(({ found }) => distinctLayers(found)),
    ...blobs,
    ...proofBlobs(proofs),
  ];
}
