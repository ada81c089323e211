/** A `fetch` that a test answers, and that remembers what was sent. */

import { assertEquals } from "@std/assert";
import type { Fetch } from "../../lib/image/types.ts";

/** A request as it left. */
export interface Sent {
  /** The method. */
  method: string;
  /** The address. */
  url: URL;
  /** The headers. */
  headers: Headers;
  /** The form, where there is one. */
  body: string;
}

/** What a test answers with. */
export type Answer =
  | Response
  | Error
  | [status: number, headers?: Record<string, string>, body?: string];

/** A `fetch` and its records. */
export interface FakeFetch {
  /** What is injected. */
  fetch: Fetch;
  /** What was sent, in order. */
  sent: Sent[];
  /** `METHOD host/path?query authorization` of each request. */
  log(): string[];
  /** Fails if an answer's body was neither read nor cancelled. */
  assertNoBodyLeft(): void;
}

/** Makes a `fetch` of a function from requests to answers. */
export function fakeFetch(
  answer: (sent: Sent, count: number) => Answer | Promise<Answer>,
): FakeFetch {
  const sent: Sent[] = [];
  const open = new Set<string>();
  const fetch: Fetch = async (address, init = {}) => {
    init.signal?.throwIfAborted();
    assertEquals(init.redirect, "manual");
    const request: Sent = {
      method: init.method ?? "GET",
      url: new URL(address),
      headers: new Headers(init.headers),
      body: String(init.body ?? ""),
    };
    sent.push(request);
    const given = await answer(request, sent.length);
    if (given instanceof Error) throw given;
    if (given instanceof Response) return given;
    const [status, headers = {}, body = ""] = given;
    if (request.method === "HEAD" || body === "") {
      return new Response(null, { status, headers });
    }
    const bytes = new TextEncoder().encode(body);
    const name = `${sent.length} ${address}`;
    open.add(name);
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(bytes);
        controller.close();
        open.delete(name);
      },
      cancel: () => void open.delete(name),
    }, { highWaterMark: 0 });
    return new Response(stream, { status, headers });
  };
  return {
    fetch,
    sent,
    log: () =>
      sent.map(({ method, url, headers }) =>
        [
          method,
          url.host + decodeURIComponent(url.pathname + url.search),
          headers.get("authorization") ?? "",
        ].join(" ").trim()
      ),
    assertNoBodyLeft: () => assertEquals([...open], []),
  };
}

/** A clock that moves when someone sleeps, and remembers how long. */
export interface FakeClock {
  /** Options for a client. */
  options: {
    now: () => number;
    random: () => number;
    sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  };
  /** The sleeps, in milliseconds. */
  slept: number[];
  /** Lets time pass. */
  pass(milliseconds: number): void;
}

/** Makes a clock that stands at `start`. */
export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let time = start;
  const slept: number[] = [];
  return {
    slept,
    pass: (milliseconds) => void (time += milliseconds),
    options: {
      now: () => time,
      random: () => 0,
      sleep: (milliseconds, signal) => {
        slept.push(milliseconds);
        time += milliseconds;
        return signal?.aborted
          ? Promise.reject(signal.reason)
          : Promise.resolve();
      },
    },
  };
}
