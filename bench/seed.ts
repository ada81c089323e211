/** Bytes that no compressor shrinks and that come out the same everywhere. */

import { createCipheriv, createHash } from "node:crypto";

const CHUNK_SIZE = 1 << 20;

/**
 * Yields `size` pseudo-random bytes, the same for the same seed: the key
 * stream of AES-128-CTR, which processors make at gigabytes a second.
 */
export function* seededBytes(
  seed: string,
  size: number,
): Generator<Uint8Array> {
  const key = createHash("sha256").update(seed).digest().subarray(0, 16);
  const cipher = createCipheriv("aes-128-ctr", key, new Uint8Array(16));
  const zeros = new Uint8Array(CHUNK_SIZE);
  for (let left = size; left > 0; left -= CHUNK_SIZE) {
    yield cipher.update(
      left < CHUNK_SIZE ? zeros.subarray(0, left) : zeros,
    );
  }
}
