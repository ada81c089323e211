/** From a reference to what it is to stand for: which platforms, in which index. */

import { refuseArtifact } from "../../image/artifact.ts";
import { NotAnImageError, PlatformNotFoundError } from "../../image/errors.ts";
import { parseManifest } from "../../image/manifest.ts";
import {
  DOCKER_MANIFEST,
  isIndex,
  isManifest,
  OCI_INDEX,
} from "../../image/media_types.ts";
import { toOciManifest } from "../../image/oci_manifest.ts";
import { isAttestation, normalizePlatform } from "../../image/platform.ts";
import type { Reference } from "../../image/reference.ts";
import type { Descriptor, Document, Platform } from "../../image/types.ts";
import {
  type DocumentOptions,
  imageConfig,
  type ImageManifest,
  indexEntry,
  manifestIn,
  type TopDocument,
  topDocument,
} from "./documents.ts";
import type { GraphRoot } from "../engine/graph.ts";
import { indexContent, type IndexEntry, indexOf } from "./index_entries.ts";

/** Which platforms of an image are wanted; without any, what runs here. */
export type WantedPlatforms = readonly Platform[] | "all" | undefined;

/** An image that was found for a platform. */
export interface FoundImage {
  /** Its manifest, and how that was found. */
  found: ImageManifest;
  /** How its configuration is to be asked for. */
  options: DocumentOptions;
  /** The platform that it stands for, where one was asked for, or all. */
  platform?: Platform;
}

/** What was found behind a reference. */
export interface FoundReference {
  /** What the reference names. */
  top: Document;
  /** Its images for the wanted platforms, in their order. */
  images: FoundImage[];
  /** The platforms that could not be had, and why. */
  lacking: { platform: Platform; error: unknown }[];
  /** All of what is no image, where that is carried, too. */
  artifact?: RootDocuments;
}

/**
 * Finds the images of the wanted platforms behind a reference.
 *
 * @param artifacts Whether what is no image will do as well: it is taken whole.
 * @throws {DockerPullError} If there are none at all, and it is not about a
 * platform of several.
 */
export async function findImages(
  reference: Reference,
  wanted: WantedPlatforms,
  options: DocumentOptions,
  artifacts = false,
): Promise<FoundReference> {
  const found = await topDocument(reference, options);
  try {
    return await imagesIn(found, wanted, options);
  } catch (error) {
    if (!artifacts || !(error instanceof NotAnImageError)) throw error;
    const { top } = found;
    const artifact = await artifactOf(top, options);
    return { top, images: [], lacking: [], artifact };
  }
}

async function imagesIn(
  found: TopDocument,
  wanted: WantedPlatforms,
  options: DocumentOptions,
): Promise<FoundReference> {
  const { top } = found;
  if (wanted === "all") {
    return { top, images: await allImages(found, options), lacking: [] };
  }
  if (wanted === undefined || wanted.length === 1) {
    const platform = wanted?.[0];
    const image = await manifestIn(found, options);
    return { top, images: [{ found: image, options, platform }], lacking: [] };
  }
  return { top, ...await severalImages(found, wanted, options) };
}

async function severalImages(
  found: TopDocument,
  platforms: readonly Platform[],
  options: DocumentOptions,
): Promise<Pick<FoundReference, "images" | "lacking">> {
  const images: FoundImage[] = [];
  const lacking: FoundReference["lacking"] = [];
  const looked = await Promise.allSettled(platforms.map(async (platform) => {
    const looking: DocumentOptions = {
      ...options,
      wantedPlatform: platform,
      platformWasNamed: true,
    };
    const image = await manifestIn(found, looking);
    // Only its configuration tells what a manifest alone is made for.
    if (image.direct) await imageConfig(image, { ...looking, onEvent() {} });
    return { found: image, options: looking, platform };
  }));
  for (const [i, result] of looked.entries()) {
    if (result.status === "fulfilled") {
      const { digest } = result.value.found.manifest.descriptor;
      const known = images.some(({ found }) =>
        found.manifest.descriptor.digest === digest
      );
      if (!known) images.push(result.value);
    } else if (result.reason instanceof PlatformNotFoundError) {
      lacking.push({ platform: platforms[i]!, error: result.reason });
    } else {
      throw result.reason;
    }
  }
  return { images, lacking };
}

/** Every image that there is, but for what is none. */
async function allImages(
  found: TopDocument,
  options: DocumentOptions,
): Promise<FoundImage[]> {
  const { top, confirmed } = found;
  if (!isIndex(top.descriptor.mediaType)) {
    const image = await manifestIn(found, options);
    return [{ found: image, options }];
  }
  const { entries } = await contentOf(top, options);
  let artifact: NotAnImageError | undefined;
  const looked = await Promise.all(
    entries.filter(({ descriptor }) => !isAttestation(descriptor)).map(
      async ({ descriptor, index }): Promise<FoundImage | undefined> => {
        const { digest } = index.descriptor;
        const manifest = await indexEntry(digest, descriptor, options);
        const parsed = parseManifest(manifest);
        try {
          refuseArtifact(parsed);
        } catch (error) {
          if (!(error instanceof NotAnImageError)) throw error;
          artifact ??= error;
          return undefined;
        }
        const said = descriptor.platform &&
          normalizePlatform(descriptor.platform);
        const image: ImageManifest = {
          resolved: top.descriptor,
          manifest,
          parsed,
          said,
          direct: false,
          confirmed,
        };
        const platform = said ??
          normalizePlatform((await imageConfig(image, options)).platform);
        return { found: image, options, platform };
      },
    ),
  );
  const images = looked.filter((image) => image !== undefined);
  if (images.length === 0) {
    throw artifact ?? new PlatformNotFoundError(options.wantedPlatform, []);
  }
  return images;
}

/** All of a chart, a signature or the like, and of an index of such. */
async function artifactOf(
  top: Document,
  options: DocumentOptions,
): Promise<RootDocuments> {
  if (!isIndex(top.descriptor.mediaType)) {
    return { top, documents: [], blobs: blobsOf(top) };
  }
  const { entries, indexes } = await contentOf(top, options);
  const manifests = await Promise.all(
    entries.filter(({ descriptor }) => isManifest(descriptor.mediaType)).map(
      ({ descriptor, index }) =>
        indexEntry(index.descriptor.digest, descriptor, options),
    ),
  );
  // BuildKit lists the layers of its cache in an index.
  const listed = entries.map(({ descriptor }) => descriptor)
    .filter(({ mediaType }) => !isManifest(mediaType));
  return {
    top,
    documents: [...manifests, ...indexes],
    blobs: [...manifests.flatMap(blobsOf), ...listed],
  };
}

function blobsOf(manifest: Document): Descriptor[] {
  const { config, layers } = parseManifest(manifest);
  return [config, ...layers];
}

/** How several images get under one name. */
export interface IndexOptions {
  /** What the name stands for. */
  index?: "pruned" | "original";
  /** Whether what is attested of the images is kept. */
  attestations: boolean;
  /** Whether readers know OCI's types only. */
  ociOnly: boolean;
}

/** What a name stands for, and what is below that but for the images' own. */
export type RootDocuments = Pick<GraphRoot, "top" | "documents" | "blobs">;

/**
 * Decides what a name stands for: the manifest where there is one image and
 * nothing else is asked for, else an index of what is there, or the whole one.
 *
 * @param top What the reference names at its registry.
 * @param images The images that are wanted of it.
 */
export async function topOf(
  top: Document,
  images: readonly ImageManifest[],
  { index, attestations, ociOnly }: IndexOptions,
  options: DocumentOptions,
): Promise<RootDocuments> {
  const plain = images.length === 1 && index === undefined && !attestations;
  if (plain || !isIndex(top.descriptor.mediaType)) {
    return { top: images[0]!.manifest, documents: [] };
  }
  const { entries, indexes } = await contentOf(top, options);
  const chosen = new Map(
    images.map((image) => [image.manifest.descriptor.digest, image]),
  );
  const open = ({ descriptor, index }: IndexEntry) =>
    indexEntry(index.descriptor.digest, descriptor, options);
  const attested = attestations
    ? entries.filter(({ descriptor }) => isAttestedOf(descriptor, chosen))
    : [];
  const attesting = await Promise.all(attested.map(open));
  const blobs = attesting.flatMap(blobsOf);
  if (index === "original") {
    const manifests = entries.filter(({ descriptor }) =>
      isManifest(descriptor.mediaType)
    );
    const documents = [...await Promise.all(manifests.map(open)), ...indexes];
    return { top, documents, blobs };
  }
  const kept = entries.filter((entry) =>
    chosen.has(entry.descriptor.digest) || attested.includes(entry)
  );
  if (
    kept.length === entries.length && indexes.length === 0 &&
    !(ociOnly && isDockers(top, kept))
  ) {
    return { top, documents: attesting, blobs };
  }
  const documents = [...attesting];
  const raws = await Promise.all(kept.map(async ({ descriptor, raw }) => {
    const image = chosen.get(descriptor.digest);
    if (!ociOnly || !image) return raw;
    const named = await toOciManifest(image.manifest, image.parsed);
    if (named !== image.manifest) documents.push(named);
    const { mediaType, digest, size } = named.descriptor;
    return { ...raw, mediaType, digest, size };
  }));
  const pruned = await indexOf(top, raws, ociOnly ? OCI_INDEX : undefined);
  return { top: pruned, documents, blobs };
}

function isDockers(top: Document, entries: readonly IndexEntry[]): boolean {
  return top.descriptor.mediaType !== OCI_INDEX ||
    entries.some(({ descriptor }) => descriptor.mediaType === DOCKER_MANIFEST);
}

function isAttestedOf(
  descriptor: Descriptor,
  images: ReadonlyMap<string, unknown>,
): boolean {
  const subject = descriptor.annotations?.["vnd.docker.reference.digest"];
  return isAttestation(descriptor) && subject !== undefined &&
    images.has(subject);
}

function contentOf(top: Document, options: DocumentOptions) {
  return indexContent(
    top,
    (index, entry) => indexEntry(index, entry, options),
  );
}
