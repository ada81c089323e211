/**
 * Digests: `sha256` and `sha512` by the runtime's own code, which is the
 * fastest there is, `blake3` by `@std/crypto`.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests}
 */

import { createHash } from "node:crypto";
import { ContentMismatchError, InvalidDigestError } from "./errors.ts";
import type { Descriptor } from "./types.ts";

/** The algorithms, by the number of hex digits that they give. */
const HEX_LENGTHS: ReadonlyMap<string, number> = new Map([
  ["sha256", 64],
  ["sha512", 128],
  ["blake3", 64],
]);

/** Computes a digest of bytes that come piece by piece, in order. */
export interface Hasher {
  /** Takes the next bytes; they may be overwritten once it has returned. */
  update(bytes: Uint8Array): void;
  /** The digest of all bytes, as `algorithm:hex`. It is called once. */
  digest(): string | Promise<string>;
}

/**
 * Takes a digest apart. Whatever becomes part of a path or an address goes
 * through here first.
 *
 * @param text Such as `sha256:` and 64 hex digits in lower case.
 * @returns The algorithm and the hex digits.
 * @throws {InvalidDigestError} If it is no digest or the algorithm is unknown.
 */
export function parseDigest(text: string): { algorithm: string; hex: string } {
  const colon = typeof text === "string" ? text.indexOf(":") : -1;
  if (colon < 0) {
    throw new InvalidDigestError(String(text), { code: "no-algorithm" });
  }
  const algorithm = text.slice(0, colon);
  const hex = text.slice(colon + 1);
  const length = HEX_LENGTHS.get(algorithm);
  if (length === undefined) {
    throw unknownAlgorithm(text);
  }
  if (hex.length !== length || !/^[0-9a-f]+$/.test(hex)) {
    throw new InvalidDigestError(text, { code: "bad-hex", algorithm, length });
  }
  return { algorithm, hex };
}

/** Whether a text is a digest by a known algorithm. */
export function isDigest(text: unknown): text is string {
  try {
    parseDigest(text as string);
    return true;
  } catch (error) {
    if (error instanceof InvalidDigestError) return false;
    throw error;
  }
}

function unknownAlgorithm(text: string): InvalidDigestError {
  const known = [...HEX_LENGTHS.keys()];
  return new InvalidDigestError(text, { code: "unknown-algorithm", known });
}

/**
 * Begins a digest.
 *
 * @param algorithm `sha256`, `sha512` or `blake3`.
 * @returns What takes the bytes.
 * @throws {InvalidDigestError} If the algorithm is unknown.
 */
export function createHasher(algorithm: string): Hasher {
  if (algorithm === "blake3") return streamingHasher(algorithm);
  if (!HEX_LENGTHS.has(algorithm)) {
    throw unknownAlgorithm(algorithm);
  }
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => `${algorithm}:${hash.digest("hex")}`,
  };
}

/** Turns pushed pieces into the iteration that `@std/crypto` pulls from. */
function streamingHasher(algorithm: string): Hasher {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let ended = false;
  let wake = () => {};
  async function* take() {
    while (true) {
      const piece = pieces.shift();
      if (piece) yield piece;
      else if (ended) return;
      else await new Promise<void>((resolve) => wake = resolve);
    }
  }
  let result: Promise<ArrayBuffer> | undefined;
  const start = () =>
    result ??= import("@std/crypto").then(({ crypto }) =>
      crypto.subtle.digest("BLAKE3", take())
    );
  return {
    update(bytes) {
      start();
      pieces.push(bytes.slice());
      wake();
    },
    async digest() {
      ended = true;
      wake();
      return `${algorithm}:${toHex(new Uint8Array(await start()))}`;
    },
  };
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/**
 * The digest of bytes that are all there.
 *
 * @param bytes The bytes.
 * @param algorithm `sha256`, `sha512` or `blake3`.
 * @returns Such as `sha256:` and 64 hex digits.
 */
export async function digestBytes(
  bytes: Uint8Array,
  algorithm = "sha256",
): Promise<string> {
  const hasher = createHasher(algorithm);
  hasher.update(bytes);
  return await hasher.digest();
}

/**
 * Holds bytes against their descriptor: the size first, then the digest.
 *
 * @param bytes The bytes.
 * @param descriptor What they should be.
 * @throws {ContentMismatchError} If they are not.
 */
export async function verifyBytes(
  bytes: Uint8Array,
  descriptor: Descriptor,
): Promise<void> {
  if (bytes.length !== descriptor.size) {
    throw new ContentMismatchError(descriptor, { size: bytes.length });
  }
  const { algorithm } = parseDigest(descriptor.digest);
  const digest = await digestBytes(bytes, algorithm);
  if (digest !== descriptor.digest) {
    throw new ContentMismatchError(descriptor, { digest });
  }
}
