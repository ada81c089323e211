/** What {@linkcode HttpClient} takes and tells. */

import type { OnEvent } from "../image/events.ts";
import { CALL, type Rules, TEXT } from "../image/options.ts";
import type { Fetch, FetchThread } from "../image/types.ts";
import { RETRY_RULES, type RetryPolicy } from "./retry_policy.ts";
import { VERSION } from "./version.ts";

/** How this client is called where none has been set. */
export const USER_AGENT: string = `docker-pull/${VERSION}`;

/** One request and what came of it, without secrets: for logs and reports. */
export interface ExchangeRecord {
  /** The method. */
  method: string;
  /** The address, redacted. */
  url: string;
  /** The scheme of the Authorization header that was sent, if any. */
  authorization?: string;
  /** The Range header that was sent, if any. */
  range?: string;
  /** The status; without one, no response came. */
  status?: number;
  /** The address that it redirects to, redacted. */
  location?: string;
  /** Milliseconds until the response's head, or the failure. */
  duration: number;
}

/** How requests are sent. */
export interface HttpOptions extends RetryPolicy {
  /** What sends a single request. */
  fetch: Fetch;
  /** Takes `retry` events. */
  onEvent?: OnEvent;
  /** Takes a record of every single request. */
  onExchange?: (record: ExchangeRecord) => void;
  /**
   * The User-Agent header.
   *
   * @default {"docker-pull/VERSION"}
   */
  userAgent?: string;
  /** From 0 up to 1, by which waits are shortened; for tests. */
  random?: () => number;
  /** Milliseconds since 1970; for tests. */
  now?: () => number;
}

/** What those options may be. */
export const HTTP_RULES: Rules<HttpOptions> = {
  ...RETRY_RULES,
  fetch: CALL,
  onEvent: CALL,
  onExchange: CALL,
  userAgent: TEXT,
  random: CALL,
  now: CALL,
};

/** Bytes to be sent, which are not in memory all at once. */
export interface SentBytes {
  /** How many. */
  size: number;
  /** Begins to give them, from the first; a request may be sent anew. */
  open(): ReadableStream<Uint8Array>;
  /** Told of how many have been taken, piece by piece. */
  onTake?(bytes: number): void;
}

/** One request. */
export interface SendOptions {
  /**
   * The method.
   *
   * @default {"GET"}
   */
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The headers, those that carry a login apart. */
  headers?: Record<string, string>;
  /** The Authorization header, which goes to the address's own origin only. */
  authorization?: string;
  /** A form's fields, or bytes. */
  body?: string | SentBytes;
  /** Ends the request and the reading of its response. */
  signal?: AbortSignal;
  /**
   * Milliseconds to wait for a response's head, in place of the client's; while
   * bytes are being sent, for the next of them to leave.
   */
  timeout?: number;
  /** Where the response's body is wanted. */
  thread?: FetchThread;
  /** Throws where a redirect must not be followed. */
  checkRedirect?: (target: URL) => void | Promise<void>;
  /**
   * Throws where a redirect must not be followed from https to http; without
   * it, none is.
   */
  checkPlain?: (target: URL) => void;
  /**
   * The Authorization header for another origin, where that has one of its
   * own.
   */
  authorize?: (url: URL) => string | undefined;
}
