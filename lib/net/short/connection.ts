/** Requests over one connection, one after the other. */

import type { BodyFrames } from "./frames.ts";
import type { parseHead, ResponseHead } from "./head.ts";
import type { Socket, SocketEvents } from "./sockets.ts";
import type { ShortBody } from "./body.ts";

/** What a connection is made of. */
export interface ConnectionParts {
  /** Reads heads. */
  parseHead: typeof parseHead;
  /** Finds the end of a body. */
  Frames: typeof BodyFrames;
  /** Hands a body on. */
  Body: typeof ShortBody;
}

/** A response whose body is still to come. */
export interface ShortResponse extends ResponseHead {
  /** Its body. */
  body: ShortBody;
}

/** Where a connection goes that has nothing to do. */
export interface Keeper {
  /** It can take another request. */
  keep(connection: ShortConnection): void;
  /** It cannot any more. */
  lose(connection: ShortConnection): void;
}

/**
 * A connection that is kept for further requests for as long as all that comes
 * over it makes sense; else it is closed. Threads are given the text of this
 * class, so it refers to nothing outside of itself.
 */
export class ShortConnection implements SocketEvents {
  /** More than any server sends, in bytes. */
  readonly #maxHead = 65_536;
  /** How many interim responses one request may get. */
  readonly #maxInterim = 16;
  /** How many bytes are gathered before they are handed on. */
  readonly #gatherSize = 262_144;
  #gathering: Uint8Array | undefined;
  /** How many bytes come at once, which nobody may take yet. */
  readonly #pieceSize: number;
  #holding: Uint8Array | undefined;
  readonly #parts: ConnectionParts;
  readonly #keeper: Keeper;
  #socket: Socket | undefined;
  #closed = false;
  #waiting: {
    method: string;
    resolve: (response: ShortResponse) => void;
    reject: (error: unknown) => void;
  } | undefined;
  #text = "";
  #interim = 0;
  #response: ShortResponse | undefined;
  /** Whether it said something before it was asked. */
  #babbles = false;
  #frames: BodyFrames | undefined;
  /** When it may have been closed by the server, in milliseconds. */
  expires = 0;
  /** Whether it has had a response. */
  used = false;

  /**
   * Has no socket yet.
   *
   * @param piece How many bytes of that one come at once, at most.
   */
  constructor(parts: ConnectionParts, keeper: Keeper, piece: number) {
    this.#parts = parts;
    this.#keeper = keeper;
    this.#pieceSize = piece;
  }

  /** Is there. */
  attach(socket: Socket): void {
    this.#socket = socket;
    if (this.#closed) socket.destroy();
  }

  /**
   * Sends a request.
   *
   * @param text Its head, with the empty line.
   * @param method Its method.
   * @returns The response.
   * @throws {Error} With the code `UNFIT` where what came is not plainly a
   * response, and `STALE` where the connection had been closed before.
   */
  request(text: string, method: string): Promise<ShortResponse> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        const code = this.used
          ? "STALE"
          : this.#babbles
          ? "UNFIT"
          : "ECONNRESET";
        return reject(this.#error(code, "the connection was closed"));
      }
      this.#text = "";
      this.#interim = 0;
      this.#waiting = { method, resolve, reject };
      this.#socket!.write(text);
    });
  }

  /** Takes what comes. */
  bytes(bytes: Uint8Array): boolean {
    let at = 0;
    if (this.#waiting) {
      at = this.#takeHead(bytes);
      if (this.#waiting || this.#closed) return true;
    }
    const body = this.#response?.body;
    if (!body) {
      // Nothing was asked for.
      this.#babbles = true;
      this.close();
      return true;
    }
    const rest = at === 0 ? bytes : bytes.subarray(at);
    try {
      const used = this.#frames!.take(rest, (part) => body.give(part));
      if (this.#frames!.done) this.#finish(body, used < rest.length);
    } catch (error) {
      body.finish(error);
      this.close();
    }
    body.settle();
    // Once it waits for the next request, it sees whether the server closes.
    return this.#response === undefined || body.hungry;
  }

  /** No more comes. */
  end(cause?: unknown): void {
    const { used } = this;
    const fresh = this.#text === "";
    const [waiting, response] = [this.#waiting, this.#response];
    this.#waiting = this.#response = undefined;
    this.close();
    if (waiting) {
      const code = used && fresh ? "STALE" : "ECONNRESET";
      waiting.reject(
        code === "STALE" || cause === undefined
          ? this.#error(code, "the connection was closed before a response")
          : cause,
      );
    } else if (response) {
      const whole = cause === undefined && this.#frames!.endsHere;
      response.body.finish(
        whole
          ? undefined
          : cause ?? new Error("the connection closed before the end"),
      );
      response.body.settle();
    }
  }

  /** Closes it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const [waiting, response] = [this.#waiting, this.#response];
    this.#waiting = undefined;
    this.#response = undefined;
    this.#keeper.lose(this);
    this.#socket?.destroy();
    waiting?.reject(this.#error("ECONNRESET", "aborted"));
    response?.body.finish(this.#error("ECONNRESET", "aborted"));
    response?.body.settle();
  }

  /** Takes bytes of the head; returns how many. */
  #takeHead(bytes: Uint8Array): number {
    for (let at = 0; at < bytes.length;) {
      const byte = bytes[at++]!;
      const text = this.#text += String.fromCharCode(byte);
      const { length } = text;
      const begun = length > 5 ? true : "HTTP/".startsWith(text);
      const lone = (byte === 10) !== (text[length - 2] === "\r");
      if (!begun || lone || byte === 0 || length > this.#maxHead) {
        this.#refuse();
        return at;
      }
      if (byte !== 10 || !text.endsWith("\r\n\r\n")) continue;
      const { method } = this.#waiting!;
      const head = this.#parts.parseHead(text.slice(0, -4), method);
      const interim = head && head.status < 200;
      if (
        !head || head.status === 101 ||
        (interim && ++this.#interim > this.#maxInterim)
      ) {
        this.#refuse();
        return at;
      }
      this.#text = "";
      if (interim) continue;
      this.#begin(head);
      return at;
    }
    return bytes.length;
  }

  #begin(head: ResponseHead): void {
    const { resolve } = this.#waiting!;
    const { Frames, Body } = this.#parts;
    this.#waiting = undefined;
    this.used = true;
    this.#frames = new Frames(head.framing);
    const body = new Body(
      this.#gathering ??= new Uint8Array(this.#gatherSize),
      this.#holding ??= new Uint8Array(this.#pieceSize),
      () => this.#socket?.resume(),
      () => this.close(),
    );
    this.#response = { ...head, body };
    resolve(this.#response);
  }

  /** The body has ended, and more has come behind it, or not. */
  #finish(body: ShortBody, more: boolean): void {
    body.finish();
    if (!this.#response) return; // what took the bytes has failed
    const { lasting, patience = 60_000 } = this.#response;
    // What was not asked for may be meant as the answer to the next request.
    if (more || !lasting) return this.close();
    this.#response = undefined;
    // What nobody has taken yet stays where it is; the next has another place.
    if (body.holds) this.#holding = undefined;
    // Some came though they were held.
    this.#socket!.resume();
    // A moment before the server loses its patience.
    this.expires = performance.now() + Math.max(0, patience - 1000);
    this.#keeper.keep(this);
  }

  #refuse(): void {
    this.#waiting!.reject(this.#error("UNFIT", "no plain response"));
    this.close();
  }

  #error(code: string, message: string): Error {
    return Object.assign(new Error(message), { code });
  }
}
