/**
 * Sends requests: redirects followed by hand, so that no credential leaves
 * the host that it is for; limits on time and size; one kind of error for
 * each kind of failure; and another try where that may help.
 */

import { defined } from "../image/defined.ts";
import { orAborted, sleep } from "../image/abort.ts";
import {
  type Asked,
  ContentMismatchError,
  InvalidDocumentError,
  NetworkError,
  RegistryError,
} from "../image/errors.ts";
import type { NetworkProblem, PlainNetworkCode } from "../image/problems.ts";
import { discard, drop, type Exchange, readBody } from "./body.ts";
import { parseErrorBody } from "./error_body.ts";
import {
  type HttpOptions,
  type SendOptions,
  type SentBytes,
  USER_AGENT,
} from "./http_options.ts";
import { toNetworkError } from "./network_error.ts";
import { redactUrl } from "../redact/address.ts";
import { maskSent } from "./sent_secrets.ts";
import { pageError } from "./web_page.ts";
import {
  isRetryable,
  parseRetryAfter,
  retryDelay,
  retryEvent,
} from "./retry.ts";

/** The most bytes of an error's or a token server's body that are read. */
export const MAX_REPLY_SIZE: number = 1024 * 1024;

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Sends requests and reads documents. */
export class HttpClient {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly #options: HttpOptions;
  /** Milliseconds to wait for a response's head, and for each further piece. */
  readonly timeout: number;
  /** The hosts that have answered, whose failures may pass. */
  readonly #met = new Set<string>();

  /** Makes a client; it holds no connections of its own. */
  constructor(options: HttpOptions) {
    this.#options = options;
    this.timeout = options.timeout ?? 30_000;
    this.now = options.now ?? Date.now;
  }

  /**
   * Sends one request and follows redirects.
   *
   * @param address Where to.
   * @param options What.
   * @returns The first response that is no redirect, whatever its status.
   * @throws {NetworkError} If none comes, or a redirect is not followed.
   */
  async send(
    address: string | URL,
    options: SendOptions = {},
  ): Promise<Exchange> {
    const { checkRedirect, checkPlain } = options;
    let url = new URL(address);
    const { origin } = url;
    let home = true;
    for (let count = 0;; count++) {
      const exchange = await this.#exchange(url, options, home);
      const { response } = exchange;
      const location = response.headers.get("location");
      if (
        !REDIRECTS.has(response.status) || location === null ||
        // A form may hold a login.
        typeof options.body === "string"
      ) {
        return { ...exchange, redirected: !home };
      }
      await discard(exchange);
      const refuse = (problem: NetworkProblem | PlainNetworkCode) =>
        new NetworkError(redactUrl(url), "other", problem);
      if (count === MAX_REDIRECTS) {
        throw refuse({ code: "too-many-redirects", limit: MAX_REDIRECTS });
      }
      const target = URL.canParse(location, url) && new URL(location, url);
      if (!target || !/^https?:$/.test(target.protocol)) {
        throw refuse("redirect-nowhere");
      }
      target.username = target.password = target.hash = "";
      if (url.protocol === "https:" && target.protocol === "http:") {
        if (checkPlain === undefined) {
          throw refuse("redirect-to-http");
        }
        checkPlain(target);
      }
      await checkRedirect?.(target);
      if (target.origin !== origin) home = false;
      url = target;
    }
  }

  async #exchange(
    url: URL,
    options: SendOptions,
    home: boolean,
  ): Promise<Exchange> {
    const { method = "GET", signal, thread } = options;
    const { timeout = this.timeout } = options;
    const bytes = typeof options.body === "object" ? options.body : undefined;
    signal?.throwIfAborted();
    const authorization = home
      ? options.authorization
      : options.authorize?.(url);
    const headers: Record<string, string> = {
      // Undoing a compression could be a bomb, and changes a blob's bytes.
      "accept-encoding": "identity",
      "user-agent": this.#options.userAgent ?? USER_AGENT,
      ...options.headers,
    };
    if (authorization !== undefined) headers.authorization = authorization;
    if (bytes) headers["content-length"] = `${bytes.size}`;
    const own = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = timeout === Infinity;
    const wait = () => {
      clearTimeout(timer);
      if (!over) timer = setTimeout(() => own.abort(), timeout);
    };
    wait();
    const sendings: Sending[] = [];
    const reopen = bytes && (() => {
      sendings.push(watched(bytes, wait));
      return sendings.at(-1)!.stream;
    });
    const start = this.now();
    const end = signal ? AbortSignal.any([signal, own.signal]) : own.signal;
    let response: Response | undefined;
    const sending = (async () =>
      await this.#options.fetch(url.href, {
        method,
        headers,
        redirect: "manual",
        signal: end,
        thread,
        ...(reopen
          ? { body: reopen(), reopen, duplex: "half" }
          : { body: options.body as string | undefined }),
      }))();
    try {
      // There are runtimes and tunnels whose `fetch` does not end by itself.
      response = await orAborted(sending, end);
    } catch (error) {
      sending.then(({ body }) => drop(body), () => {});
      if (own.signal.aborted && !signal?.aborted) {
        throw new NetworkError(redactUrl(url), "timeout", {
          code: "unanswered",
          duration: timeout,
        });
      }
      throw toNetworkError(error, url.href, signal);
    } finally {
      over = true;
      clearTimeout(timer);
      // Whoever sends may still be about to take another piece.
      for (const sending of sendings) await sending.end();
      const location = response?.headers.get("location");
      this.#options.onExchange?.(defined({
        method,
        url: redactUrl(url),
        authorization: authorization?.split(" ", 1)[0],
        range: headers.range,
        status: response?.status,
        location: location ? redactLocation(location, url) : undefined,
        duration: this.now() - start,
      }));
    }
    this.#met.add(url.host);
    const abort = (reason: unknown) => own.abort(reason);
    const sent = {
      authorization,
      body: typeof options.body === "string" ? options.body : undefined,
    };
    return {
      response: response!,
      method,
      url,
      redirected: false,
      sent,
      signal,
      abort,
    };
  }

  /**
   * Reads a body that is small.
   *
   * @param exchange The response.
   * @param limit The most bytes that it may have.
   * @param subject What to call it in an error.
   * @returns The bytes.
   * @throws {InvalidDocumentError} If it has more.
   * @throws {NetworkError} If it breaks off or stalls; with the reason
   * `web-page` if it is a page in place of what a registry would send.
   */
  async read(
    exchange: Exchange,
    limit: number,
    subject: string,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await readBody(exchange, limit, subject, this.timeout);
    const page = exchange.response.ok && pageError(exchange, bytes);
    if (page) throw page;
    return bytes;
  }

  /**
   * Makes an error of a response, with what its body says.
   *
   * @param exchange The response, whose body is read here.
   * @param asked What was asked for.
   * @returns The error.
   */
  async toError(exchange: Exchange, asked?: Asked): Promise<RegistryError> {
    const { response, method, url, signal } = exchange;
    let text = "";
    try {
      const bytes = await this.read(exchange, MAX_REPLY_SIZE, "error");
      text = maskSent(new TextDecoder().decode(bytes), exchange);
    } catch (error) {
      // Whatever else is wrong with the body, the status is what counts.
      if (signal?.aborted) throw error;
    }
    return new RegistryError({
      status: response.status,
      method,
      url: redactUrl(url),
      errors: parseErrorBody(text),
      asked,
      retryAfter: parseRetryAfter(
        response.headers.get("retry-after"),
        this.now(),
      ),
    });
  }

  /**
   * Runs a task until it succeeds or another try is of no use. What came
   * damaged is asked for once more, at once; what is too large or makes no
   * sense is not.
   *
   * @param url The address, for the events.
   * @param task The task, from the sending of its request to the last byte.
   * @param signal Ends the waits.
   * @param mayPass Whether what the task threw may pass; without it, a refused
   * connection may once the address's host has answered.
   * @param progress Tells how far the task has come, so that a try that failed
   * further on counts as the first.
   * @returns What the task returns.
   * @throws What the task threw last.
   */
  async retrying<T>(
    url: string | URL,
    task: () => Promise<T>,
    signal?: AbortSignal,
    mayPass: (error: unknown) => boolean = (error) =>
      isRetryable(error, this.#met.has(new URL(url).host)),
    progress: () => number = () => 0,
  ): Promise<T> {
    const {
      retries = 5,
      maxWait = 60_000,
      random = Math.random,
      sleep: wait = sleep,
      onEvent,
    } = this.#options;
    let damaged = false;
    let furthest = progress();
    for (let attempt = 1;; attempt++) {
      try {
        return await task();
      } catch (error) {
        signal?.throwIfAborted();
        if (!damaged && retries > 0 && isDamage(error)) {
          damaged = true;
          attempt--;
          continue;
        }
        if (progress() > furthest) {
          furthest = progress();
          attempt = 1;
        }
        const delay = retryDelay(error, attempt, random());
        if (
          attempt > retries || delay > maxWait || !mayPass(error)
        ) throw error;
        onEvent?.(
          retryEvent(error, {
            url: redactUrl(url),
            attempt,
            of: retries,
            delay,
          }),
        );
        await wait(delay, signal);
      }
    }
  }
}

/** Bytes that are being sent. */
interface Sending {
  stream: ReadableStream<Uint8Array>;
  /** Lets go of them, wherever they come from. */
  end(): Promise<void>;
}

/** A stream that tells whenever a piece of it is taken, or its end. */
function watched(bytes: SentBytes, onTake: () => void): Sending {
  const reader = bytes.open().getReader();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      onTake();
      if (done) return controller.close();
      bytes.onTake?.(value.length);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return { stream, end: () => reader.cancel().catch(() => {}) };
}

/** Whether bytes may have become wrong, or too few, on their way. */
function isDamage(error: unknown): boolean {
  return error instanceof ContentMismatchError ||
    // What breaks off without a word is no JSON.
    (error instanceof InvalidDocumentError &&
      (error.cause instanceof SyntaxError || error.cause instanceof TypeError));
}

function redactLocation(location: string, base: URL): string {
  return redactUrl(
    URL.canParse(location, base) ? new URL(location, base) : location,
  );
}
