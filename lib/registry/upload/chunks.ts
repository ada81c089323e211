/** How large the parts are that a blob is uploaded in. */

const MiB = 2 ** 20;
/** What is no larger goes whole, in one request; and the first part of others. */
const FIRST_BYTES = 8 * MiB;
/** Less is not worth a request, unless no more is taken. */
const LEAST_BYTES = MiB;
/** The part where the registry forgets what it has of one that breaks off. */
const CAUTIOUS_BYTES = 2 * MiB;
/** More is not sent in a request unless it is known to be safe. */
const MOST_BYTES = 1024 * MiB;
/** A part takes no longer than so many milliseconds, as far as can be told. */
const MOST_MS = 5_000;

/**
 * What a registry has shown of how it takes parts, which counts for all blobs.
 *
 * The first part of a blob tells how fast it goes, and the next ones take a few
 * seconds each: no more than that is lost where one breaks off, and there are
 * few of them, as many a registry has each on its disk before it takes the
 * next. One that is seen to keep what it has of a part gets all that is left;
 * one that is seen to lose it gets small ones.
 */
export class ChunkSizes {
  /** Whether it takes blobs in one request only. */
  whole = false;
  /** Whether it keeps what came of a part that broke off, once that is known. */
  kept: boolean | undefined;
  #limit = Infinity;
  /** Bytes a millisecond, as it was last. */
  #rate: number | undefined;

  /**
   * How many bytes go next.
   *
   * @param rest How many are left.
   * @param sent How many the part before had, in this try; 0 for the first.
   * @param minimum As few as the registry takes.
   */
  next(rest: number, sent: number, minimum: number): number {
    if (this.whole) return rest;
    let size = this.kept
      ? Infinity
      : this.kept === false
      ? CAUTIOUS_BYTES
      : sent === 0
      ? FIRST_BYTES
      : MOST_BYTES;
    if (this.#rate !== undefined && !this.kept) {
      const timely = Math.max(this.#rate * MOST_MS, LEAST_BYTES);
      size = Math.min(size, timely);
    }
    size = Math.max(Math.ceil(size), minimum);
    return Math.min(size, this.#limit, rest);
  }

  /** Told how long a part took. */
  took(bytes: number, milliseconds: number): void {
    if (bytes >= LEAST_BYTES && milliseconds > 0) {
      this.#rate = bytes / milliseconds;
    }
  }

  /**
   * Told that a part was too large for something on the way.
   *
   * @returns Whether smaller ones are worth a try.
   */
  shrink(bytes: number, minimum: number): boolean {
    if (bytes <= Math.max(LEAST_BYTES, minimum)) return false;
    this.whole = false;
    const half = Math.floor(bytes / 2);
    this.#limit = Math.max(Math.min(this.#limit, half), LEAST_BYTES, minimum);
    return true;
  }
}
