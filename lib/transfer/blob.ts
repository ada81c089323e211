/**
 * One blob on its way: which bytes are there, which are asked for, and the
 * digest over them, in order, whatever order they come in.
 */

import { parseDigest } from "../digest.ts";
import { type Range, RangeSet } from "../disk/ranges.ts";
import { ContentMismatchError } from "../errors.ts";
import type { BlobSource } from "../events.ts";
import type { BlobSink, Descriptor, ReadableSink } from "../types.ts";
import { BufferPool } from "./buffer_pool.ts";
import type { BlobHasher, Hashing } from "./hashing.ts";
import { Notice } from "./notice.ts";

/** Where a blob goes. */
export interface BlobTarget {
  /** Where it is read back from; what is there already is not fetched. */
  primary: ReadableSink;
  /** Where it goes besides. */
  copies: BlobSink[];
  /** What the primary's bytes count as: a cache hit or a download. */
  source: BlobSource;
  /** Whether complete bytes of the primary are taken as they are. */
  trusted?: boolean;
}

/** How a target is opened. */
export interface OpenOptions {
  /** Ends the waiting. */
  signal: AbortSignal;
  /** Called when it takes long because another process has the blob. */
  onWait: () => void;
}

/** A blob that is wanted. */
export interface BlobTask {
  /** Which. */
  descriptor: Descriptor;
  /**
   * Opens its target. It is asked again, with the next number, after bytes
   * that turned out wrong.
   */
  open(attempt: number, options: OpenOptions): Promise<BlobTarget>;
}

/** What became of a blob. */
export interface BlobOutcome {
  /** Which. */
  descriptor: Descriptor;
  /** Where it came from. */
  source: BlobSource;
  /** Bytes that came over the network for it. */
  downloaded: number;
  /** Bytes of it that an earlier run had left. */
  resumed: number;
}

/** A run of bytes that one connection fetches. */
export interface Piece {
  /** The blob. */
  blob: BlobTransfer;
  /** The next byte to write. */
  position: number;
  /** One past the last byte; it moves down when another connection helps. */
  end: number;
  /** One past the last byte that the present request gives. */
  limit: number;
  /** The next byte to arrive. */
  received: number;
  /** The byte that it began with. */
  readonly start: number;
  /** When it began. */
  readonly since: number;
}

/** The state of one blob. */
export class BlobTransfer {
  /** What it is. */
  readonly descriptor: Descriptor;
  /** Where it goes. */
  readonly target: BlobTarget;
  /** Bytes that nobody fetches yet. */
  readonly pending: RangeSet;
  /** What is being fetched. */
  readonly pieces: Set<Piece> = new Set();
  /** Whether the server answers ranges of it; `undefined` until it has been tried. */
  ranges: boolean | undefined;
  /** Whether parts of it have been refused, so that only the whole is asked for. */
  wholeOnly = false;
  /** Bytes that came over the network. */
  downloaded = 0;
  /** Bytes that were there when it began. */
  readonly resumed: number;
  /** Settles when all bytes are there and their digest is computed. */
  readonly complete: Promise<void>;

  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #written: RangeSet;
  /** What only the primary has, from an earlier run. */
  #uncopied: RangeSet;
  #hasher: BlobHasher | undefined;
  #hashed = 0;
  #catchingUp = false;
  #finished = false;
  #closed = false;
  readonly #stop = new AbortController();
  readonly #settled = new Notice();
  #onProgress: (received: number) => void;

  /** Begins with what the target has. */
  constructor(
    descriptor: Descriptor,
    target: BlobTarget,
    hashing: Hashing,
    onProgress: (received: number) => void,
  ) {
    const { size, digest } = descriptor;
    this.descriptor = descriptor;
    this.target = target;
    this.#onProgress = onProgress;
    this.#written = new RangeSet(target.primary.present.ranges);
    this.#uncopied = new RangeSet(this.#written.ranges);
    this.pending = this.#written.gaps(size);
    this.resumed = this.#written.total;
    const trusted = target.trusted && this.resumed === size;
    this.#hasher = trusted
      ? undefined
      : hashing.hasher(parseDigest(digest).algorithm);
    this.complete = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.complete.catch(() => {}); // whoever awaits it sees it
  }

  /** Whether there is nothing to fetch. */
  get isLocal(): boolean {
    return this.resumed === this.descriptor.size;
  }

  /** Whether its target must not be written any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Goes through what is there already. Called once. */
  begin(): void {
    this.#advance();
  }

  /** Ends it: what still arrives is dropped. */
  close(): void {
    this.#closed = true;
    this.#stop.abort();
  }

  /** Ends the requests of a closed blob. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Waits until nothing reads or writes its target. */
  async idle(): Promise<void> {
    while (this.pieces.size > 0 || this.#catchingUp) {
      await this.#settled.wait();
    }
  }

  /** Called when a piece or the hashing of what is there has come to its end. */
  settle(): void {
    this.#settled.give();
  }

  /**
   * Takes the next bytes of a piece: they are written, and hashed at once if
   * they are the next in order.
   *
   * @param bytes The bytes; their buffer is lent.
   * @param position Where in the blob they begin.
   * @param giveBack Called with the buffer when it can be used again.
   */
  async accept(
    bytes: Uint8Array<ArrayBuffer>,
    position: number,
    giveBack: (buffer: ArrayBuffer) => void,
  ): Promise<void> {
    const { primary, copies } = this.target;
    const end = position + bytes.length;
    const next = position === this.#hashed && !this.#catchingUp;
    // Nothing else is hashed until these bytes have had their turn.
    if (next) this.#catchingUp = true;
    this.downloaded += bytes.length;
    const writes = [primary, ...copies].map(async (sink) =>
      await sink.write(bytes, position)
    );
    try {
      // The buffer is in use until the last of them has ended.
      await Promise.allSettled(writes);
      await Promise.all(writes);
      this.#written.add(position, end);
      if (next) {
        this.#hash(bytes, end, giveBack);
      } else giveBack(bytes.buffer);
    } finally {
      if (next) this.#catchingUp = false;
      this.settle();
    }
    this.#onProgress(this.#written.total);
    this.#advance();
  }

  /** Hashes the next bytes in order, and gives their buffer back after that. */
  #hash(
    bytes: Uint8Array<ArrayBuffer>,
    end: number,
    giveBack: (buffer: ArrayBuffer) => void,
  ): void {
    this.#hashed = end;
    const buffer = this.#hasher ? this.#hasher.update(bytes) : bytes.buffer;
    if (!(buffer instanceof Promise)) return giveBack(buffer);
    buffer.then(giveBack, (error) => {
      this.#reject(error);
      giveBack(bytes.buffer); // whoever waits for one must go on
    });
  }

  /** Hashes what has come out of order, and ends when all is there. */
  #advance(): void {
    if (this.#catchingUp) return;
    if (this.#written.endFrom(this.#hashed) > this.#hashed) {
      this.#catchingUp = true;
      this.#catchUp().then(() => true, (error) => {
        this.#reject(error);
        return false;
      }).then((right) => {
        this.#catchingUp = false;
        this.settle();
        if (right && !this.#closed) this.#advance();
      });
    } else if (
      !this.#finished && this.#written.total === this.descriptor.size
    ) {
      this.#finished = true;
      this.#finish().then(this.#resolve, this.#reject);
    }
  }

  async #catchUp(): Promise<void> {
    const pool = new BufferPool();
    const giveBack = (buffer: ArrayBuffer) => pool.give(buffer);
    let next = this.#read(this.#hashed, await pool.take());
    try {
      while (true) {
        const bytes = await next;
        if (bytes.length === 0 || this.#closed) return;
        const position = this.#hashed;
        const end = position + bytes.length;
        const copies = this.#uncopied.covers(position, end)
          ? this.target.copies.map(async (copy) =>
            await copy.write(bytes, position)
          )
          : [];
        // The next bytes are read while these are written and hashed.
        next = Promise.resolve(pool.take()).then((buffer) =>
          this.#read(end, buffer)
        );
        next.catch(() => {}); // seen at the next turn
        await Promise.allSettled(copies);
        await Promise.all(copies);
        this.#hash(bytes, end, giveBack);
        if (this.isLocal) this.#onProgress(end);
      }
    } finally {
      await next.catch(() => {});
    }
  }

  /** Reads what is there from a position, up to a change of its origin. */
  async #read(
    position: number,
    buffer: ArrayBuffer,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const copied = this.#uncopied.gaps(this.descriptor.size);
    const here = this.#uncopied.endFrom(position) > position
      ? this.#uncopied
      : copied;
    const end = Math.min(
      this.#written.endFrom(position),
      here.endFrom(position),
    );
    const length = Math.min(end - position, buffer.byteLength);
    const bytes = new Uint8Array(buffer, 0, Math.max(0, length));
    let done = 0;
    while (done < bytes.length) {
      const count = await this.target.primary.read(
        bytes.subarray(done),
        position + done,
      );
      // The file is shorter than it was: somebody else has cut it.
      if (count === 0) {
        throw new ContentMismatchError(this.descriptor, {
          size: position + done,
        });
      }
      done += count;
    }
    return bytes;
  }

  async #finish(): Promise<void> {
    if (!this.#hasher) return;
    const digest = await this.#hasher.digest();
    if (digest !== this.descriptor.digest) {
      throw new ContentMismatchError(this.descriptor, { digest });
    }
  }

  /** Gives up: whoever waits for the blob is told why. */
  fail(error: unknown): void {
    this.#reject(error);
  }

  /** The lowest range that nobody fetches. */
  get next(): Range | undefined {
    return this.pending.first;
  }
}
