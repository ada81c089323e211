/** The line to a thread that compresses or expands. */

import { type RunningThread, startThread } from "../disk/thread.ts";
import {
  compressionProgram,
  type CompressionRequest,
  type CompressionResponse,
} from "./program.ts";

/** A {@linkcode CompressionRequest} without its number. */
type Asked<R = CompressionRequest> = R extends { ticket: number }
  ? Omit<R, "ticket">
  : never;

interface Waiting {
  resolve: (response: CompressionResponse) => void;
  reject: (error: unknown) => void;
}

/** A thread that compresses and expands. */
export class CompressionLine {
  readonly #waiting: Map<number, Waiting> = new Map();
  readonly #thread: RunningThread;
  #count = 0;
  #failure: unknown;

  /** Starts it. */
  constructor() {
    this.#thread = startThread<CompressionResponse>(
      compressionProgram(),
      (response) => {
        const waiting = this.#waiting.get(response.ticket);
        this.#waiting.delete(response.ticket);
        const { failure } = response;
        if (failure === undefined) waiting?.resolve(response);
        else waiting?.reject(new Error(failure));
      },
      (error) => this.#end(error),
    );
  }

  /** How much it has still to do. */
  get load(): number {
    return this.#waiting.size;
  }

  /**
   * Asks for something.
   *
   * @throws {Error} If it cannot be done.
   */
  ask(
    asked: Asked,
    lent: ArrayBuffer[] = [],
  ): Promise<CompressionResponse> {
    if (this.#failure) return Promise.reject(this.#failure);
    const ticket = this.#count++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject });
      this.#thread.postMessage({ ...asked, ticket }, lent);
    });
  }

  /** Ends it; what was asked fails. */
  close(): void {
    this.#end(new Error("the thread has ended"));
    this.#thread.terminate();
  }

  #end(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
