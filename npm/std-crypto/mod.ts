/** `@std/crypto`'s digests over @noble/hashes and node:crypto. */
import { blake3 } from "@noble/hashes/blake3.js";
import { createHash } from "node:crypto";

const NAMES = {
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

/** The algorithms that this stands in for. */
export type DigestAlgorithmName = "BLAKE3" | "SHA-256" | "SHA-384" | "SHA-512";

type Chunks = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The digest of one array of bytes, or of all chunks in their order. */
async function digest(
  algorithm: DigestAlgorithmName,
  data: Chunks,
): Promise<ArrayBuffer> {
  const hash = algorithm === "BLAKE3"
    ? blake3.create()
    : createHash(NAMES[algorithm]);
  for await (const chunk of data instanceof Uint8Array ? [data] : data) {
    hash.update(chunk);
  }
  return new Uint8Array(hash.digest()).buffer;
}

export const crypto = { subtle: { digest } };
