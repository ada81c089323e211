import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  InvalidDocumentError,
  NetworkError,
  RegistryError,
} from "../../lib/errors.ts";
import type { PullEvent } from "../../lib/events.ts";
import { discard } from "../../lib/registry/body.ts";
import {
  type ExchangeRecord,
  HttpClient,
  type SendOptions,
} from "../../lib/registry/http.ts";
import type { Fetch } from "../../lib/types.ts";
import { test } from "../harness.ts";
import { type Answer, fakeClock, fakeFetch } from "./fake_fetch.ts";

/** A `fetch` that answers by address, without the scheme. */
function pages(answers: Record<string, Answer>) {
  return fakeFetch(({ url }) => answers[url.host + url.pathname] ?? [404]);
}

async function send(fetch: Fetch, url: string, options?: SendOptions) {
  const http = new HttpClient({ fetch });
  const exchange = await http.send(url, options);
  await discard(exchange);
  return exchange;
}

test("send() follows redirects, and takes no login to another origin", async () => {
  const web = pages({
    "r.test/a": [307, { location: "/b" }, "moved"],
    "r.test/b": [302, { location: "https://cdn.r.test/c?sig=1" }, "moved"],
    "cdn.r.test/c": [301, { location: "https://r.test/d" }],
    "r.test/d": [200, {}, "done"],
  });
  const { url, redirected } = await send(web.fetch, "https://r.test/a", {
    authorization: "Basic c2VjcmV0",
    headers: { range: "bytes=0-9" },
  });
  assertEquals(url.href, "https://r.test/d");
  assertEquals(redirected, true);
  assertEquals(web.log(), [
    "GET r.test/a Basic c2VjcmV0",
    "GET r.test/b Basic c2VjcmV0",
    "GET cdn.r.test/c?sig=1",
    "GET r.test/d",
  ]);
  for (const { headers } of web.sent) {
    assertEquals(headers.get("range"), "bytes=0-9");
    assertEquals(headers.get("accept-encoding"), "identity");
    assertEquals(headers.get("cookie"), null);
    assertStringIncludes(headers.get("user-agent")!, "docker-pull/");
  }
  web.assertNoBodyLeft();
});

for (
  const target of [
    "https://r.test:8443/b",
    "https://sub.r.test/b",
    "https://test/b",
    "https://user:pass@evil.test/b",
  ]
) {
  test(`send() takes no login along to ${target}`, async () => {
    const web = fakeFetch((_, count) =>
      count === 1 ? [307, { location: target }] : [200]
    );
    await send(web.fetch, "https://r.test/a", { authorization: "Bearer t" });
    assertEquals(web.sent[1]!.headers.get("authorization"), null);
    assertEquals(web.sent[1]!.url.username, "");
  });
}

test("send() counts another scheme at the same host as another origin", async () => {
  const web = fakeFetch((_, count) =>
    count === 1 ? [307, { location: "https://r.test/a" }] : [200]
  );
  await send(web.fetch, "http://r.test/a", { authorization: "Bearer t" });
  assertEquals(web.log(), ["GET r.test/a Bearer t", "GET r.test/a"]);
});

for (
  const [what, location, words] of [
    ["a loop", "https://r.test/a", "more than 10 times"],
    ["a downgrade to http", "http://r.test/a", "from https to http"],
    ["another protocol", "file:///etc/passwd", "none of the web"],
    ["rubbish", "https://[", "none of the web"],
  ] as const
) {
  test(`send() does not follow ${what}`, async () => {
    const web = fakeFetch(() => [307, { location }, "moved"]);
    const error = await assertRejects(
      () => send(web.fetch, "https://r.test/a?token=SECRET"),
      NetworkError,
    );
    assertStringIncludes(error.message, words);
    assert(!error.message.includes("SECRET"));
    web.assertNoBodyLeft();
  });
}

test("send() does not repeat a form at another address", async () => {
  const web = fakeFetch(() => [307, { location: "https://r.test/b" }]);
  const { response } = await send(web.fetch, "https://r.test/a", {
    method: "POST",
    body: "refresh_token=SECRET",
  });
  assertEquals(response.status, 307);
  assertEquals(web.sent.length, 1);
});

/** A `fetch` that never answers, as long as it is not ended. */
const silent: Fetch = (_, init) =>
  new Promise((_, reject) => {
    const { signal } = init!;
    signal!.addEventListener("abort", () => reject(signal!.reason));
  });

test("send() waits for an answer only so long", async () => {
  const http = new HttpClient({ fetch: silent, timeout: 5 });
  const error = await assertRejects(
    () => http.send("https://r.test/?a=SECRET"),
    NetworkError,
  );
  assertEquals(error.kind, "timeout");
  assertEquals(error.url, "https://r.test/?…");
});

test("send() throws the signal's reason, before and while it waits", async () => {
  const reason = new Error("stop");
  const controller = new AbortController();
  const http = new HttpClient({ fetch: silent });
  const { signal } = controller;
  const waiting = http.send("https://r.test/", { signal });
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  assertEquals(
    await assertRejects(() => http.send("https://r.test/", { signal })),
    reason,
  );
});

test("send() records what it did, without secrets", async () => {
  const web = fakeFetch((_, count) =>
    count === 1 ? [307, { location: "https://s.test/?sig=SECRET" }] : [206]
  );
  const records: ExchangeRecord[] = [];
  const http = new HttpClient({
    ...fakeClock().options,
    fetch: web.fetch,
    onExchange: (record) => records.push(record),
  });
  await http.send("https://r.test/a?x=SECRET", {
    authorization: "Bearer SECRET",
    headers: { range: "bytes=0-0" },
  });
  assertEquals(records, [{
    method: "GET",
    url: "https://r.test/a?…",
    authorization: "Bearer",
    range: "bytes=0-0",
    status: 307,
    location: "https://s.test/?…",
    duration: 0,
  }, {
    method: "GET",
    url: "https://s.test/?…",
    range: "bytes=0-0",
    status: 206,
    duration: 0,
  }]);
});

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
    assertEquals(error.message, "Cannot use thing: it has more than 5 bytes");
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
  assertEquals(events[2], {
    type: "retry",
    url: "https://r.test/?…",
    reason: "Cannot GET https://r.test/: HTTP 503 (busy)",
    attempt: 3,
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
