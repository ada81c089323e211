/** Where in the bytes of a connection the body of a response is. */

import type { Framing } from "./head.ts";

/**
 * Takes a body out of its framing. Threads are given the text of this class,
 * so it refers to nothing outside of itself.
 */
export class BodyFrames {
  /** Longer than any line of a chunk's size with its extensions, in bytes. */
  readonly #maxLine = 4096;
  /** Longer than all trailers, in bytes. */
  readonly #maxTrailers = 16_384;
  readonly #framing: Framing;
  /** How many bytes of the body, or of its present chunk, are to come. */
  #left = 0;
  #state: "size" | "data" | "data-end" | "trailer" | "done";
  #line = "";
  #trailers = 0;

  /** Begins behind the head. */
  constructor(framing: Framing) {
    this.#framing = framing;
    this.#state = framing.kind === "chunked" ? "size" : "data";
    if (framing.kind !== "length") return;
    this.#left = framing.length;
    if (this.#left === 0) this.#state = "done";
  }

  /** Whether all of the body has come. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Whether the body is all there where the connection ends now. */
  get endsHere(): boolean {
    return this.done || this.#framing.kind === "close";
  }

  /**
   * Takes bytes of the connection.
   *
   * @param bytes The next ones.
   * @param emit Is handed those that are the body's.
   * @returns How many belong to this response: all, unless it has ended.
   * @throws {Error} If they make no sense.
   */
  take(bytes: Uint8Array, emit: (bytes: Uint8Array) => void): number {
    if (this.#framing.kind === "close") {
      if (bytes.length > 0) emit(bytes);
      return bytes.length;
    }
    let at = 0;
    while (at < bytes.length && this.#state !== "done") {
      if (this.#state !== "data") {
        this.#takeLine(bytes[at++]!);
        continue;
      }
      const end = Math.min(bytes.length, at + this.#left);
      const part = bytes.subarray(at, end);
      this.#left -= end - at;
      at = end;
      if (this.#left === 0) {
        this.#state = this.#framing.kind === "length" ? "done" : "data-end";
      }
      emit(part);
    }
    return at;
  }

  /** A byte of what stands between the chunks. */
  #takeLine(byte: number): void {
    const most = this.#state === "trailer" ? this.#maxTrailers : this.#maxLine;
    const ended = this.#line.endsWith("\r");
    // A CR, or LF, that stands by itself is how requests are smuggled.
    if (
      ended !== (byte === 10) ||
      (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)
    ) {
      throw this.#malformed();
    }
    this.#line += String.fromCharCode(byte);
    if (this.#line.length + this.#trailers > most) throw this.#malformed();
    if (byte !== 10) return;
    const line = this.#line.slice(0, -2);
    this.#line = "";
    if (this.#state === "data-end") {
      if (line !== "") throw this.#malformed();
      this.#state = "size";
    } else if (this.#state === "size") {
      const [, digits] = /^([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i.exec(line) ?? [];
      if (digits === undefined) throw this.#malformed();
      this.#left = parseInt(digits, 16);
      this.#state = this.#left > 0 ? "data" : "trailer";
    } else if (line === "") this.#state = "done";
    else this.#trailers += line.length + 2;
  }

  #malformed(): Error {
    return Object.assign(new Error("the chunks of the body make no sense"), {
      code: "MALFORMED_HTTP",
    });
  }
}
