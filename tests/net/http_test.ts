import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { NetworkError } from "../../lib/image/errors.ts";
import { discard } from "../../lib/net/body.ts";
import { HttpClient } from "../../lib/net/http.ts";
import type {
  ExchangeRecord,
  SendOptions,
} from "../../lib/net/http_options.ts";
import type { Fetch } from "../../lib/image/types.ts";
import { deferred, test } from "../harness.ts";
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

/** What becomes of so many pieces of 16 KiB that nobody wants. */
async function dropped(pieces: number) {
  const seen = { sent: 0, ended: false, cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (seen.sent === pieces) {
        seen.ended = true;
        return controller.close();
      }
      seen.sent++;
      controller.enqueue(new Uint8Array(16_384));
    },
    cancel: () => void (seen.cancelled = true),
  }, { highWaterMark: 0 });
  await send(() => Promise.resolve(new Response(body)), "https://r.test/");
  return seen;
}

test("discard() reads what is small, so that its connection can be used again", async () => {
  assertEquals(await dropped(3), { sent: 3, ended: true, cancelled: false });
  const { sent, ended, cancelled } = await dropped(Infinity);
  assert(sent < 20 && !ended && cancelled, `${sent} pieces`);
});

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
  const [what, location, code] of [
    ["a loop", "https://r.test/a", "too-many-redirects"],
    ["a downgrade to http", "http://r.test/a", "redirect-to-http"],
    ["another protocol", "file:///etc/passwd", "redirect-nowhere"],
    ["rubbish", "https://[", "redirect-nowhere"],
  ] as const
) {
  test(`send() does not follow ${what}`, async () => {
    const web = fakeFetch(() => [307, { location }, "moved"]);
    const error = await assertRejects(
      () => send(web.fetch, "https://r.test/a?token=SECRET"),
      NetworkError,
    );
    assertEquals(error.code, code);
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

test("send() waits as long as it is told for one request, or as its signal says", async () => {
  const http = new HttpClient({ fetch: silent, timeout: 3_600_000 });
  const error = await assertRejects(
    () => http.send("https://r.test/", { timeout: 5 }),
    NetworkError,
  );
  assertEquals(error.kind, "timeout");
  const hasty = new HttpClient({ fetch: silent, timeout: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error("stop");
  // The signal's own timers keep no process alive.
  setTimeout(() => controller.abort(reason), 40);
  const waiting = hasty.send("https://r.test/", { timeout: Infinity, signal });
  assertEquals(await assertRejects(() => waiting), reason);
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

test("send() ends a `fetch` that pays no heed to its signal, and drops what it still brings", async () => {
  const { promise: late, resolve } = deferred<Response>();
  const http = new HttpClient({ fetch: () => late, timeout: 5 });
  const error = await assertRejects(
    () => http.send("https://r.test/"),
    NetworkError,
  );
  assertEquals(error.kind, "timeout");
  const reason = new Error("stop");
  const controller = new AbortController();
  const patient = new HttpClient({ fetch: () => late });
  const waiting = patient.send("https://r.test/", controller);
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  const { promise: dropped, resolve: drop } = deferred();
  resolve(new Response(new ReadableStream({ cancel: () => drop() })));
  await dropped;
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
