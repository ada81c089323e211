/**
 * Compresses streams block by block, on all processors. What comes out depends
 * on what goes in, on the runtime's own zlib and zstd, and on nothing else: how
 * many threads there are, and how the bytes come, plays no part.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1952}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8878}
 */

import { availableParallelism } from "node:os";
import type { Compression } from "./compression.ts";
import { combineCrc } from "./crc32.ts";
import { CompressionLine } from "./line.ts";
import type { CompressionResponse } from "./program.ts";

/** The bytes of a block before it is compressed: larger ones gain 1 %. */
const BLOCK_BYTES = 1024 * 1024;
/** What there has to be room for where a block becomes no smaller. */
const SPARE_BYTES = 16 * 1024;
const BUFFER_BYTES = BLOCK_BYTES + SPARE_BYTES;
const MOST_THREADS = 8;
/** So many blocks wait for each thread, that none of them is idle. */
const BLOCKS_A_THREAD = 2;
/** No name, no time, of an unknown system: the same bytes each time. */
const GZIP_HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/** A last block of deflate, without content. */
const DEFLATE_END = [0x03, 0x00];

/** Compresses streams; its threads serve one after the other. */
export class Compressor {
  readonly #threads: CompressionLine[] = [];
  readonly #most: number;
  readonly #spare: ArrayBuffer[] = [];

  /**
   * Starts no thread yet.
   *
   * @param processors How many threads there are at most.
   */
  constructor(processors: number = availableParallelism()) {
    this.#most = Math.max(1, Math.min(processors, MOST_THREADS));
  }

  /**
   * Compresses bytes.
   *
   * @param chunks The bytes; each piece may be gone when the next is asked for.
   * @param compression How.
   * @returns The compressed bytes, in pieces, each of which is gone when the
   * next is asked for.
   */
  async *compress(
    chunks: AsyncIterable<Uint8Array>,
    compression: Compression,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const blocks: Promise<Block>[] = [];
    let size = 0;
    let crc = 0;
    const next = () => blocks.shift()!;
    const done = ({ bytes, length, crc: own }: Block) => {
      crc = combineCrc(crc, own, length);
      size += length;
      // What is written is filled again, and is no garbage.
      if (bytes.buffer.byteLength === BUFFER_BYTES) {
        this.#spare.push(bytes.buffer);
      }
    };
    if (compression === "gzip") yield Uint8Array.from(GZIP_HEADER);
    try {
      let buffer: ArrayBuffer | undefined;
      let filled = 0;
      for await (const chunk of chunks) {
        for (let at = 0; at < chunk.length;) {
          buffer ??= this.#spare.pop() ?? new ArrayBuffer(BUFFER_BYTES);
          const part = chunk.subarray(at, at + BLOCK_BYTES - filled);
          new Uint8Array(buffer).set(part, filled);
          filled += part.length;
          at += part.length;
          if (filled < BLOCK_BYTES) continue;
          blocks.push(this.#block(compression, buffer, filled));
          [buffer, filled] = [undefined, 0];
          if (blocks.length < BLOCKS_A_THREAD * this.#most) continue;
          const block = await next();
          yield block.bytes;
          done(block);
        }
      }
      // Without any, what comes out would not be a stream of zstd at all.
      if (
        filled > 0 || (compression === "zstd" && size + blocks.length === 0)
      ) {
        blocks.push(
          this.#block(compression, buffer ?? new ArrayBuffer(0), filled),
        );
      }
      while (blocks.length > 0) {
        const block = await next();
        yield block.bytes;
        done(block);
      }
    } finally {
      // Nobody waits for those that are left when something has failed.
      for (const block of blocks) block.catch(() => {});
    }
    if (compression === "gzip") yield gzipEnd(crc, size);
  }

  async #block(
    compression: Compression,
    buffer: ArrayBuffer,
    length: number,
  ): Promise<Block> {
    const asked = { kind: "compress", compression, buffer, length } as const;
    const { buffer: made, length: size, crc = 0 }: CompressionResponse =
      await this.#thread().ask(asked, [buffer]);
    return { bytes: new Uint8Array(made!, 0, size), length, crc };
  }

  /** The one that has the least to do. */
  #thread(): CompressionLine {
    const idle = this.#threads.find(({ load }) => load === 0);
    if (idle) return idle;
    if (this.#threads.length < this.#most) {
      const thread = new CompressionLine();
      this.#threads.push(thread);
      return thread;
    }
    return this.#threads.reduce((least, each) =>
      each.load < least.load ? each : least
    );
  }

  /** Ends its threads. */
  close(): void {
    for (const thread of this.#threads) thread.close();
    this.#threads.length = 0;
  }
}

interface Block {
  /** As it is compressed. */
  bytes: Uint8Array<ArrayBuffer>;
  /** How long it was before. */
  length: number;
  /** Its checksum, for gzip. */
  crc: number;
}

function gzipEnd(crc: number, size: number): Uint8Array<ArrayBuffer> {
  const end = new Uint8Array(DEFLATE_END.length + 8);
  end.set(DEFLATE_END);
  const view = new DataView(end.buffer, DEFLATE_END.length);
  view.setUint32(0, crc, true);
  view.setUint32(4, size % 2 ** 32, true);
  return end;
}
