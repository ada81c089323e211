import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  InvalidDocumentError,
  NetworkError,
  RegistryError,
} from "../../lib/image/errors.ts";
import type { PullEvent, Retry } from "../../lib/image/events.ts";
import { discard } from "../../lib/net/body.ts";
import { HttpClient } from "../../lib/net/http.ts";
import type { Fetch } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { type Answer, fakeClock, fakeFetch } from "./fake_fetch.ts";

async function read(answer: Response, limit: number, timeout = 1_000) {
  const http = new HttpClient({
    fetch: fakeFetch(() => answer).fetch,
    timeout,
  });
  return await http.read(await http.send("https://r.test/"), limit, "thing");
}

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
  });
}

test("read() takes no more than it wants", async () => {
  assertEquals((await read(new Response("12345"), 5)).length, 5);
  assertEquals((await read(new Response(null), 5)).length, 0);
  const bodies = [
    new Response("123456"),
    new Response(endless()),
    new Response("1", { headers: { "content-length": "200000000" } }),
  ];
  for (const body of bodies) {
    const error = await assertRejects(
      () => read(body, 5),
      InvalidDocumentError,
    );
    assertEquals([error.subject, error.problem], ["thing", {
      code: "too-large",
      limit: 5,
    }]);
  }
});

test("read() notices a body that ends too early", async () => {
  const headers = { "content-length": "10" };
  const error = await assertRejects(
    () => read(new Response("12345", { headers }), 100),
    NetworkError,
  );
  assertEquals(error.kind, "truncated");
});

test("read() does not wait for ever for the next byte", async () => {
  let end = () => {};
  const fetch: Fetch = (_, init) => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(3));
        end = () => controller.error(init!.signal!.reason);
        init!.signal!.addEventListener("abort", () => end());
      },
    });
    return Promise.resolve(new Response(body));
  };
  const http = new HttpClient({ fetch, timeout: 5 });
  const exchange = await http.send("https://r.test/");
  const error = await assertRejects(
    () => http.read(exchange, 100, "thing"),
    NetworkError,
  );
  assertEquals(error.kind, "timeout");
});

test("read() and discard() end a body that pays no heed to a signal", async () => {
  const reason = new Error("stop");
  const deaf = () =>
    new Response(
      new ReadableStream({
        pull: () => new Promise(() => {}),
        cancel: () => new Promise(() => {}),
      }),
    );
  const http = new HttpClient({
    fetch: () => Promise.resolve(deaf()),
    timeout: 5,
  });
  const error = await assertRejects(
    async () => await http.read(await http.send("https://r.test/"), 9, "thing"),
    NetworkError,
  );
  assertEquals(error.kind, "timeout");
  const controller = new AbortController();
  const patient = new HttpClient({ fetch: () => Promise.resolve(deaf()) });
  const exchange = await patient.send("https://r.test/", controller);
  const reading = patient.read(exchange, 9, "thing");
  controller.abort(reason);
  assertEquals(await assertRejects(() => reading), reason);
  await discard(await http.send("https://r.test/"));
  const long = deaf();
  long.headers.set("content-length", "99999999");
  await discard({ ...exchange, response: long });
  await assertRejects(
    () => http.read({ ...exchange, response: long }, 9, "thing"),
    InvalidDocumentError,
  );
});

test("toError() keeps the status whatever the body is", async () => {
  const url = "https://r.test/x?sig=SECRET";
  const bodies = [
    new Response(endless(), { status: 503, headers: { "retry-after": "7" } }),
    new Response('{"errors":[{"code":"A","message":"b"}]}', { status: 403 }),
    new Response(null, { status: 404 }),
  ];
  const errors: RegistryError[] = [];
  for (const body of bodies) {
    const http = new HttpClient({ fetch: fakeFetch(() => body).fetch });
    errors.push(await http.toError(await http.send(url)));
  }
  assertEquals(errors.map(({ status }) => status), [503, 403, 404]);
  assertEquals(errors[0]!.retryAfter, 7_000);
  assertEquals(
    errors[1]!.message,
    "Cannot GET https://r.test/x?…: HTTP 403 (A: b)",
  );
});

/** Runs one request again and again until it succeeds. */
async function retried(
  answer: (count: number) => Answer,
  options: { retries?: number; maxWait?: number } = {},
) {
  const clock = fakeClock();
  const events: PullEvent[] = [];
  const web = fakeFetch((_, count) => answer(count));
  const http = new HttpClient({
    ...clock.options,
    ...options,
    fetch: web.fetch,
    onEvent: (event) => events.push(event),
  });
  let failure: unknown;
  try {
    await http.retrying("https://r.test/?a=SECRET", async () => {
      const exchange = await http.send("https://r.test/");
      if (!exchange.response.ok) throw await http.toError(exchange);
      await discard(exchange);
    });
  } catch (error) {
    failure = error;
  }
  web.assertNoBodyLeft();
  return { slept: clock.slept, events, failure, count: web.sent.length };
}

test("retrying() backs off, tells of it, and ends with success", async () => {
  const { slept, events, failure } = await retried((count) =>
    count < 4 ? [503, {}, "busy"] : [200, {}, "ok"]
  );
  assertEquals(failure, undefined);
  assertEquals(slept, [2_000, 4_000, 8_000]);
  const { error, ...event } = events[2] as Retry;
  assertEquals(error.message, "Cannot GET https://r.test/: HTTP 503 (busy)");
  assertEquals(event, {
    type: "retry",
    url: "https://r.test/?…",
    host: "r.test",
    code: "status",
    status: 503,
    attempt: 3,
    of: 5,
    delay: 8_000,
  });
});

test("retrying() waits as Retry-After says, in seconds or until a date", async () => {
  const { slept } = await retried((count) =>
    count === 1
      ? [429, { "retry-after": "5" }]
      : count === 2
      ? [503, { "retry-after": "Thu, 01 Jan 2026 00:00:35 GMT" }]
      : [200]
  );
  assertEquals(slept, [5_000, 30_000]);
});

test("retrying() gives up at once where it would have to wait too long", async () => {
  const { slept, failure } = await retried(
    () => [429, { "retry-after": "61" }],
    { maxWait: 60_000 },
  );
  assertEquals(slept, []);
  assertInstanceOf(failure, RegistryError);
  assertEquals(failure.retryAfter, 61_000);
});

test("retrying() gives up after so many tries, with the last error", async () => {
  const { failure, count } = await retried(
    (count) => count < 3 ? new TypeError("connection reset") : [500],
    { retries: 2 },
  );
  assertInstanceOf(failure, RegistryError);
  assertEquals(count, 3);
});

test("retrying() takes a refused connection as final until the host has answered", async () => {
  const refused = () =>
    Object.assign(new TypeError("fetch failed"), { code: "ECONNREFUSED" });
  assertEquals((await retried(refused)).count, 1);
  const later = await retried((count) =>
    count === 1 ? [503] : count === 2 ? refused() : [200]
  );
  assertEquals(later.failure, undefined);
});

test("retrying() ends its wait when it is aborted", async () => {
  const reason = new Error("stop");
  const controller = new AbortController();
  const http = new HttpClient({
    fetch: fakeFetch(() => [503]).fetch,
    onEvent: () => controller.abort(reason),
  });
  const { signal } = controller;
  const failing = http.retrying("https://r.test/", async () => {
    throw await http.toError(await http.send("https://r.test/", { signal }));
  }, signal);
  assertEquals(await assertRejects(() => failing), reason);
});
