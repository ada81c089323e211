/** Makes room in a cache. */

import {
  checkOptions,
  FLAG,
  numberFrom,
  type Rules,
} from "../image/options.ts";
import type { LayoutStore } from "../layout/layout_store.ts";
import { guardUses, type Needs, needsOf } from "../layout/uses.ts";
import {
  type CachedImage,
  openCache,
  type Scan,
  scanCache,
} from "./contents.ts";
import { CACHE_RULES, type CacheOptions, DEFAULT_FOLDER } from "./options.ts";
import {
  blobsOfOnly,
  isInUse,
  isNeeded,
  type Removal,
  remove,
} from "./removal.ts";

/** What has come in part and was not gone on with for so long, is left behind. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** What is to go; one of the three at least is given. */
export interface PruneOptions extends CacheOptions {
  /** What was not used for so long, in milliseconds. */
  olderThan?: number;
  /**
   * What is too much for so many bytes: first what nothing refers to, then the
   * images that were used least recently.
   */
  maxSize?: number;
  /** What nothing refers to, and what has come in part more than a day ago. */
  unused?: boolean;
  /**
   * Whether nothing is removed, but told of.
   *
   * @default {false}
   */
  dryRun?: boolean;
  /** The time, in milliseconds since 1970; for tests. */
  now?: number;
}

/** What was removed. */
export interface PruneResult {
  /** The images, under all their names. */
  images: CachedImage[];
  /** How many blobs, and parts of such. */
  blobs: number;
  /** Their bytes. */
  bytes: number;
  /** The bytes that are left. */
  left: number;
  /** The images that stayed as a running pull needs them. */
  inUse: CachedImage[];
}

const PRUNE_RULES: Rules<PruneOptions> = {
  ...CACHE_RULES,
  olderThan: numberFrom(0, Number.MAX_SAFE_INTEGER),
  maxSize: numberFrom(0, Number.MAX_SAFE_INTEGER),
  unused: FLAG,
  dryRun: FLAG,
  now: numberFrom(0, Number.MAX_SAFE_INTEGER),
};

/**
 * Removes what is old, too much or of no use from a cache. Pulls may run
 * meanwhile: what they need stays, and those that begin wait for a moment.
 *
 * @param options What goes.
 * @returns What went.
 * @throws {TypeError} If nothing is said of what goes.
 * @throws {StorageError} If something cannot be removed.
 *
 * @example
 * ```ts ignore
 * import { pruneCache } from "@x/docker-pull";
 *
 * const { bytes } = await pruneCache({ maxSize: 20e9, unused: true });
 * console.log(bytes, "bytes freed");
 * ```
 */
export async function pruneCache(
  options: PruneOptions,
): Promise<PruneResult> {
  checkOptions("prune the cache", options, PRUNE_RULES);
  const { olderThan, maxSize, unused, dryRun = false } = options;
  if (olderThan === undefined && maxSize === undefined && !unused) {
    throw new TypeError(
      "Cannot prune the cache: none of olderThan, maxSize and unused is given",
    );
  }
  const { cacheDir = DEFAULT_FOLDER, signal } = options;
  const store = await openCache(cacheDir);
  if (!store) return { images: [], blobs: 0, bytes: 0, left: 0, inUse: [] };
  if (dryRun) return await pruneIn(store, options);
  const guard = await guardUses(store.path, { signal });
  try {
    return await pruneIn(store, options);
  } finally {
    await guard.release();
  }
}

async function pruneIn(
  store: LayoutStore,
  options: PruneOptions,
): Promise<PruneResult> {
  const { dryRun = false, signal } = options;
  const needs = await needsOf(store.path);
  const scan = await scanCache(store, signal);
  const choice = new Choice(scan, needs);
  const { olderThan, maxSize, unused = false, now = Date.now() } = options;
  if (olderThan !== undefined) choice.takeOlder(now - olderThan);
  if (unused) choice.takeUnused(now - ABANDONED_MS);
  if (maxSize !== undefined) choice.takeDownTo(maxSize);
  signal?.throwIfAborted();
  const { images, inUse } = choice;
  const freed = dryRun
    ? { blobs: choice.count, bytes: scan.total.bytes - choice.left }
    : await remove(store, choice.removal, needs);
  return {
    images,
    ...freed,
    left: scan.total.bytes - freed.bytes,
    inUse: [...inUse],
  };
}

/** Chooses what goes. */
class Choice {
  readonly inUse = new Set<CachedImage>();
  /** The bytes that would be left. */
  left: number;
  readonly #scan: Scan;
  readonly #needs: Needs;
  readonly #images = new Set<CachedImage>();
  readonly #blobs = new Map<string, number>();
  readonly #parts = new Set<Scan["parts"][number]>();

  constructor(scan: Scan, needs: Needs) {
    this.#scan = scan;
    this.#needs = needs;
    this.left = scan.total.bytes;
  }

  get images(): CachedImage[] {
    return [...this.#images];
  }

  /** How many blobs and parts. */
  get count(): number {
    return this.#blobs.size + this.#parts.size;
  }

  get removal(): Removal {
    return {
      images: this.images,
      names: [],
      blobs: [...this.#blobs.keys()],
      parts: [...this.#parts],
    };
  }

  /** What was not used since a time. */
  takeOlder(time: number): void {
    for (const image of this.#scan.images) {
      if (Number(image.lastUsed) < time) this.#takeImage(image);
    }
    for (const blob of this.#loose()) {
      if (Number(blob.lastUsed) < time) this.#takeBlob(blob);
    }
    this.#takeParts(time);
  }

  /** What nothing refers to; of the parts, those that were left behind. */
  takeUnused(time: number): void {
    for (const blob of this.#loose()) this.#takeBlob(blob);
    this.#takeParts(time);
  }

  /** What is too much, as long as it is. */
  takeDownTo(size: number): void {
    const oldest = <T>(time: (each: T) => number) => (a: T, b: T) =>
      time(a) - time(b);
    const loose = this.#loose().sort(oldest((blob) => Number(blob.lastUsed)));
    for (const blob of loose) {
      if (this.left <= size) return;
      this.#takeBlob(blob);
    }
    const parts = this.#scan.parts.toSorted(oldest(({ changed }) => changed));
    for (const part of parts) {
      if (this.left <= size) return;
      this.#takePart(part);
    }
    const images = this.#scan.images
      .toSorted(oldest(({ lastUsed }) => Number(lastUsed)));
    for (const image of images) {
      if (this.left <= size) return;
      this.#takeImage(image);
    }
  }

  #loose() {
    return this.#scan.blobs.filter(({ images }) => images.length === 0);
  }

  #takeImage(image: CachedImage): void {
    if (this.#images.has(image)) return;
    if (isInUse(image, this.#scan, this.#needs)) {
      this.inUse.add(image);
      return;
    }
    this.#images.add(image);
    const gone = new Set(this.images.map(({ digest }) => digest));
    const sizes = new Map(
      this.#scan.blobs.map(({ digest, size }) => [digest, size]),
    );
    for (const digest of blobsOfOnly(this.#scan, gone)) {
      if (!this.#needs.digests.has(digest)) {
        this.#take(digest, sizes.get(digest)!);
      }
    }
  }

  #takeBlob(
    { digest, size, lastUsed }: Scan["blobs"][number],
  ): void {
    if (isNeeded(digest, Number(lastUsed), this.#needs)) return;
    this.#take(digest, size);
  }

  #take(digest: string, size: number): void {
    if (this.#blobs.has(digest)) return;
    this.#blobs.set(digest, size);
    this.left -= size;
  }

  #takeParts(time: number): void {
    for (const part of this.#scan.parts) {
      if (part.changed < time) this.#takePart(part);
    }
  }

  #takePart(part: Scan["parts"][number]): void {
    if (this.#parts.has(part)) return;
    if (part.changed >= this.#needs.since - 2_000) return;
    this.#parts.add(part);
    this.left -= part.bytes;
  }
}
