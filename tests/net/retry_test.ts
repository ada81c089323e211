import { assertEquals } from "@std/assert";
import {
  ContentMismatchError,
  NetworkError,
  type NetworkErrorKind,
  RegistryError,
} from "../../lib/image/errors.ts";
import {
  isRetryable,
  parseRetryAfter,
  retryDelay,
  retryEvent,
} from "../../lib/net/retry.ts";
import { test } from "../harness.ts";

const NOW = Date.UTC(2026, 0, 1);

function refusal(status: number, retryAfter?: number, message = "no") {
  const errors = [{ code: "X", message }];
  const url = "https://r.test/";
  return new RegistryError({ status, method: "GET", url, errors, retryAfter });
}

function failure(kind: NetworkErrorKind) {
  return new NetworkError("https://r.test/", kind, { code: "other" });
}

for (
  const [value, expected] of [
    ["0", 0],
    ["120", 120_000],
    [" 7 ", 7_000],
    ["1.5", 1_500],
    ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
    ["Thursday, 01-Jan-26 00:00:30 GMT", 30_000],
    ["Thu Jan  1 00:00:30 2026", 30_000],
    ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
    ["-5", undefined],
    ["", undefined],
    [null, undefined],
    ["soon", undefined],
    ["99999999999999999999", undefined],
    ["Thu, 99 Jan 2026 00:00:30 GMT", undefined],
    ["Thu" + " 1".repeat(100_000), undefined],
  ] as const
) {
  test(`parseRetryAfter() reads ${JSON.stringify(value)?.slice(0, 50)}`, () => {
    assertEquals(parseRetryAfter(value, NOW), expected);
  });
}

test("retryDelay() doubles from 2 s to 60 s and draws apart by a half", () => {
  const error = failure("reset");
  assertEquals(
    [1, 2, 3, 4, 5, 6, 7, 60].map((attempt) => retryDelay(error, attempt, 0)),
    [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000],
  );
  assertEquals(retryDelay(error, 1, 1), 1_000);
});

test("retryDelay() waits exactly as long as it is told to", () => {
  assertEquals(retryDelay(refusal(429, 90_000), 1, 0.7), 90_000);
  assertEquals(retryDelay(refusal(503, 0), 5, 0.7), 0);
});

test("isRetryable() tells passing failures from lasting ones", () => {
  const statuses = [408, 425, 429, 499, 500, 502, 503, 504, 522];
  for (const status of statuses) {
    assertEquals(isRetryable(refusal(status)), true);
  }
  for (const status of [400, 401, 403, 404, 410, 416, 501]) {
    assertEquals(isRetryable(refusal(status)), false, `${status}`);
  }
  for (const kind of ["reset", "truncated", "timeout"] as const) {
    assertEquals(isRetryable(failure(kind)), true, kind);
  }
  for (const kind of ["tls", "proxy", "other"] as const) {
    assertEquals(isRetryable(failure(kind), true), false, kind);
  }
  for (const kind of ["dns", "refused"] as const) {
    assertEquals(isRetryable(failure(kind)), false, kind);
    assertEquals(isRetryable(failure(kind), true), true, kind);
  }
  assertEquals(isRetryable(new Error("a bug")), false);
  assertEquals(isRetryable(undefined), false);
});

test("isRetryable() takes what a runtime throws while a body is read", () => {
  const errors = [
    new TypeError("error reading a body from connection"),
    new Error("the connection closed before the end"),
    Object.assign(new Error("aborted"), { code: "ECONNRESET" }),
  ];
  for (const error of errors) assertEquals(isRetryable(error), true);
  const ended = new DOMException("The operation was aborted", "AbortError");
  assertEquals(isRetryable(ended, true), false);
  const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
  assertEquals(isRetryable(full, true), false);
});

test("isRetryable() gives up on Docker Hub's limit, which lasts for hours", () => {
  const words = "You have reached your unauthenticated pull rate limit";
  assertEquals(isRetryable(refusal(429, undefined, words)), false);
  assertEquals(isRetryable(refusal(429, 1_000, words)), true);
});

test("retryEvent() tells by data what failed, where and how often", () => {
  const facts = { attempt: 2, of: 5, delay: 3_000 };
  const told = (error: unknown, more = {}) => {
    const event = retryEvent(error, { ...facts, ...more });
    assertEquals([event.attempt, event.of, event.delay], [2, 5, 3_000]);
    return [event.code, event.host, event.status, event.url];
  };
  const url = "https://r.test/v2/";
  assertEquals(told(refusal(503), { url }), ["status", "r.test", 503, url]);
  // A storage that the registry redirects to, and what knows a host only.
  const error = (place: string) =>
    new NetworkError(place, "timeout", "timeout");
  assertEquals(told(error("https://s.test:81/x"), { url }), [
    "timeout",
    "s.test:81",
    undefined,
    url,
  ]);
  assertEquals(told(error("s.test:81")).slice(0, 2), ["timeout", "s.test:81"]);
  assertEquals(told(error("the registry"))[1], undefined);
  assertEquals(told(error("[::1]:5000"))[1], "[::1]:5000");
  assertEquals(told(error("s.test"), { code: "slow" })[0], "slow");
  const descriptor = { mediaType: "x/y", digest: "sha256:ab", size: 1 };
  const wrong = new ContentMismatchError(descriptor, { size: 2 });
  assertEquals(told(wrong, { url: "sha256:ab" }).slice(0, 2), [
    "content",
    undefined,
  ]);
  assertEquals(told(new TypeError("connection reset"), { url })[0], "reset");
});
