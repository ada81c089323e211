/**
 * From a reference to an image's documents: the index's choice of platform,
 * the manifest and the configuration, from the cache where they are there.
 */

import { refuseArtifact } from "../../image/artifact.ts";
import {
  NetworkError,
  PlatformNotFoundError,
  RegistryError,
} from "../../image/errors.ts";
import type { OnEvent } from "../../image/events.ts";
import { ImageSearch } from "./image_search.ts";
import { parseConfig, parseManifest } from "../../image/manifest.ts";
import { isConfig, isIndex, isLayer } from "../../image/media_types.ts";
import {
  comparePlatform,
  formatPlatform,
  normalizePlatform,
} from "../../image/platform.ts";
import { formatReference, type Reference } from "../../image/reference.ts";
import { asAnnounced } from "../../registry/document.ts";
import type { ImageSource } from "../../image/image_source.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import type {
  Descriptor,
  Document,
  Manifest,
  Platform,
} from "../../image/types.ts";

/** Where documents are kept, and may be found again. */
export type DocumentCache = Pick<LayoutStore, "document" | "obtain" | "put">;

/** What the documents are looked for with. */
export interface DocumentOptions {
  /** Where they come from. */
  source: ImageSource;
  /** Where they are kept. */
  cache?: DocumentCache;
  /** The platform that the image should be for. */
  wantedPlatform: Platform;
  /** Whether the user named it, so that no image for another will do. */
  platformWasNamed: boolean;
  /**
   * Whether the image has been pulled before by that very reference: then a
   * request that costs less may be made first, and a digest needs none.
   */
  pulledBefore: boolean;
  /** Told what goes on. */
  onEvent: OnEvent;
  /** Ends it all. */
  signal?: AbortSignal;
}

/** What is known of an image before its configuration is there. */
export interface ImageManifest {
  /** What the reference names: a manifest or an index. */
  resolved: Descriptor;
  /** The image's manifest. */
  manifest: Document;
  /** The same, parsed. */
  parsed: Manifest;
  /** The platform that an index says it is for. */
  said?: Platform;
  /** Whether no index was there to choose from. */
  direct: boolean;
  /** Whether its repository is known to have it, now or from an earlier pull. */
  confirmed: boolean;
  /**
   * Fails where its configuration says something else than somebody has said.
   *
   * @param diffIds Of the layers.
   * @param platform What it is made for.
   */
  check?(diffIds: readonly string[], platform: Platform): void;
}

/** An image's documents. The manifest's descriptor tells its platform. */
export interface ImageDocuments extends ImageManifest {
  /** The image's configuration. */
  config: Document;
  /** The platform that the image is made for. */
  platform: Platform;
}

/** Gets the documents of the image behind a reference. */
export async function imageDocuments(
  reference: Reference,
  options: DocumentOptions,
): Promise<ImageDocuments> {
  return await imageConfig(await imageManifest(reference, options), options);
}

/** Gets the manifest of the image behind a reference. */
export async function imageManifest(
  reference: Reference,
  options: DocumentOptions,
): Promise<ImageManifest> {
  return await manifestIn(await topDocument(reference, options), options);
}

/** What a reference names. */
export interface TopDocument {
  /** A manifest or an index. */
  top: Document;
  /** Whether its repository is known to have it, now or from an earlier pull. */
  confirmed: boolean;
}

/** Gets what a reference names, and tells of it. */
export async function topDocument(
  reference: Reference,
  options: DocumentOptions,
): Promise<TopDocument> {
  const found = await findTop(reference, options);
  options.onEvent({
    type: "resolved",
    reference: reference.digest ?? reference.tag!,
    descriptor: found.top.descriptor,
  });
  return found;
}

/** Gets the manifest of the wanted platform in what a reference names. */
export async function manifestIn(
  { top, confirmed }: TopDocument,
  options: DocumentOptions,
): Promise<ImageManifest> {
  const direct = !isIndex(top.descriptor.mediaType);
  const found = direct ? { manifest: top } : await searchIndex(top, options);
  const parsed = parseManifest(found.manifest);
  refuseArtifact(parsed);
  return {
    resolved: top.descriptor,
    ...found,
    parsed,
    direct,
    confirmed,
  };
}

/**
 * Whether nothing in the configuration of an image is expected to be an
 * obstacle, so that its layers can be asked for before that is there.
 */
export function layersMayStart(
  { parsed, direct }: ImageManifest,
  { platformWasNamed }: Pick<DocumentOptions, "platformWasNamed">,
): boolean {
  return !(direct && platformWasNamed) && isConfig(parsed.config.mediaType) &&
    parsed.layers.every(({ mediaType }) => isLayer(mediaType));
}

/** Gets the configuration that belongs to a manifest. */
export async function imageConfig(
  image: ImageManifest,
  options: DocumentOptions,
): Promise<ImageDocuments> {
  const { wantedPlatform, platformWasNamed } = options;
  const { manifest, parsed, direct, said } = image;
  const config = await smallBlob(parsed.config, options);
  const read = parseConfig(config, parsed);
  const { os, architecture, variant, "os.version": version } = read;
  const machine = normalizePlatform({ os, architecture, variant });
  const platform = version ? { ...machine, "os.version": version } : machine;
  image.check?.(read.rootfs.diff_ids, platform);
  if (said) warnOfOtherConfig(said, platform, options);
  if (direct) {
    const match = comparePlatform(platform, wantedPlatform);
    if (match === "none" && platformWasNamed) {
      throw new PlatformNotFoundError(wantedPlatform, [platform]);
    }
    if (match !== "exact") warnOfPlatform(platform, options);
  }
  return {
    ...image,
    manifest: {
      descriptor: { ...manifest.descriptor, platform: machine },
      bytes: manifest.bytes,
    },
    config,
    platform,
  };
}

/** What the reference names, by one request, or by none that costs. */
async function findTop(
  reference: Reference,
  options: DocumentOptions,
): Promise<TopDocument> {
  const { source, cache, pulledBefore, signal } = options;
  const tagOrDigest = reference.digest ?? reference.tag!;
  const call = { signal };
  const top = async () => {
    // Asking for the digest alone costs no quota where nothing has changed.
    if (cache && pulledBefore) {
      const { digest } = await source.resolve(tagOrDigest, call);
      const kept = await cache.document(digest);
      if (kept) return kept;
    }
    // By the tag again: it may have moved since, and there are registries
    // whose word on the digest is old, or that serve none by its digest.
    return keep(await source.fetchManifest(tagOrDigest, call), cache);
  };
  const kept = reference.digest
    ? await cache?.document(reference.digest)
    : undefined;
  return kept
    ? {
      top: kept,
      confirmed: pulledBefore || await isConfirmed(reference, options),
    }
    : { top: await top(), confirmed: true };
}

/**
 * Asks whether the repository has what the cache has by its digest: that may
 * have come from another one, of which this login, say, has nothing.
 *
 * @returns No where nobody can be asked; a refusal is an error.
 */
async function isConfirmed(
  reference: Reference,
  { source, signal, onEvent }: DocumentOptions,
): Promise<boolean> {
  try {
    await source.resolve(reference.digest!, { signal });
    return true;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    onEvent({
      type: "warning",
      warning: {
        code: "registry-not-asked",
        reference: formatReference(reference),
      },
    });
    return false;
  }
}

/** Finds the image of the platform in an index. */
async function searchIndex(
  top: Document,
  options: DocumentOptions,
): Promise<Pick<ImageManifest, "manifest" | "said">> {
  const { wantedPlatform, platformWasNamed } = options;
  const search = new ImageSearch({
    wantedPlatform,
    platformWasNamed,
    entry: (index, entry) => indexEntry(index, entry, options),
    config: (descriptor) => smallBlob(descriptor, options),
  });
  const { manifest, said, platform, rank } = await search.find(top);
  if (rank !== 0) warnOfPlatform(platform, options);
  return { manifest, said };
}

/** Gets an entry of the index of that digest. */
export async function indexEntry(
  index: string,
  entry: Descriptor,
  options: DocumentOptions,
): Promise<Document> {
  const { cache } = options;
  const kept = await cache?.document(entry.digest);
  return kept
    ? asAnnounced(kept, entry)
    : keep(await fetchEntry(index, entry, options), cache);
}

/** Fetches an entry of an index, which may be gone while that is there. */
async function fetchEntry(
  index: string,
  entry: Descriptor,
  { source, signal }: DocumentOptions,
): Promise<Document> {
  try {
    return await source.fetchManifest(entry, { signal });
  } catch (cause) {
    if (!(cause instanceof RegistryError) || cause.status !== 404) throw cause;
    const { digest, platform } = entry;
    const asked = { kind: "child", digest, index, platform } as const;
    throw new RegistryError({ ...cause, asked }, { cause });
  }
}

async function smallBlob(
  descriptor: Descriptor,
  { source, cache, signal }: DocumentOptions,
): Promise<Document> {
  const waiting = { signal };
  const fetch = () => source.fetchSmallBlob(descriptor, waiting);
  return await (cache ? cache.obtain(descriptor, fetch, waiting) : fetch());
}

async function keep(
  document: Document,
  cache: DocumentCache | undefined,
): Promise<Document> {
  await cache?.put(document);
  return document;
}

function warnOfPlatform(
  platform: Platform,
  { wantedPlatform: wanted, platformWasNamed: explicit, onEvent }:
    DocumentOptions,
): void {
  const runs = comparePlatform(platform, wanted) !== "none";
  onEvent({
    type: "warning",
    warning: {
      code: runs ? "platform-fallback" : "platform-mismatch",
      platform: normalizePlatform(platform),
      wanted,
      explicit,
    },
  });
}

/** An index and a configuration that differ about the system or processor. */
function warnOfOtherConfig(
  said: Platform,
  actual: Platform,
  { onEvent }: DocumentOptions,
): void {
  const plain = ({ os, architecture }: Platform) =>
    normalizePlatform({ os, architecture });
  const [index, config] = [plain(said), plain(actual)];
  if (formatPlatform(index) === formatPlatform(config)) return;
  onEvent({
    type: "warning",
    warning: { code: "platform-config", index, config },
  });
}
