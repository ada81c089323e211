/** What a cache holds, told from what lies there and from nothing else. */

import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { occupied } from "../disk/leftovers.ts";
import { SOURCE_DIGEST } from "../image/annotations.ts";
import { StorageError } from "../image/errors.ts";
import { formatReference } from "../image/reference.ts";
import type { HeldImage } from "../image/held_image.ts";
import type { Platform } from "../image/types.ts";
import { isDigest } from "../image/digest.ts";
import { lastUses } from "../layout/last_use.ts";
import { INGEST } from "../layout/layout_files.ts";
import { LayoutStore } from "../layout/layout_store.ts";
import { type BlobFile, DocumentReader } from "./documents.ts";

/** What a cache has before it is one: a push notes its uploads there, too. */
const BEGUN: ReadonlySet<string> = new Set(["blobs", "ingest", "uploads"]);

/** An image of a cache: what one or more names stand for. */
export interface CachedImage {
  /** What it is called, in full. */
  names: string[];
  /** What the names stand for: the digest of a manifest or an index. */
  digest: string;
  /**
   * What the names stand for at their registries, as a pull tells it; the
   * digest itself where nothing else is known.
   */
  sourceDigests: string[];
  /** The platforms that its names are for, as far as the cache says. */
  platforms: Platform[];
  /** How many layers it has, each counted once. */
  layers: number;
  /** The bytes of its documents and layers that are there. */
  size: number;
  /** The bytes that no other image has: what its removal frees. */
  unique: number;
  /** When it was used last: pulled, imported, or found to be up to date. */
  lastUsed: Date;
  /** The digests of what it lacks. */
  missing: string[];
}

/** A blob of a cache. */
export interface CachedBlob {
  /** Its digest. */
  digest: string;
  /** Its size in bytes. */
  size: number;
  /** Whether it is a document of images, or a layer, or the like. */
  kind: "document" | "blob";
  /** The digests of the images that have it; none where nothing refers to it. */
  images: string[];
  /** When one of its images was used last, or else when it came. */
  lastUsed: Date;
}

/** A number of files, and their bytes. */
export interface CacheAmount {
  /** How many. */
  count: number;
  /** Their bytes. */
  bytes: number;
}

/** What a cache holds. */
export interface CacheContents {
  /** Its folder, as it was given. */
  path: string;
  /** The images, the one used last first. */
  images: CachedImage[];
  /** Every blob, the largest first. */
  blobs: CachedBlob[];
  /** All blobs and what is unfinished. */
  total: CacheAmount;
  /** What several images share. */
  shared: CacheAmount;
  /** What one image has alone. */
  unique: CacheAmount;
  /** What no image refers to. */
  unused: CacheAmount;
  /** What has come in part, of blobs that a pull would go on with. */
  unfinished: CacheAmount;
}

/** What the commands of a cache go by. */
export interface Scan extends CacheContents {
  /** What has come in part: path, room on the disk, last change. */
  parts: { path: string; bytes: number; changed: number }[];
  /** What an image needs, by its digest, whether it is there or not. */
  closures: ReadonlyMap<string, ReadonlySet<string>>;
  /** The manifests and configurations that tell an image from others. */
  cores: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Opens the cache in a folder.
 *
 * @returns Nothing where there is no such folder, or no more than its beginnings.
 * @throws {StorageError} If the folder holds something else.
 */
export async function openCache(
  path: string,
): Promise<LayoutStore | undefined> {
  const names = await readdir(path).catch((): string[] => []);
  // One that is being made meanwhile gets its marker last.
  const store = await LayoutStore.find(path);
  if (store || names.every((name) => BEGUN.has(name))) return store;
  throw new StorageError("use", path, "not-a-layout");
}

/** What a cache holds that is not there. */
export function emptyScan(path: string): Scan {
  const none = (): CacheAmount => ({ count: 0, bytes: 0 });
  return {
    path,
    images: [],
    blobs: [],
    total: none(),
    shared: none(),
    unique: none(),
    unused: none(),
    unfinished: none(),
    parts: [],
    closures: new Map(),
    cores: new Map(),
  };
}

/**
 * Reads what a cache holds.
 *
 * @throws {StorageError} If it cannot be read.
 */
export async function scanCache(
  store: LayoutStore,
  signal?: AbortSignal,
): Promise<Scan> {
  const files = await blobFiles(store.path);
  const reader = new DocumentReader(store, files);
  const uses = await lastUses(store.path);
  const closures = new Map<string, Set<string>>();
  const cores = new Map<string, Set<string>>();
  const roots = new Map<string, HeldImage[]>();
  const sources = await sourcesOf(store);
  for (const image of await store.images()) {
    const { digest } = image.descriptor;
    roots.set(digest, [...roots.get(digest) ?? [], image]);
  }
  for (const digest of roots.keys()) {
    signal?.throwIfAborted();
    const found = await reader.closure(digest);
    closures.set(digest, found.digests);
    cores.set(digest, found.core);
  }
  await reader.addRelatives(closures, cores, signal);

  const documents = new Set([...cores.values()].flatMap((core) => [...core]));
  const users = new Map<string, string[]>();
  for (const [root, digests] of closures) {
    for (const digest of digests) {
      users.set(digest, [...users.get(digest) ?? [], root]);
    }
  }
  const scan = { ...emptyScan(store.path), closures, cores };
  for (const [root, held] of roots) {
    const found = closures.get(root)!;
    const sizes = [...found].flatMap((digest) => {
      const size = files.get(digest)?.size;
      return size === undefined ? [] : [{ digest, size }];
    });
    const own = sizes.filter(({ digest }) => users.get(digest)!.length === 1);
    scan.images.push({
      names: namesOf(held),
      digest: root,
      sourceDigests: sources.get(root)!,
      platforms: held.flatMap(({ descriptor }) => descriptor.platform ?? []),
      layers: reader.layersOf(root),
      size: sum(sizes),
      unique: sum(own),
      lastUsed: new Date(uses.get(root) ?? files.get(root)?.changed ?? 0),
      missing: reader.missingOf(root),
    });
  }
  scan.images.sort((a, b) => Number(b.lastUsed) - Number(a.lastUsed));
  const used = new Map(scan.images.map(({ digest, lastUsed }) => [
    digest,
    Number(lastUsed),
  ]));
  for (const [digest, { size, changed }] of files) {
    const images = users.get(digest) ?? [];
    const times = images.map((root) => used.get(root)!);
    scan.blobs.push({
      digest,
      size,
      kind: documents.has(digest) || reader.isDocument(digest)
        ? "document"
        : "blob",
      images,
      lastUsed: new Date(times.length ? Math.max(...times) : changed),
    });
    const kind = images.length === 0
      ? scan.unused
      : images.length === 1
      ? scan.unique
      : scan.shared;
    for (const amount of [kind, scan.total]) {
      amount.count++;
      amount.bytes += size;
    }
  }
  scan.blobs.sort((a, b) => b.size - a.size);
  scan.parts = await partialFiles(store.path);
  for (const { bytes } of scan.parts) {
    for (const amount of [scan.unfinished, scan.total]) {
      amount.count++;
      amount.bytes += bytes;
    }
  }
  return scan;
}

/** The names of an image, the full ones where there are such. */
function namesOf(held: readonly HeldImage[]): string[] {
  const names = held.flatMap(({ names, reference }) =>
    reference ? [formatReference(reference)] : names
  );
  return [...new Set(names)].sort();
}

/** The digests that names stand for at their registries, by those here. */
async function sourcesOf(store: LayoutStore): Promise<Map<string, string[]>> {
  const sources = new Map<string, string[]>();
  for (const { digest, annotations } of await store.entries()) {
    const known = sources.get(digest) ?? [];
    const noted = annotations?.[SOURCE_DIGEST];
    const source = noted !== undefined && isDigest(noted) ? noted : digest;
    if (!known.includes(source)) sources.set(digest, [...known, source]);
  }
  return sources;
}

function sum(blobs: readonly { size: number }[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

/** Every plain file that is called as a blob is, by digest. */
async function blobFiles(root: string): Promise<Map<string, BlobFile>> {
  const files = new Map<string, BlobFile>();
  const blobs = join(root, "blobs");
  for (const algorithm of await readdir(blobs).catch((): string[] => [])) {
    const folder = join(root, "blobs", algorithm);
    for (const name of await readdir(folder).catch((): string[] => [])) {
      const digest = `${algorithm}:${name}`;
      if (!isDigest(digest)) continue;
      const status = await lstat(join(folder, name)).catch(() => undefined);
      if (!status?.isFile()) continue;
      const { size, mtimeMs, ctimeMs } = status;
      // What came by a second name of an old file has that one's age.
      files.set(digest, { size, changed: Math.max(mtimeMs, ctimeMs || 0) });
    }
  }
  return files;
}

async function partialFiles(root: string): Promise<Scan["parts"]> {
  const folder = join(root, INGEST);
  const names = await readdir(folder).catch((): string[] => []);
  const parts: Scan["parts"] = [];
  for (const name of names.filter((name) => /\.partial$/.test(name))) {
    const path = join(folder, name);
    const status = await lstat(path).catch(() => undefined);
    if (!status?.isFile()) continue;
    parts.push({
      path,
      bytes: await occupied(path),
      changed: status.mtimeMs,
    });
  }
  return parts;
}
