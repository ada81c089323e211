/** Lets any number of waiters know that something has changed. */

/** Something to wait for, again and again. */
export class Waiters {
  #waiters: (() => void)[] = [];

  /** Settles when it is given the next time. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Lets all go on that wait now. */
  wakeAll(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}
