/** So much at a time, and no more. */

/** Runs work, a number of pieces at a time, in the order in which it comes. */
export class Limit {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** So many pieces at a time. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Runs a piece of work when there is room for it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
