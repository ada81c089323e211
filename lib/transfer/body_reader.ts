/**
 * Reads a body into buffers of the caller's: by the runtime itself where the
 * body is a byte stream, which spares a copy of every byte, else segment by
 * segment.
 */

/**
 * A body that is being read. Threads are given the text of this class, so it
 * refers to nothing outside of itself.
 */
export class BodyReader {
  /** How long a fill may take at the present speed, in milliseconds. */
  readonly #fillTime = 10;
  /** How much of the past counts in the present speed. */
  readonly #memory = 0.7;
  #byob: ReadableStreamBYOBReader | undefined;
  #plain: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #rest: Uint8Array | undefined;
  /** How much to wait for, so that slow bodies still show progress. */
  #fill = 1;
  #since: number = performance.now();
  /** Bytes and milliseconds of late, older ones counting less. */
  #bytes = 0;
  #time = 0;

  /** Locks the body. */
  constructor(body: ReadableStream<Uint8Array>) {
    try {
      this.#byob = body.getReader({ mode: "byob" });
    } catch {
      this.#plain = body.getReader();
    }
  }

  /**
   * Reads into the buffer, which is then no longer the caller's: the bytes
   * are in the buffer of what is returned.
   *
   * @param buffer Where to.
   * @param length How many bytes at most.
   * @returns The bytes, at least one, or `undefined` at the end.
   */
  async read(
    buffer: ArrayBuffer,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = this.#byob
      ? await this.#readInto(this.#byob, buffer, length)
      : await this.#gather(this.#plain!, buffer, length);
    if (bytes) {
      const now = performance.now();
      // What the system has gathered comes at once, and says little.
      this.#bytes = this.#bytes * this.#memory + bytes.length;
      this.#time = this.#time * this.#memory + (now - this.#since);
      this.#since = now;
      const speed = this.#bytes / Math.max(this.#time, 0.01);
      this.#fill = Math.max(
        1,
        Math.min(speed * this.#fillTime, 2 * this.#fill + bytes.length),
      );
    }
    return bytes;
  }

  async #readInto(
    reader: ReadableStreamBYOBReader,
    buffer: ArrayBuffer,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const view = new Uint8Array(buffer, 0, length);
    const min = Math.min(length, Math.ceil(this.#fill));
    const { value } = await reader.read(view, { min });
    return value && value.length > 0
      ? value as Uint8Array<ArrayBuffer>
      : undefined;
  }

  async #gather(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    buffer: ArrayBuffer,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const view = new Uint8Array(buffer, 0, length);
    let filled = 0;
    while (filled < length && (filled === 0 || filled < this.#fill)) {
      if (!this.#rest) {
        let next;
        try {
          next = await reader.read();
        } catch (error) {
          // What came before is not lost with it: the next read fails again.
          if (filled > 0) break;
          throw error;
        }
        if (next.done) break;
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, length - filled);
      view.set(part, filled);
      filled += part.length;
      this.#rest = part.length < this.#rest.length
        ? this.#rest.subarray(part.length)
        : undefined;
    }
    return filled > 0 ? view.subarray(0, filled) : undefined;
  }

  /** Lets go of the body; what has not been read is not wanted. */
  async cancel(reason?: unknown): Promise<void> {
    await (this.#byob ?? this.#plain)!.cancel(reason).catch(() => {});
  }
}
