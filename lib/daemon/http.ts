/**
 * As much of HTTP/1.1 as a daemon's API needs, over any connection: the
 * runtimes' own clients take no standard streams of a child process, and not
 * all of them a socket of the file system.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112}
 */

import type { Connection } from "./connection.ts";

/** The longest head that is read, in bytes. */
const MAX_HEAD_BYTES = 64 * 1024;
/** The longest line before a chunk. */
const MAX_CHUNK_LINE = 1024;

/** A response's head, and its body as it comes. */
export interface DaemonResponse {
  /** The status. */
  status: number;
  /** The fields by their names in small letters; the last one counts. */
  headers: ReadonlyMap<string, string>;
  /** The body; it throws where it breaks off. */
  body: AsyncGenerator<Uint8Array>;
  /** Whether the connection can be used again once the body is read. */
  reusable: boolean;
}

/** What came is no HTTP. */
export class NoHttp extends Error {
  override name = "NoHttp";
}

/** The head of a request. */
export function requestHead(
  method: string,
  path: string,
  headers: Record<string, string>,
): Uint8Array {
  const lines = Object.entries({ host: "docker", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return new TextEncoder().encode(
    `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`,
  );
}

/**
 * Reads the response to a request.
 *
 * @returns Nothing where the connection ends before its first byte.
 * @throws {NoHttp} If it is none.
 */
export async function readResponse(
  { incoming }: Pick<Connection, "incoming">,
  method = "GET",
): Promise<DaemonResponse | undefined> {
  const input = new Input(incoming);
  while (true) {
    const head = await input.until("\r\n\r\n", MAX_HEAD_BYTES);
    if (head === undefined) return undefined;
    const [first = "", ...lines] = head.split("\r\n");
    const [, minor, code] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first) ?? [];
    if (code === undefined) throw new NoHttp("What came is no HTTP");
    const status = Number(code);
    if (status < 200) continue; // such as 100 Continue
    const headers = new Map(lines.map((line) => {
      const colon = line.indexOf(":");
      const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
      return [name, line.slice(colon + 1).trim()] as const;
    }));
    const length = headers.get("content-length");
    const chunked = /\bchunked\b/i.test(headers.get("transfer-encoding") ?? "");
    const empty = method === "HEAD" || status === 204 || status === 304;
    const framed = empty || chunked || length !== undefined;
    return {
      status,
      headers,
      body: empty
        ? input.exactly(0)
        : chunked
        ? input.chunks()
        : length !== undefined
        ? input.exactly(Number(length))
        : input.rest(),
      reusable: framed && minor === "1" &&
        !/\bclose\b/i.test(headers.get("connection") ?? ""),
    };
  }
}

/** Takes apart what comes. */
class Input {
  readonly #incoming: AsyncIterator<Uint8Array>;
  #bytes: Uint8Array = new Uint8Array();

  constructor(incoming: AsyncIterator<Uint8Array>) {
    this.#incoming = incoming;
  }

  /** Gets more; tells whether there was any. */
  async #more(): Promise<boolean> {
    const { done, value } = await this.#incoming.next();
    if (done) return false;
    const whole = new Uint8Array(this.#bytes.length + value.length);
    whole.set(this.#bytes);
    whole.set(value, this.#bytes.length);
    this.#bytes = whole;
    return true;
  }

  /** The text before a mark, which is taken off; nothing at the very end. */
  async until(mark: string, most: number): Promise<string | undefined> {
    while (true) {
      const text = new TextDecoder("latin1").decode(this.#bytes);
      const end = text.indexOf(mark);
      if (end >= 0) {
        this.#bytes = this.#bytes.subarray(end + mark.length);
        return text.slice(0, end);
      }
      if (text.length > most) throw new NoHttp("A line is too long");
      if (await this.#more()) continue;
      if (text === "") return undefined;
      throw new NoHttp("What came ends too early");
    }
  }

  /** So many bytes. */
  async *exactly(count: number): AsyncGenerator<Uint8Array> {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new NoHttp("The length is none");
    }
    while (count > 0) {
      if (this.#bytes.length === 0 && !await this.#more()) {
        throw new NoHttp("The body ends too early");
      }
      const bytes = this.#bytes.subarray(0, count);
      this.#bytes = this.#bytes.subarray(bytes.length);
      count -= bytes.length;
      yield bytes;
    }
  }

  /** A body in chunks. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    while (true) {
      const line = await this.until("\r\n", MAX_CHUNK_LINE);
      const [, size] = /^([0-9a-f]{1,12})\s*(?:;|$)/i.exec(line ?? "") ?? [];
      if (size === undefined) throw new NoHttp("A chunk has no length");
      const count = parseInt(size, 16);
      if (count === 0) break;
      yield* this.exactly(count);
      await this.until("\r\n", 2);
    }
    // Fields after the body tell nothing.
    while ((await this.until("\r\n", MAX_HEAD_BYTES) ?? "") !== "");
  }

  /** All that comes until the end. */
  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.#bytes.length > 0) yield this.#bytes;
    while (true) {
      const { done, value } = await this.#incoming.next();
      if (done) return;
      yield value;
    }
  }
}
