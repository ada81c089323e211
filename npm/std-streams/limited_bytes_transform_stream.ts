/** `@std/streams/limited-bytes-transform-stream` over TransformStream. */

/** Passes whole chunks on until `size` bytes would be exceeded. */
export class LimitedBytesTransformStream
  extends TransformStream<Uint8Array, Uint8Array> {
  /** With `error`, going over is a RangeError; without, the stream's end. */
  constructor(size: number, { error = false }: { error?: boolean } = {}) {
    let left = size;
    super({
      transform(chunk, controller) {
        left -= chunk.byteLength;
        if (left >= 0) controller.enqueue(chunk);
        else if (error) {
          throw new RangeError(`Exceeded byte size limit of '${size}'`);
        } else controller.terminate();
      },
    });
  }
}
