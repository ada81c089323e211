/** How long requests are waited for, and how often they are made anew. */

import {
  CALL,
  MAX_WAIT,
  RETRIES,
  type Rules,
  TIMEOUT,
} from "../image/options.ts";

/** How long requests are waited for, and how often they are made anew. */
export interface RetryPolicy {
  /**
   * How often a request is tried again without a byte gained.
   *
   * @default {5}
   */
  retries?: number;
  /**
   * Milliseconds to wait for a response's head, and for each further byte,
   * after which a request is made anew.
   *
   * @default {30_000}
   */
  timeout?: number;
  /**
   * The longest wait, in milliseconds, that a server may ask for before
   * another try; where it asks for more, the request has failed.
   *
   * @default {60_000}
   */
  maxWait?: number;
  /** Waits before another try; for tests. */
  sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

/** What those options may be. */
export const RETRY_RULES: Rules<RetryPolicy> = {
  retries: RETRIES,
  timeout: TIMEOUT,
  maxWait: MAX_WAIT,
  sleep: CALL,
};
