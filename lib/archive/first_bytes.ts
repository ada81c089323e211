/** The beginning of what is in a compressed file. */

import type { FileHandle } from "node:fs/promises";
import type { Compression } from "../compression/compression.ts";
import { expand } from "../compression/expand.ts";

const CHUNK_BYTES = 64 * 1024;

/**
 * Expands the beginning of a file.
 *
 * @param most How many bytes there are at most.
 * @returns Those that there are before anything is wrong.
 */
export async function firstBytes(
  handle: FileHandle,
  compression: Compression,
  most: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(most);
  let size = 0;
  const chunks = async function* () {
    for (let position = 0;;) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  };
  try {
    const algorithm = "sha256";
    for await (const part of expand(chunks(), { compression, algorithm })) {
      const wanted = part.subarray(0, most - size);
      bytes.set(wanted, size);
      size += wanted.length;
      if (size === most) break;
    }
  } catch {
    // It may be damaged, and yet one of ours.
  }
  return bytes.subarray(0, size);
}
