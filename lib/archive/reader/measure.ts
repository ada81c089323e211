/** Digests of a file as it is stored, and expanded, in one reading. */

import { compressionOf } from "../../compression/compression.ts";
import { expand, type Expander } from "../../compression/expand.ts";
import { createHasher } from "../../image/digest.ts";
import { canExpand, isBomb } from "./expansion.ts";

/** What a file's bytes are. */
export interface Measured {
  /** How many there are. */
  size: number;
  /** Their digest. */
  digest: string;
  /** How they are compressed. */
  compression: ReturnType<typeof compressionOf>;
  /** The digest when expanded; without it, see `failure`. */
  expanded?: string;
  /** Why they could not be expanded, where they should have been. */
  failure?: string;
  /** Whether this runtime knows no such compression. */
  unchecked?: boolean;
}

/** Which digests are wanted. */
export interface MeasureOptions {
  /**
   * What expands.
   *
   * @default {undefined} A thread of its own.
   */
  expander?: Expander;
  /** The algorithm of the bytes as stored. */
  algorithm: string;
  /**
   * The algorithm of the expanded bytes.
   *
   * @default {undefined} They are not expanded.
   */
  expanded?: string;
}

/** The algorithms of what comes out that can be computed beside. */
const EXPANDED = ["sha256", "sha512"];

/**
 * Measures bytes; no more than a piece of them is in memory.
 *
 * @throws Whatever reading them throws.
 */
export async function measure(
  chunks: AsyncIterable<Uint8Array>,
  { expander, algorithm, expanded }: MeasureOptions,
): Promise<Measured> {
  const hasher = createHasher(algorithm);
  const input = chunks[Symbol.asyncIterator]();
  let size = 0;
  let failed: { error: unknown } | undefined;
  /** The next bytes, which are counted then. */
  const next = async () => {
    try {
      const { value, done } = await input.next();
      if (done) return undefined;
      size += value.length;
      hasher.update(value);
      return value;
    } catch (error) {
      failed = { error };
      throw error;
    }
  };
  try {
    const first = await next();
    const compression = compressionOf(first ?? new Uint8Array());
    let more: Pick<Measured, "expanded" | "failure"> = {};
    const decoded = first && expanded !== undefined && canExpand(compression) &&
      EXPANDED.includes(expanded);
    if (decoded) {
      const all = async function* () {
        for (let bytes: typeof first | undefined = first; bytes;) {
          yield bytes;
          bytes = await next();
        }
      };
      try {
        const algorithm = expanded;
        const how = { compression, algorithm };
        const stream = expander?.expand(all(), how) ?? expand(all(), how);
        more = { expanded: await digestOf(stream, () => size) };
      } catch (error) {
        if (failed) throw failed.error;
        more = { failure: (error as Error).message };
      }
    }
    while (await next());
    const stored = { size, digest: await hasher.digest(), compression };
    if (expanded === undefined || decoded) return { ...stored, ...more };
    if (compression !== "none") return { ...stored, unchecked: true };
    if (expanded === algorithm) return { ...stored, expanded: stored.digest };
    return { ...stored, unchecked: true };
  } finally {
    await input.return?.();
  }
}

async function digestOf(
  stream: AsyncGenerator<Uint8Array, string>,
  stored: () => number,
): Promise<string> {
  let expanded = 0;
  try {
    while (true) {
      const { value, done } = await stream.next();
      if (done) return value;
      expanded += value.length;
      if (isBomb(stored(), expanded)) {
        throw new Error("it expands to more than any layer does");
      }
    }
  } finally {
    await stream.return("");
  }
}
