/**
 * How many requests go out at a time. Servers that take fewer connections than
 * there are refuse those beyond: these stay away while the others are served,
 * and one of them tries again now and then.
 */

import { NetworkError, RegistryError } from "../image/errors.ts";
import { isRetryable } from "../net/retry.ts";
import type { Segment } from "./blob.ts";

/** How long is waited before one more request is tried, in milliseconds. */
const FIRST_REST_MS = 5_000;
const LAST_REST_MS = 300_000;

/** Lets requests out, as many as have been taken so far. */
export class Admission {
  #most = Infinity;
  #underWay = 0;
  /** The request that is one more than have been taken before. */
  #trial: Segment | undefined;
  /** When the next trial may be made. */
  #until = Infinity;
  #rest = FIRST_REST_MS;
  /** Whether one has failed without any others. */
  #failedAlone = false;

  /** Whether one more request may go out. */
  get open(): boolean {
    return this.#underWay < this.#most ||
      (this.#trial === undefined && performance.now() >= this.#until);
  }

  /** A request goes out, or several for one segment. */
  enter(segment?: Segment): void {
    if (++this.#underWay <= this.#most) return;
    this.#most = this.#underWay;
    this.#trial = segment;
  }

  /** All requests for a segment are over. */
  leave(segment?: Segment): void {
    this.#underWay--;
    if (segment === undefined || segment !== this.#trial) return;
    this.#trial = undefined;
    this.#until = performance.now() + this.#rest;
  }

  /** A request brings bytes. */
  gain(segment: Segment): void {
    // After an outage, what was refused in it says nothing any more.
    if (segment !== this.#trial && !this.#failedAlone) return;
    this.#failedAlone = false;
    this.#trial = undefined;
    this.#rest = FIRST_REST_MS;
    this.#until = performance.now();
  }

  /**
   * A request has failed.
   *
   * @param rivals How many others are being served, or may be.
   * @param error What it failed with.
   * @returns For how long it stays away, in milliseconds, and whether that is
   * worth telling; nothing where it has failed by itself.
   */
  refuse(
    segment: Segment,
    rivals: number,
    error: unknown,
  ): { rest: number; first: boolean } | undefined {
    if (rivals === 0) {
      this.#failedAlone = true;
      return undefined;
    }
    const now = performance.now();
    const first = this.#until === Infinity || this.#until <= now;
    this.#most = Math.min(this.#most, rivals);
    const asked = error instanceof RegistryError ? error.retryAfter ?? 0 : 0;
    const rest = Math.max(this.#rest, asked);
    if (first) {
      this.#until = now + rest;
      this.#rest = Math.min(2 * this.#rest, LAST_REST_MS);
    }
    if (segment === this.#trial) this.#trial = undefined;
    return { rest, first };
  }
}

/**
 * Whether a request may have failed because there were too many.
 *
 * @param error What it failed with.
 * @param gained The bytes that it brought.
 */
export function isRefusal(error: unknown, gained = 0): boolean {
  const slow = error instanceof NetworkError && error.kind === "slow";
  if (gained > 0 && !slow) return false;
  return isRetryable(error, true) ||
    (error instanceof RegistryError && error.status === 429);
}
