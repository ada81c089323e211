/** What was asked and answered, the mishaps on the way, and the bodies. */

/** One request as the registry saw it, and what became of its answer. */
export interface RecordedRequest {
  /** The method. */
  method: string;
  /** The whole address. */
  url: string;
  /** Its path. */
  path: string;
  /** The request's headers. */
  headers: Headers;
  /** The request's body, where it is a form. */
  text: string;
  /** How many bytes of a body came, where it is no form. */
  received: number;
  /** The answer's status; 0 until there is one, or where there is none. */
  status: number;
  /** How many bytes of the answer's body the client has taken. */
  sent: number;
  /** What became of the answer's body. */
  body: "none" | "open" | "read" | "cancelled" | "broken";
}

/** A mishap for one request. All of its fields may be combined. */
export interface Fault {
  /** Answer this status instead. */
  status?: number;
  /** Further or other headers of the answer. */
  headers?: Record<string, string>;
  /** The body of an answer with `status`; without it, one as registries send it. */
  text?: string;
  /** The code in that body. */
  code?: string;
  /** No answer at all: the request fails with this. */
  throws?: Error;
  /** The connection breaks after so many bytes of the body. */
  closeAfter?: number;
  /** No Content-Length, so that a body that breaks off seems to end. */
  withoutLength?: boolean;
  /** No byte comes after so many of the body, until it is cancelled. */
  stallAfter?: number;
  /** The lowest bit of the blob's byte at this position is wrong. */
  flipAt?: number;
  /** The whole blob comes with status 200, whatever range was asked for. */
  ignoreRange?: boolean;
  /** Milliseconds before the answer. */
  delay?: number;
  /** The connection breaks after so many bytes of the request's body. */
  breakAfter?: number;
  /** The answer is lost: what was asked for has been done. */
  loseAnswer?: boolean;
}

/**
 * Chooses the mishap of a request. `count` tells how often this method and
 * path have been asked for, this time included.
 */
export type FaultHook = (
  request: RecordedRequest,
  count: number,
) => Fault | undefined | void;

/** How a body is sent. */
export interface BodyOptions {
  /** The mishap, if any. */
  fault: Fault;
  /** The position of the first byte in the blob. */
  offset: number;
  /** The speed, or `Infinity`. */
  bytesPerSecond: number;
  /** The size of the pieces. */
  chunkSize: number;
  /** Ends the body as an aborted `fetch` does. */
  signal?: AbortSignal | null;
}

/** Streams bytes to the client piece by piece, only as it takes them. */
export function sendBody(
  record: RecordedRequest,
  bytes: Uint8Array<ArrayBuffer>,
  options: BodyOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { fault, offset, bytesPerSecond, chunkSize, signal } = options;
  const stop = Math.min(fault.closeAfter ?? Infinity, bytes.length);
  const stall = fault.stallAfter ?? Infinity;
  let position = 0;
  record.body = "open";
  const ended = new AbortController();
  const close = (body: RecordedRequest["body"]) => {
    record.body = body;
    ended.abort();
    signal?.removeEventListener("abort", aborted);
  };
  let aborted = () => {};
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      aborted = () => {
        close("cancelled");
        controller.error(signal!.reason);
      };
      if (signal?.aborted) aborted();
      else signal?.addEventListener("abort", aborted);
    },
    async pull(controller) {
      if (position >= stall) return await new Promise<void>(() => {});
      if (position >= stop) {
        if (stop === bytes.length || fault.withoutLength) {
          close("read");
          controller.close();
        } else {
          close("broken");
          controller.error(new TypeError("connection closed before the end"));
        }
        return;
      }
      const end = Math.min(position + chunkSize, stop, stall);
      const wait = (end - position) / bytesPerSecond * 1000;
      if (wait > 0) await sleep(wait, ended.signal);
      if (record.body !== "open") return;
      // A copy: a client may transfer the buffer that it is given.
      const chunk = bytes.slice(position, end);
      const flip = (fault.flipAt ?? -1) - offset - position;
      if (flip >= 0 && flip < chunk.length) chunk[flip]! ^= 1;
      position = end;
      record.sent = end;
      controller.enqueue(chunk);
    },
    cancel() {
      close("cancelled");
    },
  }, { highWaterMark: 0 });
}

/** Waits, at most until the signal is aborted; its timer never outlives that. */
export function sleep(
  milliseconds: number,
  signal?: AbortSignal | null,
): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    if (signal?.aborted) finish();
    else signal?.addEventListener("abort", finish);
  });
}
