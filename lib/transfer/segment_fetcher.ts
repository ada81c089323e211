/** Has a connection fetch a segment, for as long as that makes sense. */

import { sleep } from "../image/abort.ts";
import {
  ContentMismatchError,
  NetworkError,
  RegistryError,
} from "../image/errors.ts";
import type { OnEvent } from "../image/events.ts";
import { isRetryable, retryDelay, retryEvent } from "../net/retry.ts";
import type { RetryPolicy } from "../net/retry_policy.ts";
import { type Admission, isRefusal } from "./admission.ts";
import type { Segment } from "./blob.ts";
import type { Connection } from "./connection.ts";

/** How long a {@linkcode SegmentFetcher} goes on trying. */
export interface SegmentFetcherOptions extends RetryPolicy {
  /**
   * Bytes a second that count as progress.
   *
   * @default {0}
   */
  leastSpeed?: number;
  /** Lets requests out. */
  admission: Admission;
  /** Whether the caller uses a connection besides. */
  isLent: () => boolean;
  /** Ends it all. */
  signal: AbortSignal;
  /** Told of every other try. */
  onEvent: OnEvent;
}

/** How often a response that does not fit is asked for again. */
const MOST_MISMATCHES = 1;
/** A connection that breaks off after so many bytes is made anew at once. */
const WORTHWHILE_BYTES = 256 * 1024;

/** Tries again what may go better. */
export class SegmentFetcher {
  readonly #retries: number;
  readonly #maxWait: number;
  readonly #leastSpeed: number;
  readonly #admission: Admission;
  readonly #isLent: () => boolean;
  readonly #signal: AbortSignal;
  readonly #onEvent: OnEvent;
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>;

  /** For all segments of a transfer. */
  constructor(options: SegmentFetcherOptions) {
    const { retries = 5, maxWait = 60_000, leastSpeed = 0 } = options;
    this.#retries = retries;
    this.#maxWait = maxWait;
    this.#leastSpeed = leastSpeed;
    this.#admission = options.admission;
    this.#isLent = options.isLent;
    this.#signal = options.signal;
    this.#onEvent = options.onEvent;
    this.#sleep = options.sleep ?? sleep;
  }

  /**
   * Fetches a segment; attempts are counted since the last progress. One that
   * is refused while others are served is left to them.
   */
  async fetch(connection: Connection, segment: Segment): Promise<void> {
    const { blob } = segment;
    let attempt = 0;
    let strange = 0;
    let since = performance.now();
    this.#admission.enter(segment);
    try {
      while (segment.position < segment.end && !blob.closed) {
        const before = segment.position;
        const lent = this.#isLent();
        try {
          await connection.fetch(segment);
        } catch (error) {
          this.#signal.throwIfAborted();
          if (blob.closed) return;
          if (error instanceof ContentMismatchError) {
            // A response that does not fit says nothing of what is there.
            if (strange++ === MOST_MISMATCHES) return blob.fail(error);
            await this.#pause(error, 1, true, blob.signal);
            continue;
          }
          const gained = segment.position - before;
          const { elsewhere, rivals } = connection;
          if (
            !elsewhere && isRefusal(error, gained) &&
            this.#isLeft(segment, error, lent ? rivals + 1 : rivals)
          ) return;
          if (!isRetryable(error, true)) throw error;
          const now = performance.now();
          const slow = gained * 1000 < this.#leastSpeed * (now - since);
          if (gained > 0 && !slow) attempt = 0;
          since = now;
          const dropped = gained >= WORTHWHILE_BYTES || connection.elsewhere;
          await this.#pause(error, ++attempt, dropped, blob.signal);
        }
      }
    } finally {
      this.#admission.leave(segment);
      blob.segments.delete(segment);
      blob.settle();
    }
  }

  /** Leaves a segment to the others where these are why it was refused. */
  #isLeft(segment: Segment, error: unknown, rivals: number): boolean {
    const refusal = this.#admission.refuse(segment, rivals, error);
    if (!refusal) return false;
    segment.blob.pending.add(segment.position, segment.end);
    segment.end = segment.position;
    if (refusal.first) {
      const numbers = { attempt: 1, of: this.#retries, delay: refusal.rest };
      this.#onEvent(retryEvent(error, numbers));
    }
    return true;
  }

  async #pause(
    error: unknown,
    attempt: number,
    dropped: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const slow = error instanceof NetworkError && error.code === "slower";
    if (attempt > this.#retries && !slow) throw error;
    const pause = (slow || dropped) && !(error instanceof RegistryError)
      ? 0
      : retryDelay(error, attempt);
    if (pause > this.#maxWait) throw error;
    this.#onEvent(retryEvent(error, {
      attempt,
      of: this.#retries,
      delay: pause,
      code: slow ? "slow" : undefined,
    }));
    try {
      await this.#sleep(pause, AbortSignal.any([this.#signal, signal]));
    } catch {
      this.#signal.throwIfAborted(); // else the blob is not wanted any more
    }
  }
}
