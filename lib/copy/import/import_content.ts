/** What one file or folder holds, on its way into the cache. */

import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { compressionOf } from "../../compression/compression.ts";
import { blobName } from "../../archive/plan.ts";
import { measure } from "../../archive/reader/measure.ts";
import { readChunks } from "../../archive/reader/files.ts";
import { openIfPlain } from "../../disk/plain_file.ts";
import { readAt } from "../../archive/reader/tar_entries.ts";
import { ArchiveError, NotAnImageError } from "../../image/errors.ts";
import { lacksOf } from "../../image/delta.ts";
import type { HeldImage } from "../../image/held_image.ts";
import { hostPlatform } from "../../image/host_platform.ts";
import {
  parseConfig,
  parseIndex,
  parseManifest,
} from "../../image/manifest.ts";
import {
  isIndex,
  OCI_LAYER_GZIP,
  OCI_LAYER_TAR,
  OCI_LAYER_ZSTD,
} from "../../image/media_types.ts";
import { comparePlatform, normalizePlatform } from "../../image/platform.ts";
import type {
  Descriptor,
  Document,
  Manifest,
  Platform,
} from "../../image/types.ts";
import type { StoredLayer } from "../../layout/diff_ids.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import { copyBlob } from "./import_blob.ts";
import type { ImportResult } from "./import_result.ts";
import { LocalSource } from "../sources/local.ts";
import { type Held, wholeImages } from "../sources/held.ts";
import { nameImage } from "../targets/layout.ts";

/** An index in an index in an index is enough. */
const MAX_DEPTH = 4;

/** How much there is to do. */
export interface HeldContent {
  /** The bytes of all blobs that are read. */
  bytes: number;
  /** The bytes of those that the cache lacks. */
  needed: number;
}

/** What an import of several files shares. */
export interface ImportState {
  /** Is filled. */
  result: ImportResult;
  /** The blobs that were brought already. */
  seen: Set<string>;
  /** Ends it. */
  signal?: AbortSignal;
  /** Called when all is known, before a blob is read. */
  onFound(content: HeldContent): Promise<void>;
  /** Told of bytes that were read. */
  onBytes(bytes: number): void;
}

/** A manifest that is there. */
interface FoundManifest {
  image: HeldImage;
  document: Document;
  parsed: Manifest;
  isWhole: boolean;
}

/**
 * Brings all blobs that a file or folder has into the cache, then its
 * documents, and then its names.
 *
 * @throws {ContentMismatchError} If a blob is not what it is said to be.
 */
export async function importContent(
  held: Held,
  cache: LayoutStore,
  state: ImportState,
): Promise<void> {
  const { result, seen, signal } = state;
  const documents = new Map<string, Document>();
  const manifests: FoundManifest[] = [];
  const blobs = new Map<string, Descriptor>();
  const lacking = new Set<string>();
  /** What a delta lacks and the cache has, and why another is not whole. */
  const leftOut = new Set<string>();
  let delta: ReturnType<typeof lacksOf>;
  // In their order, with those of an index that need not be there.
  const absent: string[] = [];

  const visit = async (
    image: HeldImage,
    descriptor: Descriptor,
    depth: number,
  ): Promise<void> => {
    signal?.throwIfAborted();
    const known = documents.has(descriptor.digest);
    const document = documents.get(descriptor.digest) ??
      await held.document(descriptor.digest);
    if (!document) {
      absent.push(descriptor.digest);
      // Of an index, one platform is often all that is there.
      if (depth === 0) lacking.add(descriptor.digest);
      return;
    }
    documents.set(descriptor.digest, document);
    if (isIndex(document.descriptor.mediaType)) {
      if (depth === MAX_DEPTH || known && depth > 0) return;
      for (const child of parseIndex(document).manifests) {
        await visit(image, child, depth + 1);
      }
      return;
    }
    const parsed = parseManifest(document);
    let isWhole = true;
    for (const blob of [parsed.config, ...parsed.layers]) {
      const found = await held.blob(blob);
      await found?.close();
      const left = found ? undefined : lacksOf(held.delta, blob.digest);
      if (found) blobs.set(blob.digest, blob);
      else if (left && await cache.has(blob)) leftOut.add(blob.digest);
      else {
        isWhole = false;
        delta ??= left;
        absent.push(blob.digest);
        if (!left) lacking.add(blob.digest);
      }
    }
    manifests.push({ image, document, parsed, isWhole });
  };
  for (const image of await wholeImages(held)) {
    await visit(image, image.descriptor, 0);
  }
  const files = await sizesOf(held.layerFiles);
  if (absent[0] !== undefined && blobs.size + files.length === 0) {
    throw await notThere(held.path, blobName(absent[0]));
  }

  const digests = [...blobs.keys(), ...documents.keys(), ...leftOut];
  await cache.hold(digests, { signal });
  let [bytes, needed] = [0, 0];
  for (const blob of blobs.values()) {
    bytes += blob.size;
    if (!await cache.has(blob)) needed += blob.size;
  }
  for (const { size } of files) {
    bytes += size;
    needed += size;
  }
  await state.onFound({ bytes, needed });

  const learnt = new Map<string, StoredLayer>();
  for (const blob of blobs.values()) {
    const { digest } = blob;
    if (seen.has(digest)) {
      state.onBytes(blob.size);
      continue;
    }
    const added = await copyBlob(held, cache, blob, state);
    seen.add(digest);
    count(added ? result.added : result.known, blob);
    if (blob.mediaType === OCI_LAYER_TAR) count(result.plain, blob);
    const diffId = held.diffIdOf?.(digest);
    if (diffId !== undefined && diffId !== digest) learnt.set(diffId, blob);
  }
  for (const { path, size } of files) {
    const layer = await importLayer(path, size, cache, state);
    if (layer) learnt.set(layer.diffId, layer.stored);
  }
  await cache.learnDiffIds(learnt, { signal });
  result.missing += lacking.size;

  for (const document of documents.values()) await cache.put(document);
  const named = await Promise.all(
    manifests.map((found) => describe(held, found)),
  );
  const host = hostPlatform();
  const isHosts = ({ platform }: { platform: Platform }) =>
    comparePlatform(platform, host) === "exact" ? 1 : 0;
  // Of several platforms of a name, the last is the one that is found by it.
  const ordered = named.filter((each) => each !== undefined)
    .sort((a, b) => isHosts(a) - isHosts(b));
  for (const { found, config, platform } of ordered) {
    const { image, document, parsed, isWhole } = found;
    const { names, reference } = image;
    if (isWhole && reference) {
      const descriptor = { ...document.descriptor, platform };
      const manifest = { descriptor, bytes: document.bytes };
      await cache.noteUse(
        await nameImage(cache, reference, { manifest, parsed, config }),
      );
    }
    result.images.push({
      from: held.path,
      names,
      reference,
      manifest: document.descriptor,
      platform,
      isWhole,
      plainLayers: parsed.layers.filter(({ mediaType }) =>
        mediaType === OCI_LAYER_TAR
      ).length,
    });
  }
  // What it has is there by then, for when the rest has come.
  if (delta) throw new ArchiveError(held.path, delta);
}

/** What it names may lie elsewhere, behind links, of which none is followed. */
async function notThere(path: string, name: string): Promise<ArchiveError> {
  const target = await readlink(join(path, name)).catch(() => undefined);
  return new ArchiveError(
    path,
    target === undefined
      ? { code: "missing-file", name }
      : { code: "bad-link", name, target },
  );
}

/** What an image is made for; nothing for what is none, or lacks its configuration. */
async function describe(held: Held, found: FoundManifest) {
  const { parsed, image } = found;
  const { config: descriptor } = parsed;
  const blob = await held.blob(descriptor);
  await blob?.close();
  if (!blob) return undefined;
  try {
    const reference = image.reference ??
      { registry: "localhost", repository: "image" };
    const source = new LocalSource(held, reference);
    const config = await source.fetchSmallBlob(descriptor);
    const { os, architecture, variant } = parseConfig(config, parsed);
    const platform = normalizePlatform({ os, architecture, variant });
    return { found, config, platform };
  } catch (error) {
    // Signatures and the like come along, and are no images.
    if (error instanceof NotAnImageError) return undefined;
    throw error;
  }
}

async function sizesOf(
  paths: readonly string[],
): Promise<{ path: string; size: number }[]> {
  const found = [];
  for (const path of paths) {
    const status = await lstat(path).catch(() => undefined);
    if (status?.isFile() && status.size > 0) {
      found.push({ path, size: status.size });
    }
  }
  return found;
}

/** A layer that docker_pull.py kept: what its folder is called is not believed. */
async function importLayer(
  path: string,
  size: number,
  cache: LayoutStore,
  { result, seen, onBytes, signal }: ImportState,
): Promise<{ diffId: string; stored: StoredLayer } | undefined> {
  const file = await openIfPlain(path);
  if (!file) return undefined;
  const { handle } = file;
  try {
    const compression = compressionOf(await readAt(handle, 0, 6));
    const { digest, expanded } = await measure(
      readChunks(path, handle, 0, size, signal),
      { algorithm: "sha256", expanded: "sha256" },
    );
    onBytes(size);
    if (expanded === undefined) return undefined;
    const mediaType = compression === "gzip"
      ? OCI_LAYER_GZIP
      : compression === "zstd"
      ? OCI_LAYER_ZSTD
      : OCI_LAYER_TAR;
    const stored = { mediaType, digest, size };
    if (!seen.has(digest)) {
      seen.add(digest);
      await cache.hold([digest], { signal });
      const known = await cache.has(stored);
      if (!known) await cache.adoptFile(path, stored, { signal });
      count(known ? result.known : result.added, stored);
      if (mediaType === OCI_LAYER_TAR) count(result.plain, stored);
    }
    return { diffId: expanded, stored };
  } finally {
    await handle.close();
  }
}

function count(
  to: { blobs: number; bytes: number },
  { size }: Pick<Descriptor, "size">,
): void {
  to.blobs++;
  to.bytes += size;
}
