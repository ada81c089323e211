/**
 * Decides what a free connection fetches next, so that none idles while bytes
 * are missing: whole blobs first, the largest before the others; then parts
 * of the blob that lacks most; at last, half of what a sibling still has to do.
 */

import type { BlobTransfer, Segment } from "./blob.ts";

/** The smallest part of a blob that is worth a request of its own. */
const MIN_SEGMENT_BYTES = 4 * 1024 * 1024;

/**
 * Where several connections share a blob, each fetches about so many bytes at
 * a time. What comes ahead of its turn is hashed only when that has come, and
 * all of it would be waited for at the end.
 */
const ORDERLY_SEGMENT_BYTES = 64 * 1024 * 1024;

/** A connection that needs so many milliseconds more is helped. */
const WORTH_HELPING_MS = 400;
/** What a segment leaves to another one is no less than this, in bytes. */
const WORTH_A_REQUEST_BYTES = 1024 * 1024;

/** A connection's speed is known after so many bytes and milliseconds. */
const TELLING_BYTES = 1024 * 1024;
const WARM_UP_MS = 200;

/** One that needs so much time is helped with smaller segments, too. */
const SLOW_MS = 4_000;
/** The smallest segment then, in bytes. */
const SLOW_SEGMENT_BYTES = 256 * 1024;

/** The blobs that are being fetched, and the bytes that nobody fetches yet. */
export class Scheduler {
  readonly #connections: number;
  readonly #minSegment: number;
  readonly #leastPart: number;
  readonly #blobs: Set<BlobTransfer> = new Set();
  readonly #untouched: Set<BlobTransfer> = new Set();
  /** Whether ranges work here, learned from the first response to one. */
  #ranges: boolean | undefined;

  /** What comes first: of those that a measure is not 0 of, one. */
  readonly #choose: typeof largest;

  /**
   * For so many connections, and segments of no fewer bytes than that; the
   * blobs in the order that they are added in, or the largest first.
   */
  constructor(
    connections: number,
    minSegment: number = MIN_SEGMENT_BYTES,
    inOrder = false,
  ) {
    this.#choose = inOrder ? first : largest;
    this.#connections = connections;
    this.#minSegment = minSegment;
    this.#leastPart = Math.min(minSegment, WORTH_A_REQUEST_BYTES);
  }

  /** Adds a blob. */
  add(blob: BlobTransfer): void {
    this.#blobs.add(blob);
    this.#untouched.add(blob);
  }

  /** Takes a blob out that is complete or given up. */
  delete(blob: BlobTransfer): void {
    this.#blobs.delete(blob);
    this.#untouched.delete(blob);
  }

  /** Remembers whether a blob's server answers ranges. */
  learn(blob: BlobTransfer, ranges: boolean): void {
    // Once may be a mishap; a server that does so each time sends the whole
    // blob for each gap in it, so one request is to fill them all.
    const again = !ranges && blob.ranges === false;
    if (again && blob.segments.size === 1) {
      for (const segment of blob.segments) widen(segment);
    }
    blob.ranges = ranges;
    this.#ranges ??= ranges;
  }

  /** What a free connection is to fetch, if there is anything. */
  take(): Segment | undefined {
    return this.#whole() ?? this.#part() ?? this.#half();
  }

  #whole(): Segment | undefined {
    const blob = this.#choose(this.#untouched, missing);
    if (!blob) return undefined;
    this.#untouched.delete(blob);
    return this.#first(blob);
  }

  #part(): Segment | undefined {
    const blob = this.#choose(
      this.#blobs,
      (blob) => this.#splittable(blob) ? missing(blob) : 0,
    );
    return blob && this.#first(blob);
  }

  /** Whether another connection may fetch from this blob at the same time. */
  #splittable(blob: BlobTransfer): boolean {
    // The first response tells whether ranges work; until then, none is risked.
    return blob.segments.size === 0 || (blob.ranges ?? this.#ranges) === true;
  }

  /** The first missing bytes, as many as keep all connections busy. */
  #first(blob: BlobTransfer): Segment | undefined {
    const [start, end] = blob.next ?? [0, 0];
    if (end <= start) return undefined;
    if (this.#connections === 1 || blob.ranges === false) {
      return claim(blob, start, end);
    }
    // With its share of all, a connection ends when the others do; those that
    // turn out slower are helped.
    const fair = this.#outstanding() / this.#connections;
    const shared = this.#blobs.size < this.#connections;
    const rounds = shared
      ? Math.max(1, Math.ceil(fair / ORDERLY_SEGMENT_BYTES))
      : 1;
    const share = Math.max(this.#minSegment, Math.ceil(fair / rounds));
    // What it leaves to another one is worth a request.
    const left = end - start - share;
    const length = left < this.#leastPart ? end - start : share;
    return claim(blob, start, start + length);
  }

  /** All bytes that are missing, asked for or not. */
  #outstanding(): number {
    let total = 0;
    for (const blob of this.#blobs) {
      total += missing(blob);
      for (const segment of blob.segments) {
        total += segment.end - segment.received;
      }
    }
    return total;
  }

  #half(): Segment | undefined {
    let slowest: Segment | undefined;
    let longest = WORTH_HELPING_MS;
    for (const blob of this.#blobs) {
      if (!this.#splittable(blob)) continue;
      for (const segment of blob.segments) {
        // Cutting a request short costs its connection and what is under way
        // on it, so one that is nearly through is left alone, be it by its
        // bytes or by its time.
        const time = timeLeft(segment);
        const least = time > SLOW_MS ? SLOW_SEGMENT_BYTES : this.#minSegment;
        if (remaining(segment) < 2 * least || time <= longest) continue;
        slowest = segment;
        longest = time;
      }
    }
    if (!slowest) return undefined;
    const middle = slowest.end - Math.floor(remaining(slowest) / 2);
    const { blob, end } = slowest;
    slowest.end = middle;
    blob.pending.add(middle, end);
    return claim(blob, middle, end);
  }
}

function claim(blob: BlobTransfer, start: number, end: number): Segment {
  blob.pending.remove(start, end);
  const segment = {
    blob,
    position: start,
    end,
    limit: end,
    received: start,
    start,
    since: performance.now(),
  };
  blob.segments.add(segment);
  return segment;
}

/** Has a segment go on to the last byte that is missing, over what is there. */
function widen(segment: Segment): void {
  const { blob, end } = segment;
  const last = blob.pending.ranges.at(-1)?.[1] ?? end;
  if (last <= end) return;
  blob.pending.remove(end, last);
  segment.end = last;
}

function missing(blob: BlobTransfer): number {
  return blob.pending.total;
}

function remaining(segment: Segment): number {
  return segment.end - segment.received;
}

/** How long a segment still takes at its speed so far, in milliseconds. */
function timeLeft(segment: Segment): number {
  const age = performance.now() - segment.since;
  const got = segment.received - segment.start;
  // The first bytes say nothing: what is judged by them is cut short for no
  // reason, and what is on its way of it by then comes in vain.
  if (age < SLOW_MS && (got < TELLING_BYTES || age < WARM_UP_MS)) return 0;
  if (got === 0) return Infinity;
  return remaining(segment) * age / got;
}

function first<T>(items: Iterable<T>, measure: (item: T) => number) {
  for (const item of items) if (measure(item) > 0) return item;
  return undefined;
}

function largest<T>(items: Iterable<T>, measure: (item: T) => number) {
  let best: T | undefined;
  let most = 0;
  for (const item of items) {
    const size = measure(item);
    if (size > most) {
      best = item;
      most = size;
    }
  }
  return best;
}
