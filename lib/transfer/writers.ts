/** Decides in which thread a blob is written and hashed. */

import { availableParallelism } from "node:os";
import {
  type BlobWriter,
  type BlobWriterOptions,
  DirectWriter,
} from "./blob_writer.ts";
import { WritingThread } from "./writing_thread.ts";

/** What a thread costs to start is worth it from so many bytes on. */
const WORTH_A_THREAD = 64 * 1024 * 1024;
/** A smaller blob is written before it has been handed over. */
const WORTH_A_MESSAGE = 1024 * 1024;
/** One thread keeps up with so many connections. */
const CONNECTIONS_A_THREAD = 2;
const FEWEST_THREADS = 2;
const MOST_THREADS = 4;
/** What the threads can hash. */
const ALGORITHMS: readonly (string | undefined)[] = [
  "sha256",
  "sha512",
  undefined,
];

/** How much there is to write. */
export interface WritersOptions {
  /** Bytes of all blobs. */
  bytes: number;
  /** The number of connections. */
  connections: number;
  /**
   * The number of processors.
   *
   * @default {availableParallelism()}
   */
  processors?: number;
}

/** Makes the writers of a transfer. */
export class Writers {
  readonly #most: number;
  readonly #threads: WritingThread[] = [];

  /** Starts no thread yet. */
  constructor(options: WritersOptions) {
    const { bytes, connections, processors = availableParallelism() } = options;
    const wanted = Math.ceil(connections / CONNECTIONS_A_THREAD);
    this.#most = bytes < WORTH_A_THREAD || processors < 2 ? 0 : Math.min(
      processors,
      Math.max(wanted, FEWEST_THREADS),
      MOST_THREADS,
    );
  }

  /**
   * A writer for one blob; it must be closed.
   *
   * @param options The blob.
   */
  open(options: BlobWriterOptions): BlobWriter {
    const { descriptor, primary, copies, algorithm } = options;
    const places = [primary, ...copies].flatMap(({ place }) => place ?? []);
    if (
      this.#most === 0 || descriptor.size < WORTH_A_MESSAGE ||
      places.length <= copies.length || !ALGORITHMS.includes(algorithm)
    ) return new DirectWriter(options);
    return new LateWriter(() =>
      this.#thread()?.writer(options, places) ?? new DirectWriter(options)
    );
  }

  /** The thread that has least to do. */
  #thread(): WritingThread | undefined {
    const idle = this.#threads.some(({ load }) => load === 0);
    if (this.#threads.length < this.#most && !idle) {
      try {
        this.#threads.push(new WritingThread());
      } catch {
        // No threads here: it takes longer, and works.
      }
    }
    return this.#threads.toSorted((a, b) => a.load - b.load)[0];
  }

  /** Ends the threads. */
  close(): void {
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

  get #writer(): BlobWriter {
    return this.#made ??= this.#make();
  }

  write(...args: Parameters<BlobWriter["write"]>): Promise<ArrayBuffer> {
    return this.#writer.write(...args);
  }

  reread(...args: Parameters<BlobWriter["reread"]>): Promise<void> {
    return this.#writer.reread(...args);
  }

  digest(): Promise<string | undefined> {
    return this.#writer.digest();
  }

  async close(): Promise<void> {
    await this.#made?.close();
  }
}
