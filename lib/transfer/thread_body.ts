/** Bodies of responses that stay in a thread. */

import { onAbort } from "../image/abort.ts";
import { BUFFER_SIZE } from "./buffer_pool.ts";
import { revive, type ThreadPort } from "./thread_port.ts";

/** The body of a response, in a thread. */
export class ThreadBody {
  readonly #port: ThreadPort;
  /** What the thread calls it. */
  readonly id: number;
  #open = true;
  readonly #signal: AbortSignal | null | undefined;
  readonly #forget: () => void;

  /** Ends with the signal. */
  constructor(port: ThreadPort, id: number, signal?: AbortSignal | null) {
    this.#port = port;
    this.id = id;
    this.#signal = signal;
    this.#forget = onAbort(signal, () => this.cancel());
  }

  /** Its next bytes, or `undefined` at its end. */
  async read(
    _buffer: ArrayBuffer | undefined,
    most: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { buffer, broken } = await this.#port.ask({
      kind: "read",
      body: this.id,
      most,
    });
    if (broken) {
      throw this.#signal?.aborted ? this.#signal.reason : revive(broken);
    }
    if (buffer) return new Uint8Array(buffer);
    this.cancel();
    return undefined;
  }

  /** A stream of its bytes, none of which is read before it is asked for. */
  toStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      pull: async (controller) => {
        const bytes = await this.read(undefined, BUFFER_SIZE);
        if (bytes) controller.enqueue(bytes);
        else controller.close();
      },
      cancel: () => this.cancel(),
    }, { highWaterMark: 0 });
  }

  /** Lets go of it; what has not been read is not wanted. */
  cancel(_reason?: unknown): void {
    if (!this.#open) return;
    this.#open = false;
    this.#forget();
    this.#port.tell({ kind: "end", body: this.id });
  }
}
