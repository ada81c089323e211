/** Digests of a file as it is stored, and expanded, in one reading. */

import { once } from "node:events";
import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { createHasher } from "../image/digest.ts";
import { compressionOf } from "./source.ts";

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
  /** The algorithm of the bytes as stored. */
  algorithm: string;
  /**
   * The algorithm of the expanded bytes.
   *
   * @default {undefined} They are not expanded.
   */
  expanded?: string;
}

/**
 * Measures bytes; no more than a piece of them is in memory.
 *
 * @throws Whatever reading them throws.
 */
export async function measure(
  chunks: AsyncIterable<Uint8Array>,
  { algorithm, expanded }: MeasureOptions,
): Promise<Measured> {
  const hasher = createHasher(algorithm);
  let size = 0;
  let compression: Measured["compression"] | undefined;
  let expander: Expander | undefined;
  try {
    for await (const bytes of chunks) {
      if (compression === undefined) {
        compression = compressionOf(bytes);
        const decoder = expanded === undefined
          ? undefined
          : decoderOf(compression);
        if (decoder) expander = new Expander(decoder, expanded!);
      }
      size += bytes.length;
      hasher.update(bytes);
      await expander?.write(bytes);
    }
    compression ??= "none";
    const digest = await hasher.digest();
    const stored = { size, digest, compression };
    if (expanded === undefined) return stored;
    if (expander) return { ...stored, ...await expander.end() };
    if (compression !== "none") return { ...stored, unchecked: true };
    if (expanded === algorithm) return { ...stored, expanded: digest };
    return { ...stored, unchecked: true };
  } finally {
    expander?.stop();
  }
}

function decoderOf(
  compression: Measured["compression"],
): Transform | undefined {
  if (compression === "gzip") return zlib.createGunzip();
  const { createZstdDecompress } = zlib as {
    createZstdDecompress?: () => Transform;
  };
  return compression === "zstd" ? createZstdDecompress?.() : undefined;
}

/** Hashes what comes out of a decoder. */
class Expander {
  readonly #decoder: Transform;
  readonly #hasher;
  readonly #failed: Promise<void>;
  #failure?: string;

  constructor(decoder: Transform, algorithm: string) {
    this.#decoder = decoder;
    this.#hasher = createHasher(algorithm);
    decoder.on("data", (bytes: Uint8Array) => this.#hasher.update(bytes));
    this.#failed = new Promise((resolve) => {
      decoder.on("error", (error: Error) => {
        this.#failure ??= error.message;
        resolve();
      });
    });
  }

  /** Takes the next bytes, and waits until they are expanded. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return;
    const done = new Promise<void>((resolve) =>
      this.#decoder.write(bytes, () => resolve())
    );
    await Promise.race([done, this.#failed]);
  }

  async end(): Promise<Pick<Measured, "expanded" | "failure">> {
    if (this.#failure === undefined) {
      const ended = once(this.#decoder, "end").catch(() => {});
      this.#decoder.end();
      await Promise.race([ended, this.#failed]);
    }
    return this.#failure === undefined
      ? { expanded: await this.#hasher.digest() }
      : { failure: this.#failure };
  }

  stop(): void {
    this.#decoder.destroy();
  }
}
