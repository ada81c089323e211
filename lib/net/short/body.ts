/** The body of a response that comes by the short way. */

interface Pump {
  most: number;
  until: number;
  take: (bytes: Uint8Array) => void;
  count: number;
  resolve: (ended: boolean) => void;
  reject: (error: unknown) => void;
}

/**
 * Hands bytes on from where the connection has put them. Threads are given the
 * text of this class, so it refers to nothing outside of itself.
 */
export class ShortBody {
  /** A piece of so many bytes is worth a call of its own. */
  readonly #worthACall = 65_536;
  readonly #resume: () => void;
  readonly #stop: () => void;
  /** Where smaller ones are gathered, as those of TLS are. */
  readonly #gathering: Uint8Array;
  #gathered = 0;
  /** Copies of what came while nobody took it. */
  #held: Uint8Array[] = [];
  /** Where the first of them is: it comes with every pause. */
  readonly #holding: Uint8Array;
  #ended = false;
  #error: unknown;
  #pump: Pump | undefined;

  /**
   * Nothing has come yet.
   *
   * @param gathering A buffer to use until the body's end.
   * @param holding Another one.
   * @param resume Lets bytes come.
   * @param stop Ends the connection.
   */
  constructor(
    gathering: Uint8Array,
    holding: Uint8Array,
    resume: () => void,
    stop: () => void,
  ) {
    this.#gathering = gathering;
    this.#holding = holding;
    this.#resume = resume;
    this.#stop = stop;
  }

  /** Whether somebody waits for bytes. */
  get hungry(): boolean {
    return this.#pump !== undefined;
  }

  /** Whether bytes are here that nobody has taken. */
  get holds(): boolean {
    return this.#held.length > 0;
  }

  /**
   * Takes the next bytes as they come.
   *
   * @param most How many at most.
   * @param milliseconds After so long, some are enough.
   * @param take Is handed them, at once; they are there until it returns.
   * @returns Whether there were fewer, because the body has ended.
   * @throws What the connection ended by, or what `take` threw.
   */
  pump(
    most: number,
    milliseconds: number,
    take: (bytes: Uint8Array) => void,
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const until = performance.now() + milliseconds;
      this.#pump = { most, until, take, count: 0, resolve, reject };
      const held = this.#held;
      this.#held = [];
      for (const bytes of held) this.#give(bytes, false);
      this.settle();
      if (this.#pump) this.#resume();
    });
  }

  /** Is handed the next bytes, which are there until it returns. */
  give(bytes: Uint8Array): void {
    this.#give(bytes, true);
  }

  #give(bytes: Uint8Array, borrowed: boolean): void {
    const pump = this.#pump;
    let rest = bytes;
    if (pump && pump.count < pump.most) {
      const part = bytes.subarray(0, pump.most - pump.count);
      pump.count += part.length;
      rest = bytes.subarray(part.length);
      const room = this.#gathering.length - this.#gathered;
      if (part.length >= this.#worthACall || part.length > room) this.#flush();
      if (part.length >= this.#worthACall) this.#take(part);
      else {
        this.#gathering.set(part, this.#gathered);
        this.#gathered += part.length;
      }
    }
    if (rest.length > 0) this.#held.push(borrowed ? this.#copy(rest) : rest);
  }

  #copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    const fits = this.#held.length === 0 && length <= this.#holding.length;
    if (!fits) return bytes.slice();
    this.#holding.set(bytes);
    return this.#holding.subarray(0, length);
  }

  #flush(): void {
    const count = this.#gathered;
    this.#gathered = 0;
    if (count > 0) this.#take(this.#gathering.subarray(0, count));
  }

  #take(bytes: Uint8Array): void {
    const pump = this.#pump;
    try {
      pump?.take(bytes);
    } catch (error) {
      this.#pump = undefined;
      this.cancel();
      pump!.reject(error);
    }
  }

  /** Is told that no more will come, and why, if it should. */
  finish(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
  }

  /** Answers who waits, if that is due. */
  settle(): void {
    if (!this.#pump) return;
    const { count, most, until } = this.#pump;
    const enough = count >= most || (count > 0 && performance.now() >= until);
    if (!enough && !this.#ended) return;
    this.#flush();
    const pump = this.#pump;
    if (!pump) return; // what took them has failed
    this.#pump = undefined;
    const broken = this.#error !== undefined;
    if (broken && count === 0) pump.reject(this.#error);
    else pump.resolve(this.#ended && !broken && count < most);
  }

  /** Lets go of it; what has not come is not wanted. */
  cancel(): void {
    const whole = this.#ended;
    this.finish(new Error("aborted"));
    this.#held = [];
    if (!whole) this.#stop();
    this.settle();
  }
}
