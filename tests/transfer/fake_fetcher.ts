/** A place that blobs come from, which does on demand what servers do. */
import { NetworkError, RegistryError } from "../../lib/image/errors.ts";
import type {
  BlobBody,
  Descriptor,
  Fetcher,
  RangeOptions,
} from "../../lib/image/types.ts";
import type { TestBlob } from "./blobs.ts";

/** How one request is answered. */
export interface Answer {
  /** Fails instead. */
  throws?: unknown;
  /** Fails with this status instead. */
  status?: number;
  /** Sends the whole blob, whatever was asked for. */
  ignoreRange?: boolean;
  /** Begins so many bytes later than it was asked to. */
  shift?: number;
  /** Ends the body after so many bytes, as if that were all. */
  truncateAfter?: number;
  /** Breaks the body off after so many bytes. */
  resetAfter?: number;
  /** Sends no more after so many bytes, without an end. */
  stallAfter?: number;
  /** Sends so many bytes more than there are. */
  extra?: number;
  /** Turns a bit at this position of the blob. */
  flip?: number;
  /** @default {65_536} */
  chunk?: number;
  /** Whether the body is a byte stream, as those of `fetch` are. */
  bytes?: boolean;
  /** Never answers, and pays no heed to the signal. */
  deaf?: boolean;
  /** Waits before the answer. */
  before?: () => Promise<void>;
  /** Waits before each segment of the body. */
  pace?: (bytes: number) => Promise<void>;
}

/** A request that was made. */
export interface BlobRequest {
  /** Of which blob. */
  digest: string;
  /** The first byte that was asked for. */
  offset: number;
  /** One past the last one. */
  end: number;
  /** How many requests of that blob there were before. */
  count: number;
  /** How many bytes were sent. */
  sent: number;
  /** Whether the body is neither at its end nor cancelled. */
  open: boolean;
  /** Whether it was cancelled, so that its connection is lost. */
  cancelled: boolean;
}

/** How a request is to be answered. */
export type Hook = (request: BlobRequest) => Answer | undefined;

/** The place. */
export class FakeFetcher implements Fetcher {
  /** All requests, in order. */
  readonly requests: BlobRequest[] = [];
  /** The most that were open at the same time. */
  mostOpen = 0;
  readonly #blobs: Map<string, TestBlob> = new Map();
  readonly #hook: Hook;

  /** Holds some blobs. */
  constructor(blobs: Iterable<TestBlob>, hook: Hook = () => undefined) {
    for (const blob of blobs) this.#blobs.set(blob.descriptor.digest, blob);
    this.#hook = hook;
  }

  /** How many requests are open. */
  get open(): number {
    return this.requests.filter(({ open }) => open).length;
  }

  /** Bytes that were sent. */
  get sent(): number {
    return this.requests.reduce((sum, { sent }) => sum + sent, 0);
  }

  /** Answers a request. */
  async fetchBlob(
    descriptor: Descriptor,
    options: RangeOptions = {},
  ): Promise<BlobBody> {
    const { digest, size } = descriptor;
    const { offset = 0, end = size, signal } = options;
    signal?.throwIfAborted();
    const { bytes } = this.#blobs.get(digest)!;
    const count =
      this.requests.filter((request) => request.digest === digest).length;
    const request: BlobRequest = {
      digest,
      offset,
      end,
      count,
      sent: 0,
      open: true,
      cancelled: false,
    };
    this.requests.push(request);
    this.mostOpen = Math.max(this.mostOpen, this.open);
    const answer = this.#hook(request) ?? {};
    try {
      if (answer.deaf) {
        request.open = false;
        await new Promise(() => {});
      }
      await untilAborted(answer.before?.(), signal);
      if (answer.throws) throw answer.throws;
      if (answer.status !== undefined) throw failure(answer.status);
    } catch (error) {
      request.open = false;
      throw error;
    }
    const ranged = offset > 0 || end < size;
    const partial = ranged && !answer.ignoreRange;
    const start = partial ? Math.max(0, offset + (answer.shift ?? 0)) : 0;
    const content = bytes.slice(start, partial ? end : size);
    const flip = (answer.flip ?? -1) - start;
    if (flip >= 0 && flip < content.length) content[flip]! ^= 1;
    const whole = new Uint8Array(content.length + (answer.extra ?? 0));
    whole.set(content);
    const body = stream(whole, request, answer, signal);
    return { body, offset: start, partial, host: "fake.test" };
  }
}

function failure(status: number): RegistryError {
  return new RegistryError({
    status,
    method: "GET",
    url: "https://fake.test/blob",
    ...(status === 429 && { retryAfter: 1_000 }),
  });
}

async function untilAborted(
  wait: Promise<unknown> | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!wait) return;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal!.reason);
    signal?.addEventListener("abort", stop, { once: true });
  });
  try {
    await Promise.race([wait, aborted]);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function stream(
  content: Uint8Array<ArrayBuffer>,
  request: BlobRequest,
  answer: Answer,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { truncateAfter = Infinity, resetAfter = Infinity } = answer;
  const { stallAfter = Infinity, chunk = 65_536, pace } = answer;
  const length = Math.min(content.length, truncateAfter);
  const end = () => {
    request.open = false;
    signal?.removeEventListener("abort", abort);
  };
  let abort = () => {};
  const source = {
    start(controller: ReadableStreamDefaultController) {
      abort = () => {
        request.cancelled = true;
        end();
        controller.error(signal!.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
    },
    async pull(controller: ReadableStreamDefaultController) {
      const most = Math.min(
        chunk,
        length - request.sent,
        resetAfter - request.sent,
        stallAfter - request.sent,
      );
      if (most > 0) await untilAborted(pace?.(most), signal).catch(() => {});
      if (!request.open) return;
      if (request.sent >= resetAfter) {
        end();
        return controller.error(
          new NetworkError("fake.test", "reset", "reset"),
        );
      }
      if (request.sent >= length) {
        end();
        controller.close();
        const { byobRequest } = controller as ReadableByteStreamController;
        return byobRequest?.respond(0);
      }
      if (most <= 0) return await untilAborted(new Promise(() => {}), signal);
      controller.enqueue(content.slice(request.sent, request.sent + most));
      request.sent += most;
    },
    cancel() {
      request.cancelled = true;
      end();
    },
  };
  return answer.bytes
    ? new ReadableStream({
      ...source,
      type: "bytes",
    } as UnderlyingByteSource) as ReadableStream<Uint8Array<ArrayBuffer>>
    : new ReadableStream(source, { highWaterMark: 0 });
}
