/** Puts a blob's bytes where they go, and computes their digest on the way. */

import { createHasher, type Hasher } from "../image/digest.ts";
import { ContentMismatchError } from "../image/errors.ts";
import type { BlobSink, Descriptor, ReadableSink } from "../image/types.ts";
import { BUFFER_SIZE } from "./buffer_pool.ts";

/** Writes one blob; its calls are made one after the other where they hash. */
export interface BlobWriter {
  /**
   * Writes bytes to all places.
   *
   * @param bytes The bytes; their buffer is lent.
   * @param position Where in the blob they begin.
   * @param hashed Whether they are the next in order, and are hashed too.
   * @returns The buffer, for other use.
   */
  write(
    bytes: Uint8Array<ArrayBuffer>,
    position: number,
    hashed: boolean,
  ): Promise<ArrayBuffer>;
  /**
   * Hashes the next bytes from where they are already.
   *
   * @param copied Whether they are written to the other places, too.
   */
  reread(start: number, end: number, copied: boolean): Promise<void>;
  /** The digest of what was hashed, if there is to be one. It is called once. */
  digest(): Promise<string | undefined>;
  /** Ends the writing. */
  close(): Promise<void>;
}

/** What a blob is written with. */
export interface BlobWriterOptions {
  /** The blob. */
  descriptor: Descriptor;
  /** Where it is read back from. */
  primary: ReadableSink;
  /** Where it goes besides. */
  copies: BlobSink[];
  /** How it is hashed; not at all without it. */
  algorithm: string | undefined;
}

/** Writes in the thread that it is called in. */
export class DirectWriter implements BlobWriter {
  readonly #options: BlobWriterOptions;
  readonly #hasher: Hasher | undefined;

  /** Begins with nothing hashed. */
  constructor(options: BlobWriterOptions) {
    this.#options = options;
    const { algorithm } = options;
    this.#hasher = algorithm === undefined
      ? undefined
      : createHasher(algorithm);
  }

  /** Writes to all places at once, and hashes then. */
  async write(
    bytes: Uint8Array<ArrayBuffer>,
    position: number,
    hashed: boolean,
  ): Promise<ArrayBuffer> {
    const { primary, copies } = this.#options;
    await writeAll([primary, ...copies], bytes, position);
    if (hashed) this.#hasher?.update(bytes);
    return bytes.buffer;
  }

  /** Reads, writes and hashes buffer by buffer. */
  async reread(start: number, end: number, copied: boolean): Promise<void> {
    const { descriptor, primary, copies } = this.#options;
    const buffer = new Uint8Array(Math.min(BUFFER_SIZE, end - start));
    for (let position = start; position < end;) {
      const view = buffer.subarray(0, end - position);
      const count = await primary.read(view, position);
      // The file is shorter than it was: somebody else has cut it.
      if (count === 0) {
        throw new ContentMismatchError(descriptor, { size: position });
      }
      const bytes = view.subarray(0, count);
      if (copied) await writeAll(copies, bytes, position);
      this.#hasher?.update(bytes);
      position += count;
    }
  }

  /** The digest, as `algorithm:hex`. */
  async digest(): Promise<string | undefined> {
    return await this.#hasher?.digest();
  }

  /** There is nothing to end. */
  async close(): Promise<void> {}
}

/** The bytes are in use until the last write has ended, also where one fails. */
async function writeAll(
  sinks: BlobSink[],
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  const writes = sinks.map(async (sink) => await sink.write(bytes, position));
  await Promise.allSettled(writes);
  await Promise.all(writes);
}
