/** Bytes that come out the same everywhere: noise, and text that compresses. */

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
  try {
    for (let left = size; left > 0; left -= CHUNK_SIZE) {
      yield cipher.update(
        left < CHUNK_SIZE ? zeros.subarray(0, left) : zeros,
      );
    }
  } finally {
    cipher.final();
  }
}

const WORDS = 4096;
const LONGEST = 10;

/**
 * Yields `size` bytes of words of a vocabulary, the rarer the later they stand
 * in it: compressors make about half of that, as of programs and libraries.
 */
export function* seededText(
  seed: string,
  size: number,
): Generator<Uint8Array> {
  const letters = [...seededBytes(`${seed} words`, WORDS * (LONGEST + 1))][0]!;
  const words = Array.from({ length: WORDS }, (_, index) => {
    const at = index * (LONGEST + 1);
    const length = 3 + letters[at]! % (LONGEST - 2);
    return letters.subarray(at + 1, at + 1 + length)
      .map((byte) => 97 + byte % 26);
  });
  let left = size;
  const out = new Uint8Array(CHUNK_SIZE);
  // Three bytes choose a word, which is six letters and a space.
  for (const noise of seededBytes(seed, 2 * size + CHUNK_SIZE)) {
    let filled = 0;
    for (let at = 0; at + 2 < noise.length; at += 3) {
      const some = (noise[at]! << 4 | noise[at + 1]! >> 4) & (WORDS - 1);
      const word = words[some * noise[at + 2]! >> 8]!;
      if (filled + word.length + 1 > out.length) break;
      out.set(word, filled);
      filled += word.length;
      out[filled++] = 32;
    }
    const length = Math.min(filled, left);
    yield out.slice(0, length);
    left -= length;
    if (left === 0) return;
  }
}
