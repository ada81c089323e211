/**
 * One connection's work on one piece of a blob: a request, and another one at
 * the offset that was reached when it breaks off.
 */

import { ContentMismatchError, NetworkError } from "../errors.ts";
import type { Fetcher } from "../types.ts";
import type { Piece } from "./blob.ts";
import { BodyReader } from "./body_reader.ts";
import type { Watch, Watchdog } from "./watchdog.ts";

const BUFFER_SIZE = 1024 * 1024;

/** What a connection needs. */
export interface ConnectionOptions {
  /** Where the bytes come from. */
  fetcher: Fetcher;
  /** Ends a request that has come to a halt. */
  watchdog: Watchdog;
  /** Ends it all. */
  signal: AbortSignal;
  /** Told whether ranges of a piece's blob are answered. */
  learn: (piece: Piece, ranges: boolean) => void;
}

/** A connection, with the two buffers that it reads into in turn. */
export class Connection {
  readonly #options: ConnectionOptions;
  #buffers: ArrayBuffer[] = [];

  /** Makes no request yet. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /**
   * Fetches the piece from where it stands, once.
   *
   * @throws {NetworkError} If it breaks off; what has come by then is kept.
   */
  async fetch(piece: Piece): Promise<void> {
    const { watchdog, signal } = this.#options;
    piece.received = piece.position;
    const watch = watchdog.watch(piece);
    try {
      await this.#fetch(
        piece,
        watch,
        AbortSignal.any([signal, watch.signal, piece.blob.signal]),
      );
    } catch (error) {
      signal.throwIfAborted();
      throw watch.signal.aborted ? watch.signal.reason : error;
    } finally {
      watch.end();
    }
  }

  async #fetch(piece: Piece, watch: Watch, signal: AbortSignal) {
    const { fetcher, learn } = this.#options;
    const { blob } = piece;
    const { descriptor } = blob;
    const whole = blob.ranges === false ||
      (piece.position === 0 && piece.end === descriptor.size);
    const response = await fetcher.fetchBlob(
      descriptor,
      whole ? { signal } : { offset: piece.position, end: piece.end, signal },
    );
    watch.host = response.host;
    watch.touch(0);
    const reader = new BodyReader(response.body);
    // Deno forgets the request's signal once the response is garbage, though
    // its body is still being read.
    const stop = () => void reader.cancel(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    let over = false;
    try {
      if (!whole) learn(piece, response.partial);
      if (!response.partial) {
        // The whole blob is coming: one connection can take it, the others
        // leave their parts to that one.
        if (piece.position > 0 && blob.pieces.size > 1) {
          blob.pending.add(piece.position, piece.end);
          piece.end = piece.position;
          return;
        }
        piece.limit = descriptor.size;
      } else {
        piece.limit = piece.end;
      }
      if (response.offset > piece.position) {
        throw new NetworkError(
          response.host,
          "other",
          `it sent bytes from ${response.offset} on instead of ${piece.position}`,
        );
      }
      await this.#skip(reader, piece.position - response.offset, watch);
      await this.#copy(reader, piece, watch);
      over = await this.#isOver(reader, piece);
    } finally {
      signal.removeEventListener("abort", stop);
      if (!over) await reader.cancel();
    }
  }

  /** Copies the body to where it goes; one buffer is written while one fills. */
  async #copy(reader: BodyReader, piece: Piece, watch: Watch) {
    let writing: Promise<void> = Promise.resolve();
    try {
      while (piece.received < piece.end || extend(piece)) {
        const bytes = await reader.read(
          this.#buffers.pop() ?? new ArrayBuffer(BUFFER_SIZE),
          Math.min(BUFFER_SIZE, piece.end - piece.received),
        );
        if (!bytes) {
          throw new NetworkError(
            watch.host,
            "truncated",
            `the connection ended ${
              piece.limit - piece.received
            } bytes too early`,
          );
        }
        watch.touch(bytes.length);
        const position = piece.received;
        // Another connection may have taken over the end in the meantime.
        const own = bytes.subarray(0, Math.max(0, piece.end - position));
        piece.received += own.length;
        await writing;
        writing = piece.blob.accept(own, position).then(() => {
          piece.position = position + own.length;
          this.#buffers.push(bytes.buffer);
        });
        writing.catch(() => {}); // seen at the next turn or below
      }
    } finally {
      await writing;
    }
  }

  async #skip(reader: BodyReader, count: number, watch: Watch) {
    let buffer = this.#buffers.pop() ?? new ArrayBuffer(BUFFER_SIZE);
    while (count > 0) {
      const bytes = await reader.read(buffer, Math.min(BUFFER_SIZE, count));
      if (!bytes) {
        throw new NetworkError(watch.host, "truncated", "it ended too early");
      }
      watch.touch(bytes.length);
      count -= bytes.length;
      buffer = bytes.buffer;
    }
    this.#buffers.push(buffer);
  }

  /**
   * Whether the body ends where it should. One that is read to its end leaves
   * its connection to the next request.
   */
  async #isOver(reader: BodyReader, piece: Piece): Promise<boolean> {
    if (piece.end < piece.limit) return false;
    const more = await reader.read(new ArrayBuffer(1), 1);
    if (!more) return true;
    const { descriptor } = piece.blob;
    if (piece.limit === descriptor.size) {
      throw new ContentMismatchError(descriptor, { size: descriptor.size + 1 });
    }
    return false;
  }
}

/** Goes on beyond the piece's end, where the body does and nobody else fetches. */
function extend(piece: Piece): boolean {
  const { blob, end, limit } = piece;
  const next = Math.min(blob.pending.endFrom(end), limit);
  if (next <= end) return false;
  blob.pending.remove(end, next);
  piece.end = next;
  return true;
}
