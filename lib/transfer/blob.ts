/**
 * One blob on its way: which bytes are there, which are asked for, and the
 * digest over them, in order, whatever order they come in.
 */

import { parseDigest } from "../image/digest.ts";
import { type Range, RangeSet } from "../disk/ranges.ts";
import { ContentMismatchError } from "../image/errors.ts";
import type { BlobSource } from "../image/events.ts";
import type {
  BlobSink,
  Descriptor,
  Fetcher,
  ReadableSink,
} from "../image/types.ts";
import type { BlobWriter, BlobWriterOptions } from "./blob_writer.ts";
import { Waiters } from "./waiters.ts";
import type { Received, ThreadWriter } from "./thread.ts";
import type { ThreadBody } from "./thread_body.ts";
import type { Writers } from "./writers.ts";

/** How much of what is there already is gone through at a time, in bytes. */
const STEP_BYTES = 4 * 1024 * 1024;

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
  /**
   * Whether nothing has touched them since it was found out that they can be.
   * If something has, they are gone through once more, and hashed.
   */
  isUntouched?: (() => Promise<boolean>) | undefined;
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
  /** Where it is fetched from. */
  source: Fetcher;
  /**
   * Opens its target. It is asked again, with the next number, after bytes
   * that turned out wrong.
   */
  open(attempt: number, options: OpenOptions): Promise<BlobTarget>;
  /**
   * Called when its bytes are verified and committed. It keeps its place among
   * the blobs that are open at a time until this settles.
   */
  done?(): Promise<void>;
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
export interface Segment {
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
  /** Where it is fetched from. */
  readonly source: Fetcher;
  /** Where it goes. */
  readonly target: BlobTarget;
  /** Bytes that nobody fetches yet. */
  readonly pending: RangeSet;
  /** What is being fetched. */
  readonly segments: Set<Segment> = new Set();
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
  readonly #writers: Writers;
  readonly #options: BlobWriterOptions;
  readonly #writer: BlobWriter;
  #hashed = 0;
  #catchingUp = false;
  #finished = false;
  #closed = false;
  readonly #stop = new AbortController();
  readonly #settled = new Waiters();
  #onProgress: (received: number) => void;

  /** Begins with what the target has. */
  constructor(
    { descriptor, source }: Pick<BlobTask, "descriptor" | "source">,
    target: BlobTarget,
    writers: Writers,
    onProgress: (received: number) => void,
  ) {
    const { size, digest } = descriptor;
    this.descriptor = descriptor;
    this.source = source;
    this.target = target;
    this.#onProgress = onProgress;
    this.#written = new RangeSet(target.primary.present.ranges);
    this.#uncopied = new RangeSet(this.#written.ranges);
    this.pending = this.#written.gaps(size);
    this.resumed = this.#written.total;
    const trusted = target.trusted && this.resumed === size;
    this.#options = {
      descriptor,
      primary: target.primary,
      copies: target.copies,
      algorithm: trusted ? undefined : parseDigest(digest).algorithm,
    };
    this.#writers = writers;
    this.#writer = writers.open(this.#options);
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

  /** Ends it: what still arrives is dropped. Settles when nothing is written any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stop.abort();
    await this.idle();
    await this.#writer.close();
  }

  /** Ends the requests of a closed blob. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Waits until nothing reads or writes its target. */
  async idle(): Promise<void> {
    while (this.segments.size > 0 || this.#catchingUp) {
      await this.#settled.wait();
    }
  }

  /** Called when a segment or the hashing of what is there has come to its end. */
  settle(): void {
    this.#settled.wakeAll();
  }

  /**
   * Takes the next bytes of a segment: they are written, and hashed at once if
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
    const { length } = bytes;
    let buffer: ArrayBuffer | undefined;
    try {
      await this.#put(position, true, async (next) => {
        buffer = await this.#writer.write(bytes, position, next);
        return length;
      });
    } finally {
      giveBack(buffer ?? bytes.buffer);
    }
  }

  /**
   * What is to receive a segment's bytes in a thread, which is to send the
   * request for them, too; nothing where they are better received here.
   */
  receiver({ position, end }: Segment): ThreadWriter | undefined {
    const next = this.#written.endFrom(this.#hashed) >= position;
    return this.#writers.receiver(
      this.#writer,
      this.#options,
      next,
      end - position,
    );
  }

  /** Lets go of what has received a segment's bytes. */
  async release(receiver: ThreadWriter): Promise<void> {
    if (!receiver.hashes) await receiver.close();
  }

  /**
   * Has the next bytes of a segment received in a thread: they are written, and
   * hashed at once if they are the next in order.
   *
   * @param receiver What receives them.
   * @param body Where they come from.
   * @param position Where in the blob they begin.
   * @param most How many at most.
   */
  async receive(
    receiver: ThreadWriter,
    body: ThreadBody,
    position: number,
    most: number,
  ): Promise<Received> {
    let received: Received;
    await this.#put(position, receiver.hashes, async (next) => {
      received = await receiver.receive(body, position, most, next);
      return received.count;
    });
    return received!;
  }

  /** Puts bytes where they go, and hashes them if they are the next in order. */
  async #put(
    position: number,
    hashable: boolean,
    write: (next: boolean) => Promise<number>,
  ): Promise<void> {
    const next = hashable && position === this.#hashed && !this.#catchingUp;
    // Nothing else is hashed until these bytes have had their turn.
    if (next) this.#catchingUp = true;
    try {
      const count = await write(next);
      this.downloaded += count;
      this.#written.add(position, position + count);
      if (next) this.#hashed = position + count;
    } finally {
      if (next) this.#catchingUp = false;
      this.settle();
    }
    this.#onProgress(this.#written.total);
    this.#advance();
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
    while (!this.#closed) {
      const start = this.#hashed;
      const copied = this.#uncopied.endFrom(start) > start;
      const origin = copied
        ? this.#uncopied
        : this.#uncopied.gaps(this.descriptor.size);
      const end = Math.min(
        this.#written.endFrom(start),
        origin.endFrom(start),
        start + STEP_BYTES,
      );
      if (end <= start) return;
      await this.#writer.reread(start, end, copied);
      this.#hashed = end;
      if (this.isLocal) this.#onProgress(end);
    }
  }

  async #finish(): Promise<void> {
    const digest = await this.#writer.digest() ?? await this.#rehash();
    if (digest !== undefined && digest !== this.descriptor.digest) {
      throw new ContentMismatchError(this.descriptor, { digest });
    }
  }

  /** The digest of trusted bytes that somebody has touched meanwhile. */
  async #rehash(): Promise<string | undefined> {
    const { descriptor: { digest, size }, target } = this;
    if (await target.isUntouched?.() ?? true) return undefined;
    const { algorithm } = parseDigest(digest);
    const writer = this.#writers.open({ ...this.#options, algorithm });
    try {
      await writer.reread(0, size, true);
      return await writer.digest();
    } finally {
      await writer.close();
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
