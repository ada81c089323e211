/**
 * Brings blobs from where they are to where they are wanted, over a number of
 * connections; each byte is verified in the one pass that writes it.
 */

import { totalSize } from "../image/descriptors.ts";
import { onAbort } from "../image/abort.ts";
import {
  CALL,
  checkOptions,
  type Rules,
  SIGNAL,
  wholeFrom,
} from "../image/options.ts";
import { ContentMismatchError } from "../image/errors.ts";
import type { OnEvent } from "../image/events.ts";
import { retryEvent } from "../net/retry.ts";
import type { Descriptor } from "../image/types.ts";
import {
  type BlobOutcome,
  type BlobTarget,
  type BlobTask,
  BlobTransfer,
} from "./blob.ts";
import { Admission } from "./admission.ts";
import { SegmentFetcher } from "./segment_fetcher.ts";
import { Connection } from "./connection.ts";
import { Waiters } from "./waiters.ts";
import { TRANSFER_POLICY_RULES, type TransferPolicy } from "./policy.ts";
import { Scheduler } from "./scheduler.ts";
import { Watchdog } from "./watchdog.ts";
import { Writers } from "./writers.ts";

export type { BlobOutcome, BlobTarget, BlobTask, OpenOptions } from "./blob.ts";

/** How blobs are transferred. */
export interface TransferOptions extends TransferPolicy {
  /** Ends it all; what has come stays where it can be resumed. */
  signal?: AbortSignal;
  /** Told what goes on. */
  onEvent?: OnEvent;
  /**
   * The smallest part of a blob that gets a request of its own, in bytes.
   *
   * @default {4_194_304}
   */
  minSegment?: number;
}

/** What those options may be. */
const TRANSFER_RULES: Rules<TransferOptions> = {
  ...TRANSFER_POLICY_RULES,
  signal: SIGNAL,
  onEvent: CALL,
  minSegment: wholeFrom(1, Number.MAX_SAFE_INTEGER),
};

/** Bytes a second by default: more than a trickle, less than any slow link. */
const LEAST_BYTES_PER_SECOND = 1_000;
/** The number of connections by default. */
const CONNECTIONS = 3;
/** So many blobs more than there are connections are open at a time. */
const OPEN_AHEAD = 2;
/** How often wrong bytes are fetched again. */
const MOST_MISMATCHES = 1;

/**
 * Transfers blobs.
 *
 * @param tasks The blobs, where they come from and where they go.
 * @returns What became of each, in the order of the tasks.
 * @throws {TypeError} For an option that there is not.
 * @throws {RangeError} For a value that an option cannot have.
 * @throws {ContentMismatchError} If a blob's bytes are wrong, twice.
 * @throws {NetworkError} If a blob cannot be had.
 * @throws {RegistryError} Likewise.
 * @throws {StorageError} If it cannot be written.
 */
export async function transferBlobs(
  tasks: BlobTask[],
  options: TransferOptions = {},
): Promise<BlobOutcome[]> {
  checkOptions("transfer blobs", options, TRANSFER_RULES);
  const { concurrency: connections = CONNECTIONS, threads } = options;
  const writers = new Writers({ connections, threads });
  try {
    return await transferWith(writers, tasks, options);
  } finally {
    writers.close();
  }
}

/** What a caller has that other transfers have not. */
export interface SharedOptions extends TransferOptions {
  /** Until this settles, the caller uses one of the connections. */
  inUse?: Promise<unknown>;
  /**
   * Whether the blobs are wanted in the order of the tasks: the first are
   * fetched first, and the next ones beside them.
   *
   * @default {false} The largest first, so that all end together.
   */
  inOrder?: boolean;
  /** Told of each blob that has come. */
  onOutcome?: (task: BlobTask, outcome: BlobOutcome) => void;
  /**
   * Told of each blob that cannot be had, and the others go on. Without it, the
   * first one ends all.
   */
  onFailure?: (task: BlobTask, error: unknown) => void;
}

/**
 * Transfers blobs with writers that the caller has, and closes later.
 *
 * @returns What became of each that has come, in the order of the tasks.
 */
export async function transferWith(
  writers: Writers,
  tasks: BlobTask[],
  options: SharedOptions = {},
): Promise<BlobOutcome[]> {
  writers.expect(totalSize(tasks.map(({ descriptor }) => descriptor)));
  return await new Transfer(tasks, writers, options).run();
}

class Transfer {
  readonly #tasks: BlobTask[];
  readonly #writers: Writers;
  readonly #concurrency: number;
  readonly #inOrder: boolean;
  readonly #fetcher: SegmentFetcher;
  readonly #onEvent: OnEvent;
  readonly #onOutcome: SharedOptions["onOutcome"];
  readonly #onFailure: SharedOptions["onFailure"];
  readonly #scheduler: Scheduler;
  readonly #admission = new Admission();
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;
  readonly #connect: () => Connection;
  #unfinished: number;
  /**
   * How many blobs are to be opened before any is fetched: the largest comes
   * first, not the one that is opened first.
   */
  #unopened: number;
  /** Whether the caller uses one of the connections. */
  #lent: boolean;
  readonly #changed = new Waiters();

  constructor(
    tasks: BlobTask[],
    writers: Writers,
    options: SharedOptions,
  ) {
    const {
      concurrency = CONNECTIONS,
      timeout = 30_000,
      minSpeed = LEAST_BYTES_PER_SECOND,
      signal,
      onEvent = () => {},
      minSegment,
      inUse,
      inOrder = false,
    } = options;
    this.#tasks = tasks;
    this.#inOrder = inOrder;
    this.#writers = writers;
    this.#concurrency = concurrency;
    this.#onEvent = onEvent;
    this.#onOutcome = options.onOutcome;
    this.#onFailure = options.onFailure;
    this.#scheduler = new Scheduler(concurrency, minSegment, inOrder);
    this.#unfinished = tasks.length;
    this.#unopened = inOrder
      ? 0
      : Math.min(concurrency + OPEN_AHEAD, tasks.length);
    this.#signal = signal
      ? AbortSignal.any([signal, this.#failure.signal])
      : this.#failure.signal;
    this.#lent = inUse !== undefined;
    if (this.#lent) this.#admission.enter();
    const regain = () => {
      this.#lent = false;
      this.#admission.leave();
      this.#changed.wakeAll();
    };
    inUse?.then(regain, regain);
    const leastSpeed = minSpeed / concurrency;
    this.#fetcher = new SegmentFetcher({
      ...options,
      leastSpeed,
      admission: this.#admission,
      isLent: () => this.#lent,
      signal: this.#signal,
      onEvent,
    });
    const watchdog = new Watchdog({
      timeout,
      leastSpeed,
      onLook: () => this.#changed.wakeAll(), // a sibling may need help by now
      onGain: (segment) => {
        this.#admission.gain(segment);
        this.#changed.wakeAll(); // another one may be taken as well
      },
    });
    this.#connect = () =>
      new Connection({
        watchdog,
        signal: this.#signal,
        learn: ({ blob }, ranges) => {
          this.#scheduler.learn(blob, ranges);
          this.#changed.wakeAll();
        },
      });
  }

  async run(): Promise<BlobOutcome[]> {
    // Whoever waits for a change must learn of the end, too. A listener that
    // stayed would keep Deno running for as long as a signal has its time.
    const forget = onAbort(this.#signal, () => this.#changed.wakeAll());
    const outcomes = new Map<BlobTask, BlobOutcome>();
    const queue = this.#inOrder
      ? [...this.#tasks]
      : this.#tasks.toSorted((a, b) => b.descriptor.size - a.descriptor.size);
    // A blob that another process fetches does not keep the others waiting.
    const openers = async (): Promise<void> => {
      let task;
      while ((task = queue.shift())) {
        let passed: Promise<void> | undefined;
        const outcome = await this.#tryToBring(task, () => {
          passed ??= openers().catch((error) => this.#failure.abort(error));
        });
        if (outcome) {
          outcomes.set(task, outcome);
          // Whoever is told counts on it that it was passed on.
          await task.done?.();
          this.#onOutcome?.(task, outcome);
        }
        await passed;
      }
    };
    const connections = Array.from(
      { length: this.#concurrency },
      (_, i) => this.#work(this.#connect(), i === 0),
    );
    const all = [
      ...Array.from({ length: this.#concurrency + OPEN_AHEAD }, openers),
      ...connections,
    ].map((part) => part.catch((error) => this.#failure.abort(error)));
    await Promise.all(all).finally(forget);
    this.#signal.throwIfAborted();
    return this.#tasks.flatMap((task) => outcomes.get(task) ?? []);
  }

  /** Brings one blob; nothing where it cannot be had and the others go on. */
  async #tryToBring(
    task: BlobTask,
    onWait: () => void,
  ): Promise<BlobOutcome | undefined> {
    let known = false;
    const opened = () => {
      if (!known && --this.#unopened === 0) this.#changed.wakeAll();
      known = true;
    };
    try {
      return await this.#bring(task, opened, onWait);
    } catch (error) {
      if (!this.#onFailure || this.#signal.aborted) throw error;
      opened();
      this.#unfinished--;
      this.#changed.wakeAll();
      this.#onFailure(task, error);
      return undefined;
    }
  }

  /** Brings one blob to its target, and begins anew where its bytes are wrong. */
  async #bring(
    task: BlobTask,
    opened: () => void,
    onWait: () => void,
  ): Promise<BlobOutcome> {
    const { descriptor } = task;
    let mismatches = 0;
    for (let attempt = 0;; attempt++) {
      this.#signal.throwIfAborted();
      const target = await task.open(attempt, {
        signal: this.#signal,
        onWait: () => {
          opened();
          onWait();
        },
      });
      try {
        const filled = this.#fill(task, target);
        opened();
        const blob = await filled;
        for (const copy of target.copies) await copy.commit();
        await target.primary.commit();
        this.#unfinished--;
        this.#changed.wakeAll();
        this.#onEvent({ type: "blob-done", descriptor, source: target.source });
        return {
          descriptor,
          source: target.source,
          downloaded: blob.downloaded,
          resumed: target.source === "registry" ? blob.resumed : 0,
        };
      } catch (error) {
        if (!isMismatchOf(descriptor, error)) {
          for (const copy of target.copies) await copy.close?.();
          await target.primary.close?.();
          throw error;
        }
        for (const copy of target.copies) await copy.discard();
        await target.primary.discard();
        if (target.source === "cache") {
          this.#warnOfDamage(error);
        } else if (
          // Another place that sends the right bytes ends the trouble.
          !task.source.reject?.(descriptor) && ++mismatches > MOST_MISMATCHES
        ) {
          throw error;
        } else {
          this.#onEvent(retryEvent(error, {
            url: descriptor.digest,
            attempt: Math.max(1, mismatches),
            of: MOST_MISMATCHES,
            delay: 0,
          }));
        }
      }
    }
  }

  #warnOfDamage(error: ContentMismatchError): void {
    this.#onEvent({
      type: "warning",
      warning: {
        code: "cache-entry-damaged",
        digest: error.descriptor.digest,
      },
    });
  }

  async #fill(task: BlobTask, target: BlobTarget): Promise<BlobTransfer> {
    const { descriptor } = task;
    const blob = new BlobTransfer(
      task,
      target,
      this.#writers,
      (received) =>
        this.#onEvent({ type: "blob-progress", descriptor, received }),
    );
    this.#onEvent({
      type: "blob-start",
      descriptor,
      source: target.source,
      resumed: target.source === "registry" ? blob.resumed : 0,
    });
    const stop = () => blob.fail(this.#signal.reason);
    const forget = onAbort(this.#signal, stop);
    try {
      // It may all have ended while the target was opened.
      if (this.#signal.aborted) stop();
      blob.begin();
      if (!blob.isLocal) {
        this.#scheduler.add(blob);
        this.#changed.wakeAll();
      }
      await blob.complete;
      // A connection that sees the end of its body can be used again.
      await blob.idle();
      return blob;
    } finally {
      forget();
      this.#scheduler.delete(blob);
      // No connection may write any more once the target is closed.
      await blob.close();
    }
  }

  /** A connection's life: segment after segment, until no blob is left. */
  async #work(connection: Connection, lendable: boolean): Promise<void> {
    while (
      (this.#unopened > 0 || (lendable && this.#lent)) && !this.#signal.aborted
    ) {
      await this.#changed.wait();
    }
    while (this.#unfinished > 0 && !this.#signal.aborted) {
      const segment = this.#admission.open ? this.#scheduler.take() : undefined;
      if (segment) {
        await this.#fetcher.fetch(connection, segment).catch((error) => {
          if (!this.#onFailure || this.#signal.aborted) throw error;
          segment.blob.fail(error);
        });
        this.#changed.wakeAll();
      } else {
        await this.#changed.wait();
      }
    }
  }
}

/** The end of it all may come by another blob's mismatch. */
function isMismatchOf(
  { digest }: Descriptor,
  error: unknown,
): error is ContentMismatchError {
  return error instanceof ContentMismatchError &&
    error.descriptor.digest === digest;
}
