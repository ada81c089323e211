/** Reads the bodies of responses, with limits on size and time. */

import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { toBytes } from "@std/streams/to-bytes";
import { InvalidDocumentError, NetworkError } from "../image/errors.ts";
import type { NetworkProblem } from "../image/problems.ts";
import { toNetworkError } from "./network_error.ts";
import { redactUrl } from "../redact/address.ts";

/** A response whose body has not been read. */
export interface Exchange {
  /** The response. */
  response: Response;
  /** The method. */
  method: string;
  /** The address that answered, after redirects, with all its secrets. */
  url: URL;
  /** Whether that is another origin than the one that was asked. */
  redirected: boolean;
  /** What was sent to it that is secret. */
  sent: { authorization?: string; body?: string };
  /** The caller's signal. */
  signal?: AbortSignal;
  /** Ends the reading of the body. */
  abort(reason: unknown): void;
}

/**
 * Reads a body that is small.
 *
 * @param exchange The response.
 * @param limit The most bytes that it may have.
 * @param subject What to call it in an error.
 * @param timeout Milliseconds to wait for each further piece.
 * @returns The bytes.
 * @throws {InvalidDocumentError} If it has more.
 * @throws {NetworkError} If it breaks off or stalls.
 */
export async function readBody(
  exchange: Exchange,
  limit: number,
  subject: string,
  timeout: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { response, url, signal, abort } = exchange;
  const tooLong = () =>
    new InvalidDocumentError(subject, { code: "too-large", limit });
  const { body } = response;
  if (body === null) return new Uint8Array();
  const length = Number(response.headers.get("content-length") ?? NaN);
  if (length > limit) {
    drop(body);
    throw tooLong();
  }
  // Whoever made the body may pay no heed to the request's signal.
  const stalled = new AbortController();
  const guard = new StallGuard(timeout, (reason) => {
    abort(reason);
    stalled.abort(reason);
  });
  const end = signal
    ? AbortSignal.any([signal, stalled.signal])
    : stalled.signal;
  let bytes: Uint8Array;
  try {
    bytes = await toBytes(
      body.pipeThrough(guard.stream, { signal: end })
        .pipeThrough(new LimitedBytesTransformStream(limit, { error: true })),
    );
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (guard.problem) {
      throw new NetworkError(redactUrl(url), "timeout", guard.problem);
    }
    if (error instanceof RangeError) throw tooLong();
    throw toNetworkError(error, url.href, signal, true);
  } finally {
    guard.end();
  }
  // Not every runtime notices a connection that ends too early.
  if (bytes.length < length && !response.headers.has("content-encoding")) {
    throw new NetworkError(redactUrl(url), "truncated", {
      code: "short",
      bytes: bytes.length,
      size: length,
    });
  }
  return bytes as Uint8Array<ArrayBuffer>;
}

/** A document that takes so many times the timeout is not meant to end. */
const MOST_TIMEOUTS = 10;

/** Ends the reading of a body that stalls, or that trickles on and on. */
class StallGuard {
  readonly stream: TransformStream<Uint8Array, Uint8Array>;
  /** Why it was ended, if it was. */
  problem: NetworkProblem | undefined;
  readonly #whole: ReturnType<typeof setTimeout>;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(timeout: number, abort: (reason: unknown) => void) {
    const end = (code: "endless" | "silence", duration: number) => () => {
      this.problem = { code, duration };
      abort(new Error("stalled"));
    };
    const most = timeout * MOST_TIMEOUTS;
    this.#whole = setTimeout(end("endless", most), most);
    const restart = () => {
      clearTimeout(this.#silence);
      this.#silence = setTimeout(end("silence", timeout), timeout);
    };
    restart();
    this.stream = new TransformStream({
      transform(chunk, controller) {
        restart();
        controller.enqueue(chunk);
      },
    });
  }

  end(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#whole);
  }
}

/** Bodies up to this size are read, so that the connection can be used again. */
const SMALL_BYTES = 64 * 1024;

/**
 * Lets go of a response whose body is not wanted.
 *
 * @param exchange The response.
 */
export async function discard(exchange: Exchange): Promise<void> {
  const { response, abort } = exchange;
  if (response.body === null || response.bodyUsed) return;
  const length = Number(response.headers.get("content-length") ?? NaN);
  if (length > SMALL_BYTES) return drop(response.body);
  const stalled = new AbortController();
  const timer = setTimeout(() => {
    abort(new Error("stalled"));
    stalled.abort();
  }, 1_000);
  const limit = new LimitedBytesTransformStream(SMALL_BYTES, { error: true });
  const { signal } = stalled;
  try {
    await toBytes(response.body.pipeThrough(limit, { signal }));
  } catch {
    // It is not wanted.
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Lets go of a body that is not read any more. Its end is not waited for: that
 * is in the hands of whoever made it.
 *
 * @param body The body, unless there is none.
 */
export function drop(body: ReadableStream | null | undefined): void {
  body?.cancel().catch(() => {});
}
