/** Reads layers to tell how large they are when they are expanded. */

import { compressionOf } from "../compression/compression.ts";
import { Expander } from "../compression/expand.ts";
import { parseDigest } from "../image/digest.ts";
import {
  ContentMismatchError,
  UnsupportedMediaTypeError,
} from "../image/errors.ts";
import type { ImageSource } from "../image/image_source.ts";
import { unpackedOf } from "./image.ts";
import type { InspectedImage, InspectedLayer } from "./report.ts";

/**
 * Expands an image's layers, each once, and notes how large they are.
 *
 * @throws {ContentMismatchError} If one is not what its configuration says.
 */
export async function measureLayers(
  image: InspectedImage,
  source: ImageSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  const known = new Map<string, number>();
  const expander = new Expander();
  try {
    for (const layer of image.layers) {
      const { digest } = layer.descriptor;
      layer.unpacked ??= known.get(digest) ??
        await measure(layer, source, expander, signal);
      if (layer.unpacked !== undefined) known.set(digest, layer.unpacked);
    }
  } finally {
    expander.close();
  }
  if (image.artifact === undefined) image.unpacked = unpackedOf(image.layers);
}

async function measure(
  { descriptor, diffId }: InspectedLayer,
  source: ImageSource,
  expander: Expander,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  if (diffId === undefined) return undefined;
  const { body } = await source.fetchBlob(descriptor, { signal });
  const reader = body.getReader();
  try {
    const first = await reader.read();
    const compression = compressionOf(first.value ?? new Uint8Array());
    if (compression === "bzip2" || compression === "xz") {
      throw new UnsupportedMediaTypeError(descriptor.mediaType, {
        code: "unknown-layer",
      });
    }
    const { algorithm } = parseDigest(diffId);
    const expanding = expander.expand(chunksOf(first, reader), {
      compression,
      algorithm,
      signal,
    });
    let size = 0;
    while (true) {
      const next = await expanding.next();
      if (next.done) {
        if (next.value === diffId) return size;
        throw new ContentMismatchError(
          { ...descriptor, digest: diffId },
          { digest: next.value },
        );
      }
      size += next.value.length;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function* chunksOf(
  first: ReadableStreamReadResult<Uint8Array>,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (let next = first; !next.done; next = await reader.read()) {
    yield next.value;
  }
}
