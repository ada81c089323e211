/** Sends answers by `node:http`. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, errorAnswer, Refusal } from "./answer.ts";
import type { FileBody } from "./file_body.ts";
import type { RequestRecord } from "./request_record.ts";
import type { Site } from "./site.ts";

/** The bytes that are read and sent at a time; each answer has two of them. */
const PIECE_BYTES = 256 * 1024;
/** Buffers that are kept for the next answers. */
const MAX_KEPT = 32;
/** How long a client may take none of a piece, in milliseconds. */
const STALL_MS = 300_000;

/** Sends what a site answers. */
export class Sender {
  readonly #site: Site;
  readonly #isLocal: boolean;
  readonly #onRequest: ((record: RequestRecord) => void) | undefined;
  readonly #buffers: Uint8Array[] = [];
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** `isLocal` says that only this machine is meant to reach it. */
  constructor(
    site: Site,
    isLocal: boolean,
    onRequest: ((record: RequestRecord) => void) | undefined,
  ) {
    this.#site = site;
    this.#isLocal = isLocal;
    this.#onRequest = onRequest;
  }

  /** Settles once no answer is on its way. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Answers a request; it never throws. */
  async send(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const began = performance.now();
    this.#running++;
    const { method = "", url: target = "", headers, socket } = request;
    const remote = socket?.remoteAddress ?? "";
    // What is sent along with a request that is refused is not waited for.
    request.on("error", () => {});
    response.on("error", () => {});
    let status = 0;
    let bytes = 0;
    let broken = false;
    try {
      const header = (name: string) => {
        const value = headers[name];
        return Array.isArray(value) ? value.join(", ") : value;
      };
      const answer = this.#isLocal && isRebound(headers.host, header)
        ? errorAnswer(
          new Refusal(421, "DENIED", "browsers are to use localhost"),
        )
        : await this.#site.answer({ method, target, header });
      status = answer.status;
      // A client that sends on and on would keep the connection.
      if (hasBody(headers)) answer.headers.connection = "close";
      for await (const length of this.#write(response, answer)) bytes += length;
    } catch {
      broken = true;
      response.destroy();
    } finally {
      this.#running--;
      if (this.#running === 0) {
        for (const wake of this.#waiting.splice(0)) wake();
      }
      this.#onRequest?.({
        remote,
        method,
        target,
        status,
        bytes,
        duration: performance.now() - began,
        broken,
        agent: headers["user-agent"] ?? "",
      });
    }
  }

  async *#write(
    response: ServerResponse,
    { status, headers, body }: Answer,
  ): AsyncGenerator<number> {
    response.writeHead(status, headers);
    if (body === undefined) {
      response.end();
    } else if (body instanceof Uint8Array) {
      response.end(body);
      yield body.length;
    } else {
      try {
        yield* this.#writeFile(response, body);
        response.end();
      } finally {
        await body.close();
      }
    }
    await finished(response);
  }

  /** Reads into one buffer while the other one is sent. */
  async *#writeFile(
    response: ServerResponse,
    body: FileBody,
  ): AsyncGenerator<number> {
    const own = [this.#take(), this.#take()];
    const sent: (Promise<void> | undefined)[] = [];
    try {
      for (let turn = 0; body.left > 0; turn ^= 1) {
        await sent[turn];
        const piece = await body.read(own[turn]!);
        const writing = written(response, piece);
        sent[turn] = writing;
        writing.catch(() => {}); // it is awaited in its turn
        yield piece.length;
      }
      await Promise.all(sent);
      if (this.#buffers.length < MAX_KEPT) this.#buffers.push(...own);
    } catch (error) {
      // The buffers may still be on their way: they are left to the collector.
      response.destroy();
      throw error;
    }
  }

  #take(): Uint8Array {
    return this.#buffers.pop() ?? new Uint8Array(PIECE_BYTES);
  }
}

function hasBody(headers: IncomingMessage["headers"]): boolean {
  return headers["transfer-encoding"] !== undefined ||
    Number(headers["content-length"] ?? 0) !== 0;
}

/** Writes a piece; settles when the buffer may be used again. */
function written(response: ServerResponse, piece: Uint8Array): Promise<void> {
  return settled(response, "written", (done) => response.write(piece, done));
}

/** Settles when all has gone. */
function finished(response: ServerResponse): Promise<void> {
  if (response.writableFinished) return Promise.resolve();
  return settled(response, "finished", (done) => response.once("finish", done));
}

function settled(
  response: ServerResponse,
  what: string,
  begin: (done: (error?: Error | null) => void) => unknown,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => settle(new Error(`Cannot be ${what}`));
    const timer = setTimeout(fail, STALL_MS);
    const settle = (error?: Error | null) => {
      clearTimeout(timer);
      response.off("close", fail);
      if (error) reject(error);
      else resolve();
    };
    if (response.destroyed || response.closed) return fail();
    response.on("close", fail);
    begin(settle);
  });
}

/**
 * Whether a web page of elsewhere could be reading along: its own host's name
 * is made to lead to this machine, so that the browser takes what is served
 * here for that page's. Other clients are called by any name, through proxies
 * and out of virtual machines.
 */
function isRebound(
  host: string | undefined,
  header: (name: string) => string | undefined,
): boolean {
  const isBrowser = header("sec-fetch-mode") !== undefined ||
    header("origin") !== undefined ||
    /^Mozilla\//.test(header("user-agent") ?? "");
  const name = (host ?? "").replace(/:\d*$/, "").toLowerCase();
  return isBrowser &&
    !/^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(name);
}
