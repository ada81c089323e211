/** How fast something grows. */

/** How far back it looks, in milliseconds, where nothing else is said. */
const WINDOW = 4_000;
/** What is measured in less time than this is a guess, in milliseconds. */
const SOON = 2_000;

/** Measures how fast a growing number grows. */
export class Speedometer {
  readonly #window: number;
  #samples: { time: number; value: number }[] = [];
  /** When it began to grow. */
  #since = 0;

  /** Looks so many milliseconds back. */
  constructor(window: number = WINDOW) {
    this.#window = window;
  }

  /** Notes the number as it is now. */
  sample(time: number, value: number): void {
    const samples = this.#samples;
    const last = samples.at(-1);
    // What was thrown away and begins anew tells nothing of the speed; nor
    // does the time before the first byte.
    const anew = last && value < last.value;
    const still = samples.length === 1 && value === last!.value;
    if (anew || still) samples.length = 0;
    if (samples.length === 0) this.#since = time;
    samples.push({ time, value });
    while (samples.length > 2 && samples[1]!.time <= time - this.#window) {
      samples.shift();
    }
  }

  /** Its growth in a second, over the last few; 0 before that is known. */
  get rate(): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || last.time - this.#since < SOON) return 0;
    return (last.value - first.value) * 1000 / (last.time - first.time);
  }
}
