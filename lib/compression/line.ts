/** The line to a thread that compresses or expands. */

import { type Asked, ThreadLine } from "../disk/thread.ts";
import {
  compressionProgram,
  type CompressionRequest,
  type CompressionResponse,
} from "./program.ts";

/** A thread that compresses and expands. */
export class CompressionLine {
  readonly #line: ThreadLine<CompressionRequest, CompressionResponse> =
    new ThreadLine(compressionProgram());

  /** How much it has still to do. */
  get load(): number {
    return this.#line.load;
  }

  /**
   * Asks for something.
   *
   * @throws {Error} If it cannot be done.
   */
  async ask(
    asked: Asked<CompressionRequest>,
    lent: ArrayBuffer[] = [],
  ): Promise<CompressionResponse> {
    const response = await this.#line.ask(asked, lent);
    if (response.failure !== undefined) throw new Error(response.failure);
    return response;
  }

  /** Ends it; what was asked fails. */
  close(): void {
    this.#line.fail(new Error("the thread has ended"));
    this.#line.close();
  }
}
