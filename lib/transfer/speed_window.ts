/** Whether a request brings enough to be worth its while. */

/**
 * Bytes of a request, window after window. Time is what it is told of: that a
 * process has slept is no fault of its server.
 */
export class SpeedWindow {
  readonly #least: number;
  readonly #length: number;
  #bytes = 0;
  #time = 0;
  #begin: number | undefined;

  /**
   * Begins with the first byte.
   *
   * @param least Bytes a second; 0 where any number of them will do.
   * @param length The window's length, in milliseconds.
   */
  constructor(least: number, length: number) {
    this.#least = least;
    this.#length = length;
  }

  /** When the present window began; nothing before the first byte. */
  get since(): number | undefined {
    return this.#begin;
  }

  /**
   * Counts bytes.
   *
   * @returns Whether the window is good so far: a second's worth at least, so
   * that the first byte of a trickle does not count for much.
   */
  add(bytes: number): boolean {
    this.#begin ??= performance.now();
    this.#bytes += bytes;
    return this.#bytes >= this.#least * Math.max(1, this.#time / 1000);
  }

  /**
   * Lets time pass.
   *
   * @param milliseconds How much.
   * @returns The number of bytes in a window that had too few of them.
   */
  pass(milliseconds: number): number | undefined {
    this.#time += milliseconds;
    if (this.#time < this.#length) return undefined;
    if (this.#bytes * 1000 < this.#least * this.#time) return this.#bytes;
    this.#bytes = 0;
    this.#time = 0;
    this.#begin = performance.now();
    return undefined;
  }
}
