/**
 * One connection's work on one piece of a blob: a request, and another one at
 * the offset that was reached when it breaks off.
 */

import { onAbort, orAborted } from "../image/abort.ts";
import { NetworkError, RegistryError } from "../image/errors.ts";
import { drop } from "../net/body.ts";
import { toNetworkError } from "../net/network_error.ts";
import type { BlobBody } from "../image/types.ts";
import type { Piece } from "./blob.ts";
import { BUFFER_SIZE, BufferPool } from "./buffer_pool.ts";
import { BodyReader } from "./body_reader.ts";
import type { ThreadWriter } from "./thread.ts";
import type { ThreadBody } from "./thread_body.ts";
import type { Watch, Watchdog } from "./watchdog.ts";

/** How long a body's end is waited for, in milliseconds. */
const END_TIME = 1_000;

/** What a thread receives before it is asked for more, in bytes, at first. */
const FIRST_STEP = 256 * 1024;
const LAST_STEP = 4 * 1024 * 1024;
/** A step that takes no longer, in milliseconds, is followed by a larger one. */
const STEP_TIME = 50;

/** What a connection needs. */
export interface ConnectionOptions {
  /** Ends a request that has come to a halt. */
  watchdog: Watchdog;
  /** Ends it all. */
  signal: AbortSignal;
  /** Told whether ranges of a piece's blob are answered. */
  learn: (piece: Piece, ranges: boolean) => void;
}

/** A connection, with the buffers that it reads into in turn. */
export class Connection {
  readonly #options: ConnectionOptions;
  #body: BlobBody | undefined;
  #elsewhere = false;
  #rivals = 0;
  readonly #buffers = new BufferPool();

  /** Makes no request yet. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Whether the request after one that broke off goes to another place. */
  get elsewhere(): boolean {
    return this.#elsewhere;
  }

  /**
   * How many others were being served, or may be, when the last request
   * failed.
   */
  get rivals(): number {
    return this.#rivals;
  }

  /**
   * Fetches the piece from where it stands, once.
   *
   * @throws {NetworkError} If it breaks off; what has come by then is kept.
   */
  async fetch(piece: Piece): Promise<void> {
    const { watchdog, signal } = this.#options;
    piece.received = piece.position;
    this.#body = undefined;
    this.#elsewhere = false;
    this.#rivals = 0;
    const watch = watchdog.watch(piece);
    let well = false;
    try {
      await this.#fetch(
        piece,
        watch,
        AbortSignal.any([signal, watch.signal, piece.blob.signal]),
      );
      well = true;
    } catch (error) {
      signal.throwIfAborted();
      const failure = watch.signal.aborted ? watch.signal.reason : error;
      if (this.#body && !piece.blob.closed) {
        this.#elsewhere = piece.blob.source.demote?.(this.#body, failure) ??
          false;
      }
      this.#rivals = watch.rivals(failure);
      throw failure;
    } finally {
      watch.end(well);
    }
  }

  async #fetch(piece: Piece, watch: Watch, signal: AbortSignal) {
    const receiver = piece.blob.receiver(piece);
    try {
      await this.#request(piece, receiver, watch, signal);
    } finally {
      if (receiver) await piece.blob.release(receiver);
    }
  }

  async #request(
    piece: Piece,
    receiver: ThreadWriter | undefined,
    watch: Watch,
    signal: AbortSignal,
  ): Promise<void> {
    const { learn } = this.#options;
    const { blob } = piece;
    const { descriptor } = blob;
    const whole = blob.wholeOnly ||
      (piece.position === 0 && piece.end === descriptor.size);
    let response: BlobBody;
    const answer = (async () =>
      await blob.source.fetchBlob(descriptor, {
        ...(!whole && { offset: piece.position, end: piece.end }),
        signal,
        // The watchdog knows better.
        timeout: Infinity,
        ...(receiver && { thread: receiver.thread }),
      }))();
    try {
      response = await orAborted(answer, signal);
    } catch (error) {
      answer.then(({ body }) => drop(body), () => {});
      const refused = error instanceof RegistryError && error.status === 416;
      if (whole || !refused) throw error;
      blob.wholeOnly = true;
      return learn(piece, false);
    }
    this.#body = response;
    watch.host = response.host;
    watch.touch(0);
    const distant = response.offset === piece.position
      ? receiver?.thread.bodyOf(response.body)
      : undefined;
    const reader = distant ?? new BodyReader(response.body);
    // Deno forgets the request's signal once the response is garbage, though
    // its body is still being read.
    const stop = () => void reader.cancel(signal.reason);
    const forget = onAbort(signal, stop);
    if (signal.aborted) stop();
    let over = false;
    try {
      const usable = response.offset <= piece.position;
      if (!whole) learn(piece, response.partial && usable);
      if (!usable) {
        blob.wholeOnly = true;
        if (!whole) return;
        throw new NetworkError(
          response.host,
          "other",
          `it sent bytes from ${response.offset} on instead of ${piece.position}`,
        );
      }
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
      if (reader instanceof BodyReader) {
        await this.#skip(reader, piece.position - response.offset, watch);
        over = await this.#copy(reader, piece, watch);
      } else {
        over = await this.#receive(reader, receiver!, piece, watch);
      }
    } finally {
      forget();
      if (!over) void reader.cancel();
    }
  }

  /**
   * Copies the body to where it goes; one buffer is written while one fills.
   * Returns whether the body has been read to its end.
   */
  async #copy(
    reader: BodyReader,
    piece: Piece,
    watch: Watch,
  ): Promise<boolean> {
    let writing: Promise<void> = Promise.resolve();
    try {
      while (piece.received < piece.end || extend(piece)) {
        const bytes = await this.#read(
          reader,
          watch,
          piece.end - piece.received,
        );
        const position = piece.received;
        // Another connection may have taken over the end in the meantime.
        const own = bytes.subarray(0, Math.max(0, piece.end - position));
        // Once it is lent, the buffer may be gone and its length with it.
        const end = position + own.length;
        piece.received = end;
        await writing;
        writing = piece.blob.accept(
          own,
          position,
          (buffer) => this.#buffers.give(buffer),
        ).then(() => {
          piece.position = end;
        });
        writing.catch(() => {}); // seen at the next turn or below
      }
      return await this.#isOver(reader, piece);
    } finally {
      await writing;
    }
  }

  /**
   * Has a thread copy the body to where it goes, a step at a time. Returns
   * whether the body has been read to its end.
   */
  async #receive(
    body: ThreadBody,
    receiver: ThreadWriter,
    piece: Piece,
    watch: Watch,
  ): Promise<boolean> {
    const { blob } = piece;
    let step = FIRST_STEP;
    while (piece.received < piece.end || extend(piece)) {
      const position = piece.received;
      const most = Math.min(step, piece.end - position);
      // What may be written in this step is not left to another connection.
      piece.received = position + most;
      const start = performance.now();
      const { count, ended, broken } = await blob.receive(
        receiver,
        body,
        position,
        most,
      );
      piece.received = piece.position = position + count;
      if (count > 0) watch.touch(count);
      if (broken) throw toNetworkError(broken, watch.host, undefined, true);
      if (ended) throw tooEarly(watch.host, piece.end - piece.position);
      const quick = performance.now() - start < STEP_TIME;
      step = quick
        ? Math.min(2 * step, LAST_STEP)
        : Math.max(FIRST_STEP, Math.min(step, 2 * count));
    }
    return await this.#isOver(body, piece);
  }

  async #skip(reader: BodyReader, count: number, watch: Watch) {
    while (count > 0) {
      const bytes = await this.#read(reader, watch, count);
      count -= bytes.length;
      this.#buffers.give(bytes.buffer);
    }
  }

  /** The next bytes, at least one. */
  async #read(
    reader: BodyReader,
    watch: Watch,
    most: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const buffer = await this.#buffers.take();
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    try {
      bytes = await reader.read(buffer, Math.min(BUFFER_SIZE, most));
    } catch (error) {
      // Each runtime says it in its own words, and Node by no TypeError.
      throw toNetworkError(error, watch.host, undefined, true);
    } finally {
      if (!bytes) this.#buffers.give(buffer);
    }
    if (!bytes) throw tooEarly(watch.host, most);
    watch.touch(bytes.length);
    return bytes;
  }

  /**
   * Whether the body ends here, too. One that is read to its end leaves its
   * connection to the next request; of one that goes on, the rest is dropped.
   */
  async #isOver(
    reader: BodyReader | ThreadBody,
    piece: Piece,
  ): Promise<boolean> {
    if (piece.end < piece.limit) return false;
    const timer = setTimeout(() => reader.cancel(), END_TIME);
    try {
      return await reader.read(new ArrayBuffer(1), 1) === undefined;
    } catch {
      return false; // all that was asked for is there
    } finally {
      clearTimeout(timer);
    }
  }
}

function tooEarly(host: string, missing: number): NetworkError {
  const reason = `the connection ended at least ${missing} bytes too early`;
  return new NetworkError(host, "truncated", reason);
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
