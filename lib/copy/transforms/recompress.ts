/** Compresses one layer in another way, and verifies what is in it. */

import type { Compressor } from "../../compression/compress.ts";
import { compressionOf } from "../../compression/compression.ts";
import type { Expander } from "../../compression/expand.ts";
import { parseDigest } from "../../image/digest.ts";
import {
  ContentMismatchError,
  InvalidDocumentError,
} from "../../image/errors.ts";
import type { Descriptor } from "../../image/types.ts";
import type { StoreEntry } from "../../layout/entry.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import { type NewBlob, writeBlob } from "../../layout/new_blob.ts";
import type { LayerForm } from "./layer_types.ts";

/** How much of a layer is read at a time, in bytes. */
const CHUNK_BYTES = 512 * 1024;

/** A layer that is to be compressed in another way. */
export interface LayerSource {
  /** The layer. */
  layer: Descriptor;
  /** The digest of its plain tar, as the configuration has it. */
  diffId: string;
}

/**
 * Compresses a layer in another way.
 *
 * @param source The layer.
 * @param entry Its bytes, verified; closed at the end.
 * @param form The way.
 * @param store Where the result goes.
 * @throws {ContentMismatchError} If its content is not what its image says.
 * @throws {InvalidDocumentError} If it cannot be expanded.
 * @throws {StorageError} If the result cannot be written.
 */
export async function recompress(
  { layer, diffId }: LayerSource,
  entry: StoreEntry,
  form: LayerForm,
  { store, compressor, expander, signal }: {
    store: LayoutStore;
    compressor: Compressor;
    expander: Expander;
    signal?: AbortSignal;
  },
): Promise<NewBlob> {
  const subject = `layer ${layer.digest}`;
  try {
    const head = new Uint8Array(Math.min(8, layer.size));
    await entry.read(head, 0);
    const compression = compressionOf(head);
    if (compression === "bzip2" || compression === "xz") {
      throw new InvalidDocumentError(subject, {
        code: "unknown-compression",
        compression,
      });
    }
    let failed: { error: unknown } | undefined;
    const read = async function* () {
      try {
        yield* readEntry(entry, layer.size);
      } catch (error) {
        failed = { error };
        throw error;
      }
    };
    const { algorithm } = parseDigest(diffId);
    const plain = async function* () {
      const how = { compression, algorithm, signal };
      const stream = expander.expand(read(), how);
      let size = 0;
      while (true) {
        const { value, done } = await stream.next().catch((error) => {
          signal?.throwIfAborted();
          if (failed) throw failed.error;
          throw new InvalidDocumentError(subject, {
            code: "cannot-expand",
            compression,
            reason: (error as Error).message,
          }, { cause: error });
        });
        if (!done) {
          size += value.length;
          yield value;
          continue;
        }
        if (value === diffId) return;
        const tar = { mediaType: layer.mediaType, digest: diffId, size };
        throw new ContentMismatchError(tar, { digest: value });
      }
    };
    return await writeBlob(
      store.path,
      form === "plain" ? plain() : compressor.compress(plain(), form),
    );
  } finally {
    await entry.close();
  }
}

async function* readEntry(
  entry: StoreEntry,
  size: number,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size));
  for (let position = 0; position < size;) {
    const part = buffer.subarray(0, Math.min(CHUNK_BYTES, size - position));
    const count = await entry.read(part, position);
    if (count === 0) return;
    yield part.subarray(0, count);
    position += count;
  }
}
