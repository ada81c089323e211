/** What goes wrong, and when: decided by a seed, response by response. */

import { type Random, randomFrom } from "./random.ts";

/** Everything that can be done to a response. */
export const FAULTS = [
  /** The connection is closed in the middle of the body. */
  "drop",
  /** The connection is reset in the middle of the body. */
  "reset",
  /** The request is taken and never answered. */
  "half-open",
  /** The body comes to a halt; the connection stays. */
  "stall",
  /** A body without Content-Length ends too early, as if it were complete. */
  "truncate",
  /** The body is longer than the blob. */
  "over-long",
  /** Content-Range names other bytes than were asked for. */
  "wrong-range",
  /** The range is ignored: the whole blob comes. */
  "ignored-range",
  /** One bit of the body is wrong. */
  "flip",
  /** A server error, and some more after it. */
  "5xx",
  /** Too many requests, with Retry-After. */
  "429",
  /** The token has run out. */
  "401",
  /** A redirect to a signed address that is over before it is used. */
  "dead-redirect",
  /** All connections are cut, and nobody answers for a while. */
  "restart",
  /** The tag names another image from now on. */
  "moved-tag",
] as const;

/** One of {@linkcode FAULTS}. */
export type Fault = typeof FAULTS[number];

/** What a request asks for, as far as it matters here. */
export type Target = "blob" | "range" | "manifest" | "tag";

const POSSIBLE: Record<Target, readonly Fault[]> = {
  blob: FAULTS.filter((fault) => !/-range|moved-tag/.test(fault)),
  range: FAULTS.filter((fault) => fault !== "moved-tag"),
  manifest: [
    "drop",
    "reset",
    "half-open",
    "stall",
    "truncate",
    "flip",
    "5xx",
    "429",
    "401",
    "restart",
  ],
  // What a tag's manifest should be cannot be known: a flipped bit is another
  // manifest.
  tag: [
    "drop",
    "reset",
    "half-open",
    "stall",
    "truncate",
    "5xx",
    "429",
    "401",
    "restart",
    "moved-tag",
  ],
};

/** Decides about responses. */
export interface Schedule {
  /** What is to go wrong with the next response, if anything. */
  decide(target: Target): Fault | undefined;
  /** For what else is left to chance, such as where a body breaks. */
  readonly random: Random;
}

/** How much goes wrong. */
export interface ScheduleOptions {
  /** How many faults there are at most; then all goes well. */
  budget: number;
  /**
   * The probability of a fault for each response.
   *
   * @default {0.4}
   */
  density?: number;
  /**
   * Which may occur.
   *
   * @default {FAULTS}
   */
  faults?: readonly Fault[];
}

/** Makes the schedule that a seed stands for. */
export function makeSchedule(
  seed: string | number,
  { budget, density = 0.4, faults = FAULTS }: ScheduleOptions,
): Schedule {
  const random = randomFrom("schedule", seed);
  let left = budget;
  return {
    random,
    decide(target) {
      const possible = POSSIBLE[target].filter((fault) =>
        faults.includes(fault)
      );
      if (left <= 0 || possible.length === 0) return undefined;
      if (!random.chance(density)) return undefined;
      left--;
      return random.pick(possible);
    },
  };
}
