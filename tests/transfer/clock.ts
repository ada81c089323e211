/** Time that passes only when nothing else is left to do. */
import { setImmediate } from "node:timers";

/** The clock of a simulation; what is simulated takes it for the real one. */
export class Clock {
  /** The time, in milliseconds. */
  now = 0;
  #waiting: { time: number; resolve: () => void }[] = [];

  /** Settles when so many milliseconds have passed. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) =>
      this.#waiting.push({ time: this.now + milliseconds, resolve })
    );
  }

  /**
   * Lets time pass until a promise settles.
   *
   * @param begin Begins what is simulated.
   * @param onTick Called before time moves on, with the time that passes.
   */
  async run<T>(
    begin: () => Promise<T>,
    onTick: (elapsed: number) => void = () => {},
  ): Promise<T> {
    const { now } = performance;
    performance.now = () => this.now;
    try {
      return await this.#run(begin(), onTick);
    } finally {
      performance.now = now;
    }
  }

  async #run<T>(
    story: Promise<T>,
    onTick: (elapsed: number) => void,
  ): Promise<T> {
    let over = false;
    const end = () => void (over = true);
    story.then(end, end);
    for (let idle = 0; !over && idle < 1_000;) {
      for (let turn = 0; turn < 8; turn++) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (over) break;
      this.#waiting.sort((a, b) => a.time - b.time);
      const next = this.#waiting.shift();
      idle = next ? 0 : idle + 1;
      if (!next) continue;
      onTick(next.time - this.now);
      this.now = next.time;
      next.resolve();
    }
    if (!over) throw new Error(`nothing happens any more at ${this.now} ms`);
    return await story;
  }
}
