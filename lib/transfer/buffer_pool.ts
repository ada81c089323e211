/** A few buffers that go round: filled, written, hashed, filled again. */

/** The size of each buffer in bytes. */
export const BUFFER_SIZE: number = 1024 * 1024;

/** Buffers of which so many exist at the most. */
export class BufferPool {
  readonly #most: number;
  #made = 0;
  readonly #free: ArrayBuffer[] = [];
  readonly #waiting: ((buffer: ArrayBuffer) => void)[] = [];

  /** Makes none yet. */
  constructor(most = 3) {
    this.#most = most;
  }

  /** A buffer, as soon as there is one. */
  take(): Promise<ArrayBuffer> | ArrayBuffer {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#made < this.#most) {
      this.#made++;
      return new ArrayBuffer(BUFFER_SIZE);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives a buffer back. */
  give(buffer: ArrayBuffer): void {
    // One that went with a broken connection is replaced.
    const whole = buffer.byteLength === BUFFER_SIZE
      ? buffer
      : new ArrayBuffer(BUFFER_SIZE);
    const next = this.#waiting.shift();
    if (next) next(whole);
    else this.#free.push(whole);
  }
}
