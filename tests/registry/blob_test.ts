import type { Warning } from "../../lib/image/events.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  ContentMismatchError,
  InvalidDigestError,
  NetworkError,
  RegistryError,
} from "../../lib/image/errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { Repository } from "../../lib/registry/repository.ts";
import type { Descriptor, RangeOptions } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { type Answer, fakeFetch, type Sent } from "../net/fake_fetch.ts";

const CONTENT = "0123456789";
const BLOB: Descriptor = {
  mediaType: "application/octet-stream",
  digest: `sha256:${"1".repeat(64)}`,
  size: CONTENT.length,
};
const NONE: Record<string, string> = {};
const LOGIN = { kind: "basic", username: "me", password: "pw" } as const;

function open(answer: (sent: Sent, count: number) => Answer, login = false) {
  const web = fakeFetch(answer);
  const warnings: Warning[] = [];
  const repository = new Repository(parseReference("r.test/a"), {
    fetch: web.fetch,
    credentials: () =>
      Promise.resolve(login ? { credential: LOGIN, source: "x" } : undefined),
    onEvent: (event) => {
      if (event.type === "warning") warnings.push(event.warning);
    },
  });
  const get = async (options?: RangeOptions, descriptor = BLOB) => {
    const blob = await repository.fetchBlob(descriptor, options);
    return { ...blob, body: await new Response(blob.body).text() };
  };
  return { repository, get, warnings, ...web };
}

/** Answers a range as it should be. */
function ranged({ headers }: Sent): Answer {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(
    headers.get("range") ?? "",
  ) ?? [];
  if (first === undefined) return [200, {}, CONTENT];
  return [206, {
    "content-range": `bytes ${first}-${last}/${CONTENT.length}`,
  }, CONTENT.slice(Number(first), Number(last) + 1)];
}

test("fetchBlob() asks for the whole without a range", async () => {
  const { get, sent } = open(ranged);
  assertEquals(await get(), {
    body: CONTENT,
    offset: 0,
    partial: false,
    host: "r.test",
  });
  await get({ offset: 0, end: 10 });
  assertEquals(sent.map(({ headers }) => headers.get("range")), [null, null]);
  assertEquals(sent[0]!.headers.get("accept-encoding"), "identity");
});

for (
  const [options, header, body] of [
    [{ offset: 3 }, "bytes=3-9", "3456789"],
    [{ end: 3 }, "bytes=0-2", "012"],
    [{ offset: 9, end: 10 }, "bytes=9-9", "9"],
  ] as const
) {
  test(`fetchBlob() asks for ${header}`, async () => {
    const { get, sent } = open(ranged);
    const blob = await get(options);
    assertEquals([blob.body, blob.partial], [body, true]);
    assertEquals(sent[0]!.headers.get("range"), header);
  });
}

test("fetchBlob() takes a 200 for the whole blob, whatever was asked for", async () => {
  const { get } = open(() => [200, {}, CONTENT]);
  const { offset, partial, body } = await get({ offset: 5 });
  assertEquals([offset, partial, body], [0, false, CONTENT]);
});

test("fetchBlob() takes less than it asked for, and no length behind the slash", async () => {
  const range = { "content-range": "bytes 3-4/*" };
  const { get } = open(() => [206, range, "34"]);
  const { offset, partial, body } = await get({ offset: 3 });
  assertEquals([offset, partial, body], [3, true, "34"]);
});

for (
  const range of [
    undefined,
    "bytes 0-6/10",
    "bytes 4-9/10",
    "bytes 3-10/10",
    "bytes 3-2/10",
    "bytes=3-9/10",
    "bytes 3-9",
    "items 3-9/10",
    "bytes */10",
  ]
) {
  test(`fetchBlob() asks for the whole after two 206 of ${range}`, async () => {
    const { get, sent, assertNoBodyLeft } = open((request) =>
      request.headers.has("range")
        ? [206, range ? { "content-range": range } : NONE, "xxx"]
        : [200, {}, CONTENT]
    );
    const { offset, partial, body } = await get({ offset: 3 });
    assertEquals([offset, partial, body], [0, false, CONTENT]);
    await get({ offset: 5 });
    assertEquals(sent.map(({ headers }) => headers.get("range")), [
      "bytes=3-9",
      "bytes=3-9",
      null,
      null,
    ]);
    assertNoBodyLeft();
  });
}

for (
  const [what, answer, options] of [
    ["another length", [200, { "content-length": "11" }, "x"], {}],
    ["another total", [206, { "content-range": "bytes 3-9/11" }, "x"], {
      offset: 3,
    }],
  ] as [string, Answer, RangeOptions][]
) {
  test(`fetchBlob() refuses a blob of ${what} before it reads it`, async () => {
    const { get, assertNoBodyLeft } = open(() => answer);
    const error = await assertRejects(
      () => get(options),
      ContentMismatchError,
    );
    assertEquals(error.actual, { size: 11 });
    assertNoBodyLeft();
  });
}

test("fetchBlob() refuses an answer that makes no sense", async () => {
  for (const status of [204, 206, 299]) {
    const { get } = open(() => [status]);
    const error = await assertRejects(() => get(), RegistryError);
    assertEquals(error.status, status);
  }
});

test("fetchBlob() does not try again by itself", async () => {
  for (const answer of [[503], [416], [429], new TypeError("reset")]) {
    const { get, sent } = open(() => answer as Answer);
    const error = await assertRejects(() => get({ offset: 3 }));
    assert(error instanceof RegistryError || error instanceof NetworkError);
    assertEquals(sent.length, 1);
  }
});

test("fetchBlob() refuses ranges outside the blob and digests that are none", async () => {
  const { get, sent } = open(ranged);
  for (
    const range of [
      { offset: -1 },
      { offset: 10 },
      { offset: 5, end: 5 },
      { end: 11 },
      { offset: NaN },
    ]
  ) await assertRejects(() => get(range), RangeError);
  const digest = "sha256:../../../etc/passwd";
  await assertRejects(() => get({}, { ...BLOB, digest }), InvalidDigestError);
  assertEquals(sent.length, 0);
});

test("fetchBlob() opens an empty blob", async () => {
  const { get } = open(() => [200]);
  assertEquals((await get({}, { ...BLOB, size: 0 })).body, "");
});

/** A registry that wants a login and redirects to a storage. */
function withStorage(storage: (sent: Sent, count: number) => Answer) {
  let signature = 0;
  let stored = 0;
  return open((sent) => {
    if (sent.url.host === "s.test") return storage(sent, ++stored);
    if (!sent.headers.has("authorization")) {
      return [401, { "www-authenticate": "Basic" }];
    }
    return [307, { location: `https://s.test/b?sig=${++signature}` }, "moved"];
  }, true);
}

test("fetchBlob() goes back to the storage without asking the registry again", async () => {
  const { get, log } = withStorage(ranged);
  assertEquals((await get({ end: 5 })).host, "s.test");
  assertEquals((await get({ offset: 5 })).body, "56789");
  const login = `Basic ${btoa("me:pw")}`;
  const address = `r.test/v2/a/blobs/${BLOB.digest}`;
  assertEquals(log(), [
    `GET ${address}`,
    `GET ${address} ${login}`,
    "GET s.test/b?sig=1",
    "GET s.test/b?sig=1",
  ]);
});

for (const status of [400, 401, 403, 404, 410]) {
  test(`fetchBlob() asks for a new address where the storage says ${status}`, async () => {
    const { get, log } = withStorage((sent, count) =>
      count === 2
        ? [status, {}, "<Error><Code>Expired</Code></Error>"]
        : ranged(sent)
    );
    await get({ end: 5 });
    assertEquals((await get({ offset: 5 })).body, "56789");
    assertEquals(log().slice(3).map((line) => line.split(" ")[1]), [
      "s.test/b?sig=1",
      `r.test/v2/a/blobs/${BLOB.digest}`,
      "s.test/b?sig=2",
    ]);
    for (const line of log()) {
      assert(!line.includes("s.test") || !line.includes("Basic"));
    }
  });
}

test("fetchBlob() gives up where a new address is refused as well", async () => {
  const { get, sent } = withStorage(() => [403]);
  const error = await assertRejects(() => get(), RegistryError);
  assertEquals([error.status, error.url], [403, "https://s.test/b?…"]);
  assertEquals(sent.length, 5);
});

test("fetchBlob() asks the registry after a failure of its storage", async () => {
  const { get, log } = withStorage((sent, count) =>
    count === 2 ? new TypeError("connection reset") : ranged(sent)
  );
  await get({ end: 5 });
  assertInstanceOf(await assertRejects(() => get()), NetworkError);
  await get();
  assertEquals(log().at(-1), "GET s.test/b?sig=2");
});

const FOREIGN: Descriptor = {
  ...BLOB,
  urls: [
    "ftp://plain.test/x",
    "file:///etc/passwd",
    "rubbish",
    "https://gone.test/x",
    "https://user:pw@f.test/x",
  ],
};

test("fetchBlob() takes a foreign layer from its urls, without any login", async () => {
  const { get, log, warnings } = open((sent) => {
    const { host } = sent.url;
    if (host === "f.test") return ranged(sent);
    if (host === "gone.test") return [404];
    return sent.headers.has("authorization")
      ? [404]
      : [401, { "www-authenticate": "Basic" }];
  }, true);
  const blob = await get({ offset: 5 }, FOREIGN);
  assertEquals([blob.body, blob.host], ["56789", "f.test"]);
  assertEquals(log().slice(2), ["GET gone.test/x", "GET f.test/x"]);
  assertEquals(warnings, [
    {
      code: "foreign-layer",
      registry: "r.test",
      digest: BLOB.digest,
      host: "f.test",
    },
  ]);
});

test("fetchBlob() answers no challenge of a foreign layer's host", async () => {
  const { get, log } = open(
    ({ url }) =>
      url.host === "r.test" ? [404] : [401, {
        "www-authenticate": 'Bearer realm="https://evil.test/token"',
      }],
    true,
  );
  const error = await assertRejects(() => get({}, FOREIGN), RegistryError);
  assertEquals([error.status, error.url.includes("r.test")], [404, true]);
  assert(
    !log().some((line) => line.includes("evil") || line.includes("Basic")),
  );
});

test("fetchBlob() asks no url of a layer that the registry holds or forbids", async () => {
  const held = open(ranged);
  await held.get({}, FOREIGN);
  assertEquals(held.sent.length, 1);
  const forbidden = open(() => [403]);
  await assertRejects(() => forbidden.get({}, FOREIGN), RegistryError);
  assertEquals(forbidden.sent.length, 1);
});

test("fetchSmallBlob() waits twice as long after each silence, up to ten times", async () => {
  const { fetch } = fakeFetch(() => new Promise<Response>(() => {}));
  const told = async (retries: number) => {
    const repository = new Repository(parseReference("r.test/a"), {
      fetch,
      retries,
      timeout: 4,
      sleep: () => Promise.resolve(),
    });
    const digest = `sha256:${"a".repeat(64)}`;
    const { problem } = await assertRejects(
      () => repository.fetchSmallBlob({ mediaType: "a/b", digest, size: 2 }),
      NetworkError,
    );
    return problem;
  };
  assertEquals(await told(0), { code: "unanswered", duration: 4 });
  assertEquals(await told(2), { code: "unanswered", duration: 16 });
  assertEquals(await told(6), { code: "unanswered", duration: 40 });
});
