/** Expands streams in threads, which hash what comes out as well. */

import type { Compression } from "./compression.ts";
import { CompressionLine } from "./line.ts";

/** How a stream is expanded. */
export interface ExpandOptions {
  /** How it is compressed; one that is not is hashed alone. */
  compression: "none" | Compression;
  /** The algorithm of the digest of what comes out: `sha256` or `sha512`. */
  algorithm: string;
  /** Ends it; nothing more comes then. */
  signal?: AbortSignal;
}

/** Expands streams; its threads serve one after the other. */
export class Expander {
  readonly #idle: CompressionLine[] = [];

  /**
   * Expands bytes. Several members of gzip, or frames of zstd, are one stream.
   * No more than a few pieces are in memory, however large what comes out is.
   *
   * @param chunks The bytes as they are stored.
   * @returns The pieces that come out, each of which is gone when the next is
   * asked for, and at last their digest, as `algorithm:hex`.
   * @throws {Error} If they cannot be expanded: what is wrong with them.
   */
  async *expand(
    chunks: AsyncIterable<Uint8Array>,
    { compression, algorithm, signal }: ExpandOptions,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, string> {
    const line = this.#idle.pop() ?? new CompressionLine();
    const input = chunks[Symbol.asyncIterator]();
    let ended = false;
    let spare: ArrayBuffer | undefined;
    const spent: ArrayBuffer[] = [];
    try {
      await line.ask({ kind: "expand", compression, algorithm });
      while (true) {
        signal?.throwIfAborted();
        const lent = spare ? [spare] : [];
        const next = await line.ask({ kind: "next", spare }, lent);
        const { buffer, length, digest } = next;
        spare = buffer ?? next.spare;
        spent.push(...next.spent ?? []);
        if (buffer) yield new Uint8Array(buffer, 0, length);
        if (digest !== undefined) {
          ended = true;
          return `${algorithm}:${digest}`;
        }
        if (buffer) continue;
        const { value, done } = await input.next();
        // A copy, in a buffer that has come back where it is large enough.
        const fed = done ? undefined : copied(value, spent.pop());
        await line.ask(
          { kind: "feed", buffer: fed, length: fed ? value.length : 0 },
          fed ? [fed] : [],
        );
      }
    } finally {
      // One that was left amid a stream still has to do with it.
      if (ended) this.#idle.push(line);
      else line.close();
      await input.return?.();
    }
  }

  /** Ends its threads. */
  close(): void {
    for (const line of this.#idle) line.close();
    this.#idle.length = 0;
  }
}

function copied(bytes: Uint8Array, spent?: ArrayBuffer): ArrayBuffer {
  const { length } = bytes;
  const buffer = spent && spent.byteLength >= length
    ? spent
    : new ArrayBuffer(length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

/** Expands one stream as {@linkcode Expander.expand} does, in its own thread. */
export async function* expand(
  chunks: AsyncIterable<Uint8Array>,
  options: ExpandOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>, string> {
  const expander = new Expander();
  try {
    return yield* expander.expand(chunks, options);
  } finally {
    expander.close();
  }
}
