/**
 * Takes a stream of zstd apart into its frames, which are then expanded one by
 * one: Deno's own decoder loses what comes after the first of them. It is
 * passed on to a thread as text, and refers to nothing outside of itself.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8878#section-3.1}
 */

/** Bytes of a frame. */
export interface FramePiece {
  /** The bytes. */
  bytes: Uint8Array;
  /** How many bytes the whole frame expands to, where it says so. */
  expands: number | undefined;
  /** Whether the frame ends with them. */
  ends: boolean;
}

/**
 * Takes the frames apart.
 *
 * @param chunks The stream.
 * @returns The frames' bytes in order; what is to be skipped is left out.
 * @throws {Error} If it is not made of whole frames.
 */
export async function* zstdFrames(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<FramePiece> {
  const input = chunks[Symbol.asyncIterator]();
  let held = new Uint8Array(0);

  /** Whether so many bytes are there. */
  async function fill(count: number): Promise<boolean> {
    while (held.length < count) {
      const { value, done } = await input.next();
      if (done) return false;
      const joined = new Uint8Array(held.length + value.length);
      joined.set(held);
      joined.set(value, held.length);
      held = joined;
    }
    return true;
  }
  async function need(count: number): Promise<DataView> {
    if (!await fill(count)) throw new Error("unexpected end of the frame");
    return new DataView(held.buffer, held.byteOffset, held.length);
  }
  async function* take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0;) {
      await need(1);
      const part = held.subarray(0, left);
      held = held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  while (await fill(4)) {
    const magic = (await need(4)).getUint32(0, true);
    if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
      const size = (await need(8)).getUint32(4, true);
      for await (const _ of take(8 + size));
      continue;
    }
    if (magic !== 0xfd2fb528) throw new Error("unknown frame descriptor");
    const flags = (await need(5)).getUint8(4);
    const single = flags >> 5 & 1;
    const dictionary = [0, 1, 2, 4][flags & 3]!;
    const sizeLength = [single, 2, 4, 8][flags >> 6]!;
    const head = 5 + (1 - single) + dictionary + sizeLength;
    const view = await need(head);
    const at = head - sizeLength;
    const expands = sizeLength === 0
      ? undefined
      : sizeLength === 1
      ? view.getUint8(at)
      : sizeLength === 2
      ? view.getUint16(at, true) + 256
      : sizeLength === 4
      ? view.getUint32(at, true)
      : Number(view.getBigUint64(at, true));
    for await (const bytes of take(head)) yield { bytes, expands, ends: false };
    for (let last = false; !last;) {
      const block = await need(3);
      const word = block.getUint16(0, true) | block.getUint8(2) << 16;
      last = (word & 1) === 1;
      // One byte stands for all of a run.
      const size = (word >> 1 & 3) === 1 ? 1 : word >> 3;
      const sum = last && flags & 4 ? 4 : 0;
      let left = 3 + size + sum;
      for await (const bytes of take(left)) {
        left -= bytes.length;
        yield { bytes, expands, ends: last && left === 0 };
      }
    }
  }
  if (held.length > 0) throw new Error("unknown frame descriptor");
}
