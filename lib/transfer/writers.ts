/** Decides in which thread a blob is fetched, written and hashed. */

import { availableParallelism } from "node:os";
import type { FileRegion } from "../image/types.ts";
import {
  type BlobWriter,
  type BlobWriterOptions,
  DirectWriter,
} from "./blob_writer.ts";
import { Thread, ThreadWriter } from "./thread.ts";

/** What a thread costs to start is worth it from so many bytes on. */
const WORTH_A_THREAD_BYTES = 64 * 1024 * 1024;
/** The requests, too, are sent from threads from so many bytes on. */
const WORTH_FETCHING_BYTES = 256 * 1024 * 1024;
/** A smaller blob is written before it has been handed over. */
const WORTH_A_MESSAGE_BYTES = 1024 * 1024;
/** One thread keeps up with so many connections. */
const CONNECTIONS_A_THREAD = 2;
const FEWEST_THREADS = 2;
const MOST_THREADS = 4;
/** So many milliseconds, a request that is about to be sent goes first. */
const START_DELAY_MS = 10;
/** What the threads can hash. */
const ALGORITHMS: readonly (string | undefined)[] = [
  "sha256",
  "sha512",
  undefined,
];

/** What there is to write with. */
export interface WritersOptions {
  /** The number of connections. */
  connections: number;
  /**
   * Whether there are threads, however little there is to write, or none.
   *
   * @default {undefined} Where there is enough for them.
   */
  threads?: boolean | undefined;
  /**
   * The number of processors.
   *
   * @default {availableParallelism()}
   */
  processors?: number;
}

/** Makes the writers of a transfer. */
export class Writers {
  readonly #wanted: boolean | undefined;
  /** How many threads would be of use. */
  readonly #useful: number;
  /** How many there may be for what there is to write. */
  #most = 0;
  readonly #threads: Thread[] = [];
  #fetching = false;
  #early: ReturnType<typeof setTimeout> | undefined;

  /** Starts no thread yet. */
  constructor(options: WritersOptions) {
    const { connections, threads, processors = availableParallelism() } =
      options;
    const busy = Math.ceil(connections / CONNECTIONS_A_THREAD);
    const useful = Math.min(
      processors,
      Math.max(busy, FEWEST_THREADS),
      MOST_THREADS,
    );
    const several = threads ?? processors > 1;
    this.#wanted = threads;
    this.#useful = several ? useful : 0;
  }

  /** Is told how many bytes there are to write. */
  expect(bytes: number): void {
    const worth = (least: number) => this.#wanted ?? bytes >= least;
    this.#most = worth(WORTH_A_THREAD_BYTES) ? this.#useful : 0;
    this.#fetching = this.#most > 0 && worth(WORTH_FETCHING_BYTES);
  }

  /**
   * Starts the threads for that many bytes, if they are worth it, so that
   * they are there when the transfer begins. What the caller has just asked
   * the network for goes first: each start blocks this thread for a while.
   */
  prepare(bytes: number): void {
    this.expect(bytes);
    if (!this.#fetching) return;
    clearTimeout(this.#early);
    this.#early = setTimeout(() => {
      while (this.#threads.length < this.#most && this.#start());
    }, START_DELAY_MS);
  }

  /**
   * A writer for one blob; it must be closed.
   *
   * @param options The blob.
   */
  open(options: BlobWriterOptions): BlobWriter {
    const { descriptor, copies, algorithm } = options;
    const regions = regionsOf(options);
    if (
      this.#most === 0 ||
      (descriptor.size < WORTH_A_MESSAGE_BYTES && !this.#wanted) ||
      regions.length <= copies.length || !ALGORITHMS.includes(algorithm)
    ) return new DirectWriter(options);
    return new LateWriter(() =>
      this.#thread()?.writer(options, regions) ?? new DirectWriter(options)
    );
  }

  /**
   * What receives bytes of a blob in the thread that is to send the request
   * for them; nothing where they are better received here.
   *
   * @param writer The blob's writer; another one must be closed.
   * @param options The blob.
   * @param next Whether they are the next to be hashed.
   * @param bytes How many.
   */
  receiver(
    writer: BlobWriter,
    options: BlobWriterOptions,
    next: boolean,
    bytes: number,
  ): ThreadWriter | undefined {
    if (!this.#fetching || !(writer instanceof LateWriter)) return undefined;
    const own = writer.made;
    if (!(own instanceof ThreadWriter) || next) {
      return own instanceof ThreadWriter ? own : undefined;
    }
    const thread = this.#thread();
    if (thread === undefined || thread === own.thread) return own;
    return thread.writer(
      { ...options, algorithm: undefined },
      regionsOf(options),
      bytes,
    );
  }

  /** The thread that has least to do. */
  #thread(): Thread | undefined {
    const idle = this.#threads.some(({ load }) => load === 0);
    if (this.#threads.length < this.#most && !idle) this.#start();
    return this.#threads.toSorted((a, b) => a.load - b.load)[0];
  }

  /** Starts one more; returns whether it could be started. */
  #start(): boolean {
    try {
      return this.#threads.push(new Thread()) > 0;
    } catch {
      return false; // it takes longer without, and works
    }
  }

  /** Ends the threads. */
  close(): void {
    clearTimeout(this.#early);
    for (const thread of this.#threads) thread.close();
  }
}

/**
 * Is made when there is something to write: starting a thread keeps this one
 * busy for so long that the requests go out first.
 */
class LateWriter implements BlobWriter {
  readonly #make: () => BlobWriter;
  #made: BlobWriter | undefined;

  constructor(make: () => BlobWriter) {
    this.#make = make;
  }

  /** What it is now. */
  get made(): BlobWriter {
    return this.#made ??= this.#make();
  }

  write(...args: Parameters<BlobWriter["write"]>): Promise<ArrayBuffer> {
    return this.made.write(...args);
  }

  reread(...args: Parameters<BlobWriter["reread"]>): Promise<void> {
    return this.made.reread(...args);
  }

  digest(): Promise<string | undefined> {
    return this.made.digest();
  }

  async close(): Promise<void> {
    await this.#made?.close();
  }
}

/** Those of its regions that are in files. */
function regionsOf({ primary, copies }: BlobWriterOptions): FileRegion[] {
  return [primary, ...copies].flatMap(({ region }) => region ?? []);
}
