/**
 * One connection's work on one segment of a blob: a request, and another one at
 * the offset that was reached when it breaks off.
 */

import { onAbort, orAborted } from "../image/abort.ts";
import { NetworkError, RegistryError } from "../image/errors.ts";
import { drop } from "../net/body.ts";
import { toNetworkError } from "../net/network_error.ts";
import type { BlobBody } from "../image/types.ts";
import type { Segment } from "./blob.ts";
import { BUFFER_SIZE, BufferPool } from "./buffer_pool.ts";
import { BodyReader } from "./body_reader.ts";
import type { ThreadWriter } from "./thread.ts";
import type { ThreadBody } from "./thread_body.ts";
import type { Watch, Watchdog } from "./watchdog.ts";

/** How long a body's end is waited for, in milliseconds. */
const END_MS = 1_000;

/** What a thread receives before it is asked for more, in bytes, at first. */
const FIRST_STEP_BYTES = 256 * 1024;
const LAST_STEP_BYTES = 4 * 1024 * 1024;
/** A step that takes no longer, in milliseconds, is followed by a larger one. */
const STEP_MS = 50;

/** What a connection needs. */
export interface ConnectionOptions {
  /** Ends a request that has come to a halt. */
  watchdog: Watchdog;
  /** Ends it all. */
  signal: AbortSignal;
  /** Told whether ranges of a segment's blob are answered. */
  learn: (segment: Segment, ranges: boolean) => void;
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
   * Fetches the segment from where it stands, once.
   *
   * @throws {NetworkError} If it breaks off; what has come by then is kept.
   */
  async fetch(segment: Segment): Promise<void> {
    const { watchdog, signal } = this.#options;
    segment.received = segment.position;
    this.#body = undefined;
    this.#elsewhere = false;
    this.#rivals = 0;
    const watch = watchdog.watch(segment);
    let well = false;
    try {
      await this.#fetch(
        segment,
        watch,
        AbortSignal.any([signal, watch.signal, segment.blob.signal]),
      );
      well = true;
    } catch (error) {
      signal.throwIfAborted();
      const failure = watch.signal.aborted ? watch.signal.reason : error;
      if (this.#body && !segment.blob.closed) {
        this.#elsewhere = segment.blob.source.demote?.(this.#body, failure) ??
          false;
      }
      this.#rivals = watch.rivals(failure);
      throw failure;
    } finally {
      watch.end(well);
    }
  }

  async #fetch(segment: Segment, watch: Watch, signal: AbortSignal) {
    const receiver = segment.blob.receiver(segment);
    try {
      await this.#request(segment, receiver, watch, signal);
    } finally {
      if (receiver) await segment.blob.release(receiver);
    }
  }

  async #request(
    segment: Segment,
    receiver: ThreadWriter | undefined,
    watch: Watch,
    signal: AbortSignal,
  ): Promise<void> {
    const { learn } = this.#options;
    const { blob } = segment;
    const { descriptor } = blob;
    const whole = blob.wholeOnly ||
      (segment.position === 0 && segment.end === descriptor.size);
    let response: BlobBody;
    const sending = (async () =>
      await blob.source.fetchBlob(descriptor, {
        offset: whole ? undefined : segment.position,
        end: whole ? undefined : segment.end,
        signal,
        // The watchdog knows better.
        timeout: Infinity,
        thread: receiver?.thread,
      }))();
    try {
      response = await orAborted(sending, signal);
    } catch (error) {
      sending.then(({ body }) => drop(body), () => {});
      const refused = error instanceof RegistryError && error.status === 416;
      if (whole || !refused) throw error;
      blob.wholeOnly = true;
      return learn(segment, false);
    }
    this.#body = response;
    watch.host = response.host;
    watch.touch(0);
    const distant = response.offset === segment.position
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
      const usable = response.offset <= segment.position;
      if (!whole) learn(segment, response.partial && usable);
      if (!usable) {
        blob.wholeOnly = true;
        if (!whole) return;
        throw new NetworkError(response.host, "other", {
          code: "wrong-range",
          offset: response.offset,
          wanted: segment.position,
        });
      }
      if (!response.partial) {
        // The whole blob is coming: one connection can take it, the others
        // leave their parts to that one.
        if (segment.position > 0 && blob.segments.size > 1) {
          blob.pending.add(segment.position, segment.end);
          segment.end = segment.position;
          return;
        }
        segment.limit = descriptor.size;
      } else {
        segment.limit = segment.end;
      }
      if (reader instanceof BodyReader) {
        await this.#skip(reader, segment.position - response.offset, watch);
        over = await this.#copy(reader, segment, watch);
      } else {
        over = await this.#receive(reader, receiver!, segment, watch);
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
    segment: Segment,
    watch: Watch,
  ): Promise<boolean> {
    let writing: Promise<void> = Promise.resolve();
    try {
      while (segment.received < segment.end || extend(segment)) {
        const bytes = await this.#read(
          reader,
          watch,
          segment.end - segment.received,
        );
        const position = segment.received;
        // Another connection may have taken over the end in the meantime.
        const own = bytes.subarray(0, Math.max(0, segment.end - position));
        // Once it is lent, the buffer may be gone and its length with it.
        const end = position + own.length;
        segment.received = end;
        await writing;
        writing = segment.blob.accept(
          own,
          position,
          (buffer) => this.#buffers.give(buffer),
        ).then(() => {
          segment.position = end;
        });
        writing.catch(() => {}); // seen at the next turn or below
      }
      return await this.#isOver(reader, segment);
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
    segment: Segment,
    watch: Watch,
  ): Promise<boolean> {
    const { blob } = segment;
    let step = FIRST_STEP_BYTES;
    while (segment.received < segment.end || extend(segment)) {
      const position = segment.received;
      const most = Math.min(step, segment.end - position);
      // What may be written in this step is not left to another connection.
      segment.received = position + most;
      const start = performance.now();
      const { count, ended, broken } = await blob.receive(
        receiver,
        body,
        position,
        most,
      );
      segment.received = segment.position = position + count;
      if (count > 0) watch.touch(count);
      if (broken) throw toNetworkError(broken, watch.host, undefined, true);
      if (ended) throw tooEarly(watch.host, segment.end - segment.position);
      const quick = performance.now() - start < STEP_MS;
      step = quick
        ? Math.min(2 * step, LAST_STEP_BYTES)
        : Math.max(FIRST_STEP_BYTES, Math.min(step, 2 * count));
    }
    return await this.#isOver(body, segment);
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
    segment: Segment,
  ): Promise<boolean> {
    if (segment.end < segment.limit) return false;
    const timer = setTimeout(() => reader.cancel(), END_MS);
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
  return new NetworkError(host, "truncated", { code: "early", missing });
}

/** Goes on beyond the segment's end, where the body does and nobody else fetches. */
function extend(segment: Segment): boolean {
  const { blob, end, limit } = segment;
  const next = Math.min(blob.pending.endFrom(end), limit);
  if (next <= end) return false;
  blob.pending.remove(end, next);
  segment.end = next;
  return true;
}
