/** Time that passes only when nothing else is left to do. */
import { setImmediate } from "node:timers";

/** The runtime's timers, as a simulation has them. */
type Timers = Pick<
  typeof globalThis,
  "setTimeout" | "clearTimeout" | "setInterval" | "clearInterval"
>;

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

  /** The same, with the runtime's timers as part of it. */
  async runTimed<T>(begin: () => Promise<T>): Promise<T> {
    const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
    Object.assign(globalThis, this.#timers());
    try {
      return await this.run(begin);
    } finally {
      Object.assign(globalThis, {
        setTimeout,
        clearTimeout,
        setInterval,
        clearInterval,
      });
    }
  }

  #timers(): Timers {
    const live = new Set<number>();
    let count = 0;
    const start = (call: () => void, time: number, again: boolean) => {
      const id = ++count;
      live.add(id);
      const next = () =>
        this.wait(time).then(() => {
          if (!live.has(id)) return;
          if (!again) live.delete(id);
          call();
          if (again) next();
        });
      next();
      return id;
    };
    const stop = (id?: unknown) => void live.delete(id as number);
    return {
      setTimeout: (call: () => void, time = 0) => start(call, time, false),
      setInterval: (call: () => void, time = 0) => start(call, time, true),
      clearTimeout: stop,
      clearInterval: stop,
    } as unknown as Timers;
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
      onTick(Math.max(0, next.time - this.now));
      this.now = Math.max(this.now, next.time);
      next.resolve();
    }
    if (!over) throw new Error(`nothing happens any more at ${this.now} ms`);
    return await story;
  }
}
