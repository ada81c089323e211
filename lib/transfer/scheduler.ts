/**
 * Decides what a free connection fetches next, so that none idles while bytes
 * are missing: whole blobs first, the largest before the others; then parts
 * of the blob that lacks most; at last, half of what a sibling still has to do.
 */

import type { BlobTransfer, Piece } from "./blob.ts";

/** The smallest part of a blob that is worth a request of its own. */
const MIN_PIECE = 4 * 1024 * 1024;

/**
 * Where several connections share a blob, each fetches about so many bytes at
 * a time. What comes ahead of its turn is hashed only when that has come, and
 * all of it would be waited for at the end.
 */
const ORDERLY_PIECE = 64 * 1024 * 1024;

/** A connection that needs so many milliseconds more is helped. */
const WORTH_HELPING = 400;
/** What a piece leaves to another one is no less than this, in bytes. */
const WORTH_A_REQUEST = 1024 * 1024;

/** A connection's speed is known after so many bytes and milliseconds. */
const TELLING = 1024 * 1024;
const WARM_UP = 200;

/** One that needs so much time is helped with smaller pieces, too. */
const SLOW = 4_000;
/** The smallest piece then, in bytes. */
const SLOW_PIECE = 256 * 1024;

/** The blobs that are being fetched, and the bytes that nobody fetches yet. */
export class Scheduler {
  readonly #connections: number;
  readonly #minPiece: number;
  readonly #leastPart: number;
  readonly #blobs: Set<BlobTransfer> = new Set();
  readonly #untouched: Set<BlobTransfer> = new Set();
  /** Whether ranges work here, learned from the first answer to one. */
  #ranges: boolean | undefined;

  /** For so many connections, and pieces of no fewer bytes than that. */
  constructor(connections: number, minPiece: number = MIN_PIECE) {
    this.#connections = connections;
    this.#minPiece = minPiece;
    this.#leastPart = Math.min(minPiece, WORTH_A_REQUEST);
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
    if (again && blob.pieces.size === 1) {
      for (const piece of blob.pieces) widen(piece);
    }
    blob.ranges = ranges;
    this.#ranges ??= ranges;
  }

  /** What a free connection is to fetch, if there is anything. */
  take(): Piece | undefined {
    return this.#whole() ?? this.#part() ?? this.#half();
  }

  #whole(): Piece | undefined {
    const blob = largest(this.#untouched, missing);
    if (!blob) return undefined;
    this.#untouched.delete(blob);
    return this.#first(blob);
  }

  #part(): Piece | undefined {
    const blob = largest(
      this.#blobs,
      (blob) => this.#splittable(blob) ? missing(blob) : 0,
    );
    return blob && this.#first(blob);
  }

  /** Whether another connection may fetch from this blob at the same time. */
  #splittable(blob: BlobTransfer): boolean {
    // The first answer tells whether ranges work; until then, none is risked.
    return blob.pieces.size === 0 || (blob.ranges ?? this.#ranges) === true;
  }

  /** The first missing bytes, as many as keep all connections busy. */
  #first(blob: BlobTransfer): Piece | undefined {
    const [start, end] = blob.next ?? [0, 0];
    if (end <= start) return undefined;
    if (this.#connections === 1 || blob.ranges === false) {
      return claim(blob, start, end);
    }
    // With its share of all, a connection ends when the others do; those that
    // turn out slower are helped.
    const fair = this.#outstanding() / this.#connections;
    const shared = this.#blobs.size < this.#connections;
    const rounds = shared ? Math.max(1, Math.ceil(fair / ORDERLY_PIECE)) : 1;
    const share = Math.max(this.#minPiece, Math.ceil(fair / rounds));
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
      for (const piece of blob.pieces) total += piece.end - piece.received;
    }
    return total;
  }

  #half(): Piece | undefined {
    let slowest: Piece | undefined;
    let longest = WORTH_HELPING;
    for (const blob of this.#blobs) {
      if (!this.#splittable(blob)) continue;
      for (const piece of blob.pieces) {
        // Cutting a request short costs its connection and what is under way
        // on it, so one that is nearly through is left alone, be it by its
        // bytes or by its time.
        const time = timeLeft(piece);
        const least = time > SLOW ? SLOW_PIECE : this.#minPiece;
        if (remaining(piece) < 2 * least || time <= longest) continue;
        slowest = piece;
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

function claim(blob: BlobTransfer, start: number, end: number): Piece {
  blob.pending.remove(start, end);
  const piece = {
    blob,
    position: start,
    end,
    limit: end,
    received: start,
    start,
    since: performance.now(),
  };
  blob.pieces.add(piece);
  return piece;
}

/** Has a piece go on to the last byte that is missing, over what is there. */
function widen(piece: Piece): void {
  const { blob, end } = piece;
  const last = blob.pending.ranges.at(-1)?.[1] ?? end;
  if (last <= end) return;
  blob.pending.remove(end, last);
  piece.end = last;
}

function missing(blob: BlobTransfer): number {
  return blob.pending.total;
}

function remaining(piece: Piece): number {
  return piece.end - piece.received;
}

/** How long a piece still takes at its speed so far, in milliseconds. */
function timeLeft(piece: Piece): number {
  const age = performance.now() - piece.since;
  const got = piece.received - piece.start;
  // The first bytes say nothing: what is judged by them is cut short for no
  // reason, and what is on its way of it by then comes in vain.
  if (age < SLOW && (got < TELLING || age < WARM_UP)) return 0;
  if (got === 0) return Infinity;
  return remaining(piece) * age / got;
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
