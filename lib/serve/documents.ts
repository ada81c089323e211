/** Reads manifests, indexes and configurations, each once, and verifies them. */

import type { FileHandle } from "node:fs/promises";
import { readAt } from "../disk/io.ts";
import { digestBytes, parseDigest } from "../image/digest.ts";
import { StorageError } from "../image/errors.ts";
import { MAX_DOCUMENT_SIZE } from "../image/manifest.ts";
import { type Contents, openStored, type Stored } from "./shelf.ts";

/** The most bytes of documents that are kept in memory. */
const MOST_KEPT_BYTES = 32 * 1024 * 1024;

/** Documents by digest: their bytes never change. */
export class Documents {
  readonly #kept = new Map<string, Uint8Array<ArrayBuffer>>();
  #size = 0;

  /**
   * The bytes of a document, which are those of its digest.
   *
   * @returns The bytes; `undefined` where there are none of that digest, or
   * too many, or others, or they cannot be read.
   */
  async read(
    contents: Contents,
    digest: string,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const known = this.#kept.get(digest);
    // What is in memory and no longer on the disk is not served.
    const stored = await contents.find(digest);
    if (!stored || stored.size > MAX_DOCUMENT_SIZE) return undefined;
    if (stored.bytes) return stored.bytes;
    if (known?.length === stored.size) {
      this.#kept.delete(digest);
      this.#kept.set(digest, known);
      return known;
    }
    const bytes = await bytesOf(stored);
    if (!bytes) return undefined;
    const { algorithm } = parseDigest(digest);
    if (await digestBytes(bytes, algorithm) !== digest) return undefined;
    this.#keep(digest, bytes);
    return bytes;
  }

  #keep(digest: string, bytes: Uint8Array<ArrayBuffer>): void {
    // Two requests may have read the same at a time.
    if (this.#kept.has(digest) || bytes.length > MOST_KEPT_BYTES / 8) return;
    this.#kept.set(digest, bytes);
    this.#size += bytes.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#size <= MOST_KEPT_BYTES) break;
      this.#kept.delete(oldest);
      this.#size -= length;
    }
  }
}

async function bytesOf(
  stored: Extract<Stored, { bytes?: undefined }>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { size, region: { path, offset } } = stored;
  const bytes = new Uint8Array(size);
  let handle: FileHandle | undefined;
  try {
    handle = await openStored(stored);
    if (!handle) return undefined;
    return await readAt(handle, bytes, offset, path) < size ? undefined : bytes;
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  } finally {
    await handle?.close();
  }
}
