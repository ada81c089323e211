/** A thread that fetches, writes and hashes blobs, and what is asked of it. */

import { storageError } from "../disk/io.ts";
import type { Asked } from "../disk/thread.ts";
import { ContentMismatchError } from "../image/errors.ts";
import { hasBody, plainResponse } from "../net/plain_response.ts";
import type { FetchInit, FetchThread, FileRegion } from "../image/types.ts";
import type { BlobWriter, BlobWriterOptions } from "./blob_writer.ts";
import { ThreadBody } from "./thread_body.ts";
import { revive, ThreadPort } from "./thread_port.ts";
import type { ThreadRequest, ThreadResponse } from "./thread_program.ts";

/** What has been received of a body in one step. */
export interface Received {
  /** How many bytes, which are written. */
  count: number;
  /** Whether the body has come to its end. */
  ended: boolean;
  /** Why no more came, if it broke off. */
  broken: unknown;
}

/** A thread. */
export class Thread implements FetchThread {
  /** The line to it. */
  readonly port: ThreadPort = new ThreadPort();
  readonly #bodies: WeakMap<ReadableStream, ThreadBody> = new WeakMap();
  /** Bytes that it has still to do with. */
  load = 0;

  /**
   * Sends a request there. The response's body stays in the thread until it is
   * read here.
   *
   * @param url The address.
   * @param init The request.
   * @param settings What the runtime's `fetch` takes for the connection.
   */
  async fetch(
    url: string,
    init: FetchInit,
    settings: Record<string, unknown>,
  ): Promise<Response> {
    const { method, headers, body: content, redirect, signal } = init;
    signal?.throwIfAborted();
    const id = this.port.next();
    const body = new ThreadBody(this.port, id, signal);
    let response: ThreadResponse;
    try {
      response = await this.port.ask({
        kind: "fetch",
        body: id,
        url,
        init: {
          method,
          redirect,
          body: typeof content === "string" ? content : undefined,
          headers: [...new Headers(headers)],
        },
        settings,
      });
      signal?.throwIfAborted();
      if (response.broken) throw revive(response.broken);
      const { status, statusText, headers: received, empty } = response.head!;
      const stream = empty || !hasBody(status) ? null : body.toStream();
      if (stream) this.#bodies.set(stream, body);
      else body.cancel();
      return plainResponse(stream, { status, statusText, headers: received });
    } catch (error) {
      body.cancel();
      throw signal?.aborted ? signal.reason : error;
    }
  }

  /** The body behind the stream of a response, if it is in this thread. */
  bodyOf(stream: ReadableStream): ThreadBody | undefined {
    return this.#bodies.get(stream);
  }

  /**
   * A writer for a blob, all of whose regions are in files.
   *
   * @param options The blob.
   * @param regions The regions, the primary's first.
   * @param load How many bytes of it the thread will have to do with.
   */
  writer(
    options: BlobWriterOptions,
    regions: FileRegion[],
    load: number = options.descriptor.size,
  ): ThreadWriter {
    const { algorithm } = options;
    const blob = this.port.next();
    this.port.tell({ kind: "open", blob, algorithm, regions });
    return new ThreadWriter(this, blob, options, load);
  }

  /** Ends it. */
  close(): void {
    this.port.close();
  }
}

/** Writes one blob in a thread. */
export class ThreadWriter implements BlobWriter {
  /** Where. */
  readonly thread: Thread;
  readonly #blob: number;
  readonly #options: BlobWriterOptions;
  #load: number;
  #open = true;

  /** The thread knows of the blob already. */
  constructor(
    thread: Thread,
    blob: number,
    options: BlobWriterOptions,
    load: number,
  ) {
    this.thread = thread;
    this.#blob = blob;
    this.#options = options;
    this.#load = load;
    thread.load += load;
  }

  /** Whether it can hash what it writes. */
  get hashes(): boolean {
    return this.#options.algorithm !== undefined;
  }

  /** Writes to all regions, and hashes then. */
  async write(
    bytes: Uint8Array<ArrayBuffer>,
    position: number,
    hashed: boolean,
  ): Promise<ArrayBuffer> {
    const { byteOffset: offset, length, buffer } = bytes;
    const { buffer: back } = await this.#ask(
      {
        kind: "write",
        blob: this.#blob,
        buffer,
        offset,
        length,
        position,
        hashed,
      },
      [buffer],
    );
    this.#wrote(position, length, hashed);
    return back!;
  }

  /**
   * Writes the next bytes of a body that is in the same thread, for as long
   * as they come quickly.
   *
   * @param body The body.
   * @param position Where in the blob they begin.
   * @param most How many at most.
   * @param hashed Whether they are the next in order, and are hashed too.
   */
  async receive(
    body: ThreadBody,
    position: number,
    most: number,
    hashed: boolean,
  ): Promise<Received> {
    const { count = 0, ended = false, broken } = await this.#ask({
      kind: "receive",
      blob: this.#blob,
      body: body.id,
      position,
      most,
      hashed,
    });
    this.#wrote(position, count, hashed || !this.hashes);
    return { count, ended, broken: broken && revive(broken) };
  }

  #wrote(position: number, count: number, done: boolean): void {
    if (count === 0) return;
    const { primary, copies } = this.#options;
    for (const sink of [primary, ...copies]) {
      sink.wrote?.(position, position + count);
    }
    if (done) this.#relieve(count);
  }

  /** Reads, writes and hashes what is there. */
  async reread(start: number, end: number, copied: boolean): Promise<void> {
    await this.#ask({ kind: "reread", blob: this.#blob, start, end, copied });
    if (copied) {
      for (const copy of this.#options.copies) copy.wrote?.(start, end);
    }
    this.#relieve(end - start);
  }

  /** The digest, as `algorithm:hex`. */
  async digest(): Promise<string | undefined> {
    const { digest } = await this.#ask({ kind: "digest", blob: this.#blob });
    return digest && `${this.#options.algorithm}:${digest}`;
  }

  /** Closes the files. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#relieve(this.#load);
    await this.#ask({ kind: "close", blob: this.#blob });
  }

  #relieve(count: number): void {
    const bytes = Math.min(count, this.#load);
    this.#load -= bytes;
    this.thread.load -= bytes;
  }

  async #ask(
    asked: Asked<ThreadRequest>,
    lent: ArrayBuffer[] = [],
  ): Promise<ThreadResponse> {
    const response = await this.thread.port.ask(asked, lent);
    const { failure, short } = response;
    if (failure) {
      const { operation, subject, cause } = failure;
      throw storageError(operation, subject, revive(cause));
    }
    if (short !== undefined) {
      throw new ContentMismatchError(this.#options.descriptor, { size: short });
    }
    return response;
  }
}
