/** Has a connection fetch a piece, for as long as that makes sense. */

import { sleep } from "../abort.ts";
import { ContentMismatchError, RegistryError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { isRetryable, retryDelay, retryEvent } from "../registry/retry.ts";
import type { Piece } from "./blob.ts";
import type { Connection } from "./connection.ts";
import { SlowConnectionError } from "./watchdog.ts";

/** How long a {@linkcode Carrier} goes on trying. */
export interface CarrierOptions {
  /**
   * How often a request is tried again without a byte gained.
   *
   * @default {5}
   */
  retries?: number;
  /**
   * The longest wait, in milliseconds, that a server may ask for.
   *
   * @default {60_000}
   */
  maxWait?: number;
  /** Ends it all. */
  signal: AbortSignal;
  /** Told of every other try. */
  onEvent: OnEvent;
  /** Waits between tries; for tests. */
  sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** How often an answer that does not fit is asked for again. */
const MOST_MISMATCHES = 1;
/** A connection that breaks off after so many bytes is made anew at once. */
const WORTHWHILE = 256 * 1024;

/** Tries again what may go better. */
export class Carrier {
  readonly #retries: number;
  readonly #maxWait: number;
  readonly #signal: AbortSignal;
  readonly #onEvent: OnEvent;
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>;

  /** For all pieces of a transfer. */
  constructor(options: CarrierOptions) {
    const { retries = 5, maxWait = 60_000 } = options;
    this.#retries = retries;
    this.#maxWait = maxWait;
    this.#signal = options.signal;
    this.#onEvent = options.onEvent;
    this.#sleep = options.sleep ?? sleep;
  }

  /** Fetches a piece; attempts are counted since the last byte gained. */
  async carry(connection: Connection, piece: Piece): Promise<void> {
    const { blob } = piece;
    let attempt = 0;
    let strange = 0;
    try {
      while (piece.position < piece.end && !blob.closed) {
        const before = piece.position;
        try {
          await connection.fetch(piece);
        } catch (error) {
          this.#signal.throwIfAborted();
          if (blob.closed) return;
          if (error instanceof ContentMismatchError) {
            // An answer that does not fit says nothing of what is there.
            if (strange++ === MOST_MISMATCHES) return blob.fail(error);
            await this.#pause(error, 1, true, blob.signal);
            continue;
          }
          if (!isRetryable(error, true)) throw error;
          const gained = piece.position - before;
          if (gained > 0) attempt = 0;
          const dropped = gained >= WORTHWHILE || connection.elsewhere;
          await this.#pause(error, ++attempt, dropped, blob.signal);
        }
      }
    } finally {
      blob.pieces.delete(piece);
      blob.settle();
    }
  }

  async #pause(
    error: unknown,
    attempt: number,
    dropped: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const slow = error instanceof SlowConnectionError;
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
