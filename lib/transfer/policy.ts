/** Over how many connections blobs come, and how fast they must be. */

import { CONCURRENCY, FLAG, MIN_SPEED, type Rules } from "../image/options.ts";
import { RETRY_RULES, type RetryPolicy } from "../net/retry_policy.ts";

/** Over how many connections blobs come, and how fast they must be. */
export interface TransferPolicy extends RetryPolicy {
  /**
   * The number of connections that fetch blobs.
   *
   * @default {3}
   */
  concurrency?: number;
  /**
   * Bytes a second, shared by the connections, that are needed over twice the
   * `timeout`: a connection that brings fewer is given up as if it were
   * silent. With 0, any number of bytes will do.
   *
   * @default {1_000}
   */
  minSpeed?: number;
  /**
   * Whether threads fetch, write and hash: however little there is to do, or
   * not at all.
   *
   * @default {undefined} Where there is enough to do for them.
   */
  threads?: boolean;
}

/** What those options may be. */
export const TRANSFER_POLICY_RULES: Rules<TransferPolicy> = {
  ...RETRY_RULES,
  concurrency: CONCURRENCY,
  minSpeed: MIN_SPEED,
  threads: FLAG,
};
