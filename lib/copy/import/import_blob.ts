/** One blob on its way from a file of this machine into the cache. */

import { createHasher, parseDigest } from "../../image/digest.ts";
import { ArchiveError, ContentMismatchError } from "../../image/errors.ts";
import type { Descriptor } from "../../image/types.ts";
import { StoreEntry } from "../../layout/entry.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import { isRightBlob } from "../../layout/right_blob.ts";
import type { Held } from "../sources/held.ts";

/** How much is read at a time, in bytes. */
const CHUNK_BYTES = 1024 * 1024;

/** How a blob is copied. */
export interface CopyBlobOptions {
  /** Ends it. */
  signal?: AbortSignal;
  /** Told of bytes that were read. */
  onBytes(bytes: number): void;
}

/**
 * Copies a blob into the cache, verified on the way, or gives it a second name
 * there where it is a file of its own.
 *
 * @returns Whether the cache lacked it.
 * @throws {ContentMismatchError} If it is another; then the cache has none.
 */
export async function copyBlob(
  held: Held,
  cache: LayoutStore,
  descriptor: Descriptor,
  { signal, onBytes }: CopyBlobOptions,
): Promise<boolean> {
  signal?.throwIfAborted();
  if (await cache.has(descriptor)) {
    onBytes(descriptor.size);
    return false;
  }
  const blob = await held.blob(descriptor);
  if (!blob) {
    const name = descriptor.digest;
    throw new ArchiveError(held.path, { code: "missing-file", name });
  }
  try {
    if (held.hasFiles) {
      const { path } = blob.region;
      // What is not right is copied, which tells in what it differs.
      if (await isRightBlob(path, descriptor, { signal })) {
        await cache.adoptFile(path, descriptor, { signal });
        onBytes(descriptor.size);
        return true;
      }
    }
    const place = await cache.ingest(descriptor, { signal });
    if (place instanceof StoreEntry) {
      await place.close();
      onBytes(descriptor.size);
      return false;
    }
    const hasher = createHasher(parseDigest(descriptor.digest).algorithm);
    try {
      const { size } = descriptor;
      const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size));
      let position = 0;
      while (position < size) {
        signal?.throwIfAborted();
        const wanted = buffer.subarray(
          0,
          Math.min(CHUNK_BYTES, size - position),
        );
        const length = await blob.read(wanted, position);
        if (length === 0) break;
        const bytes = wanted.subarray(0, length);
        hasher.update(bytes);
        await place.write(bytes, position);
        position += length;
        onBytes(length);
      }
      if (position < size) {
        throw new ContentMismatchError(descriptor, { size: position });
      }
      const digest = await hasher.digest();
      if (digest !== descriptor.digest) {
        throw new ContentMismatchError(descriptor, { digest });
      }
    } catch (error) {
      if (error instanceof ContentMismatchError) await place.discard();
      else await place.close();
      throw error;
    }
    await place.commit();
    return true;
  } finally {
    await blob.close();
  }
}
