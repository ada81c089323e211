/** Follows the documents of a cache from image to image's parts. */

import { MAX_DOCUMENT_SIZE } from "../image/manifest.ts";
import { digestBytes, isDigest, parseDigest } from "../image/digest.ts";
import { openIfPlain } from "../disk/plain_file.ts";
import type { LayoutStore } from "../layout/layout_store.ts";

/** A blob's file. */
export interface BlobFile {
  /** Its bytes. */
  size: number;
  /** When it came or changed, in milliseconds since 1970. */
  changed: number;
}

/** What a document names; all of it by digest. */
interface Parts {
  /** Further documents: of an index. */
  manifests: string[];
  /** The configuration. */
  config?: string;
  /** Layers, and the blobs of what is no image. */
  layers: string[];
  /** What it says something of, as a signature does. */
  subject?: string;
}

/** All that is below a document. */
interface Closure {
  /** The document itself, and everything below it. */
  digests: Set<string>;
  /** Its documents and configurations. */
  core: Set<string>;
}

/**
 * Reads documents, each once. One that is damaged counts as missing; nothing is
 * removed by reading.
 */
export class DocumentReader {
  readonly #store: LayoutStore;
  readonly #files: ReadonlyMap<string, BlobFile>;
  readonly #parts = new Map<string, Parts | undefined>();

  /**
   * Reads nothing yet.
   *
   * @param files The blobs that are there.
   */
  constructor(store: LayoutStore, files: ReadonlyMap<string, BlobFile>) {
    this.#store = store;
    this.#files = files;
  }

  /** Everything below a document, be it there or not. */
  async closure(root: string): Promise<Closure> {
    const digests = new Set<string>();
    const core = new Set<string>();
    const waiting = [root];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      if (core.has(next)) continue;
      digests.add(next);
      core.add(next);
      const parts = await this.#read(next);
      if (!parts) continue;
      waiting.push(...parts.manifests);
      if (parts.config !== undefined) {
        digests.add(parts.config);
        core.add(parts.config);
      }
      for (const layer of parts.layers) digests.add(layer);
    }
    return { digests, core };
  }

  /** How many layers the images below a document have. */
  layersOf(root: string): number {
    const layers = this.#manifestsBelow(root).flatMap(({ layers }) => layers);
    return new Set(layers).size;
  }

  /** What an image lacks. Of an index, one platform is often all that is there. */
  missingOf(root: string): string[] {
    if (!this.#parts.get(root)) return [root];
    const parts = this.#manifestsBelow(root).flatMap(({ config, layers }) =>
      [config ?? [], layers].flat()
    );
    return [...new Set(parts)].filter((digest) => !this.#files.has(digest));
  }

  /** Whether it was read as a document. */
  isDocument(digest: string): boolean {
    return this.#parts.get(digest) !== undefined;
  }

  /**
   * Adds to the images what belongs to them, though no name leads to it: the
   * index that an image was chosen from, its manifest as its registry had it,
   * and what says something of it.
   */
  async addRelatives(
    closures: ReadonlyMap<string, Set<string>>,
    cores: ReadonlyMap<string, Set<string>>,
    signal?: AbortSignal,
  ): Promise<void> {
    const reached = new Set([...closures.values()].flatMap((set) => [...set]));
    const loose: { digest: string; parts: Parts }[] = [];
    for (const [digest, { size }] of this.#files) {
      if (reached.has(digest) || size > MAX_DOCUMENT_SIZE) continue;
      signal?.throwIfAborted();
      const parts = await this.#read(digest);
      if (parts) loose.push({ digest, parts });
    }
    // By way of a manifest, an index may belong to an image, too.
    for (let isNew = true; isNew;) {
      isNew = false;
      for (const { digest, parts } of loose) {
        const { manifests, config, subject, layers } = parts;
        for (const [root, core] of cores) {
          if (core.has(digest)) continue;
          const says = subject !== undefined && core.has(subject);
          const isOf = says || manifests.some((each) => core.has(each)) ||
            config !== undefined && core.has(config);
          if (!isOf) continue;
          isNew = true;
          const all = closures.get(root)!;
          for (const set of [core, all]) set.add(digest);
          if (!says) continue;
          for (const part of [config ?? [], layers].flat()) all.add(part);
        }
      }
    }
  }

  #manifestsBelow(root: string): Parts[] {
    const found: Parts[] = [];
    const seen = new Set<string>();
    const waiting = [root];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      const parts = this.#parts.get(next);
      if (!parts) continue;
      found.push(parts);
      waiting.push(...parts.manifests);
    }
    return found;
  }

  async #read(digest: string): Promise<Parts | undefined> {
    if (!this.#parts.has(digest)) {
      this.#parts.set(digest, await this.#parse(digest).catch(() => undefined));
    }
    return this.#parts.get(digest);
  }

  async #parse(digest: string): Promise<Parts | undefined> {
    const file = this.#files.get(digest);
    if (!file || file.size > MAX_DOCUMENT_SIZE || file.size < 2) return;
    const { handle } = await openIfPlain(this.#store.blobPath(digest)) ?? {};
    if (!handle) return undefined;
    try {
      // Most small blobs are layers: one look at the beginning is enough.
      const first = new Uint8Array(1);
      await handle.read(first, 0, 1, 0);
      if (!/[{\s]/.test(String.fromCharCode(first[0]!))) return undefined;
      const bytes = new Uint8Array(file.size);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      if (bytesRead !== file.size) return undefined;
      const { algorithm } = parseDigest(digest);
      if (await digestBytes(bytes, algorithm) !== digest) return undefined;
      return partsOf(JSON.parse(new TextDecoder().decode(bytes)));
    } finally {
      await handle.close();
    }
  }
}

/** What a document names; nothing for what is neither index nor manifest. */
function partsOf(value: unknown): Parts | undefined {
  const { manifests, config, layers, blobs, fsLayers, subject } =
    value as Record<string, unknown>;
  const parts: Parts = {
    manifests: list(manifests),
    config: digestIn(config),
    layers: [...list(layers), ...list(blobs), ...list(fsLayers)],
    subject: digestIn(subject),
  };
  const isManifest = Array.isArray(manifests) || Array.isArray(layers) ||
    Array.isArray(fsLayers) || Array.isArray(blobs) ||
    parts.config !== undefined;
  return isManifest ? parts : undefined;
}

function list(value: unknown): string[] {
  return Array.isArray(value)
    ? value.flatMap((each) => digestIn(each) ?? [])
    : [];
}

function digestIn(value: unknown): string | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const { digest, blobSum } = value as Record<string, unknown>;
  const found = digest ?? blobSum;
  return typeof found === "string" && isDigest(found) ? found : undefined;
}
