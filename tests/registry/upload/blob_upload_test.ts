import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  ContentMismatchError,
  NetworkError,
  RegistryError,
  UploadError,
} from "../../../lib/image/errors.ts";
import { test } from "../../harness.ts";
import type { UploadRules } from "../../registry_server/mod.ts";
import { blobOf, contentOf, MiB, pushTo, world } from "./world.ts";

const SMALL = blobOf(1000, "small");
const LARGE = blobOf(30 * MiB, "large");

test("a small blob goes in one request", async () => {
  const { push, registry, received } = world();
  assertEquals(await push(SMALL), { how: "uploaded", sent: 1000, resumed: 0 });
  const { digest } = SMALL.descriptor;
  assertEquals(registry.log, [
    `HEAD /v2/team/app/blobs/${digest}`,
    "POST /v2/team/app/blobs/uploads/",
    "PUT /v2/team/app/blobs/uploads/upload-1",
  ]);
  assertEquals(registry.repository("team/app").blobs.get(digest), SMALL.bytes);
  assertEquals(received(), 1000);
  registry.assertNoOpenBodies();
});

test("an empty blob is one, too", async () => {
  const { push, registry } = world();
  const empty = blobOf(0);
  assertEquals((await push(empty)).how, "uploaded");
  const { blobs } = registry.repository("team/app");
  assertEquals(blobs.get(empty.descriptor.digest)?.length, 0);
});

test("what is there is not sent", async () => {
  const { push, registry, log, events } = world();
  registry.repository("team/app").blobs.set(
    SMALL.descriptor.digest,
    SMALL.bytes,
  );
  assertEquals((await push(SMALL)).how, "there");
  assertEquals(log(), ["HEAD 200"]);
  assertEquals(events.map(({ type }) => type), ["upload-done"]);
});

test("what is torn there is sent again", async () => {
  const { push, registry } = world();
  const { blobs } = registry.repository("team/app");
  blobs.set(SMALL.descriptor.digest, SMALL.bytes.slice(1));
  assertEquals((await push(SMALL)).how, "uploaded");
  assertEquals(blobs.get(SMALL.descriptor.digest), SMALL.bytes);
});

test("a large blob goes in parts, the first of them small", async () => {
  const { push, registry, events, received } = world();
  await push(LARGE);
  const parts = registry.requests.filter(({ method }) => method === "PATCH");
  assertEquals(
    parts.map(({ headers }) => headers.get("content-range")),
    ["0-8388607", `8388608-${30 * MiB - 1}`],
  );
  assertEquals(received(), 30 * MiB);
  const told = events.flatMap((event) =>
    event.type === "upload-progress" ? [event.sent] : []
  );
  assertEquals(told.at(-1), 30 * MiB);
  assert(told.every((sent, i) => sent > (told[i - 1] ?? 0)));
});

test("a blob of another repository is mounted", async () => {
  const { open, registry, log } = world();
  registry.repository("base").blobs.set(SMALL.descriptor.digest, SMALL.bytes);
  const upload = open().blob(SMALL.descriptor);
  assertEquals(await upload.find(), undefined);
  assertEquals((await upload.mount("base"))?.how, "mounted");
  assertEquals(log(), ["HEAD 404", "POST 201"]);
  const { blobs } = registry.repository("team/app");
  assertEquals(blobs.get(SMALL.descriptor.digest), SMALL.bytes);
});

test("where it is not mounted, the upload that this began is used", async () => {
  const { open, log } = world({ noMounts: true });
  const upload = open().blob(SMALL.descriptor);
  assertEquals(await upload.find(), undefined);
  assertEquals(await upload.mount("base"), undefined);
  assertEquals((await upload.send(SMALL)).how, "uploaded");
  assertEquals(log(), ["HEAD 404", "POST 202", "PUT 201"]);
});

test("whoever may not mount may still push", async () => {
  const { open, registry } = world();
  registry.fault = ({ url }) => url.includes("mount=") ? { status: 403 } : {};
  const upload = open().blob(SMALL.descriptor);
  assertEquals(await upload.mount("secret"), undefined);
  assertEquals((await upload.send(SMALL)).how, "uploaded");
});

const WAYS: [string, UploadRules, number?][] = [
  ["an absolute address", { location: "absolute" }],
  ["a relative address", { location: "relative" }],
  ["no address but a number", { location: "uuid" }],
  ["another host", { uploadHost: "uploads.test" }],
  ["parts of 1 MiB at least", { minChunk: MiB }],
  ["parts of 16 MiB at least", { minChunk: 16 * MiB }],
  ["no parts", { chunks: "refused" }],
  ["no parts, with 400", { chunks: "refused", chunkStatus: 400 }],
  ["no parts, with 404", { chunks: "refused", chunkStatus: 404 }],
  ["no parts, with 416", { chunks: "refused", chunkStatus: 416 }],
  ["one part alone, as Google's", { chunks: "first" }],
  ["one part alone, with 416", { chunks: "first", chunkStatus: 416 }],
  ["no more than 10 MB in a request", { maxBody: 10e6 }],
  ["no more than 2 MB in a request", { maxBody: 2e6 }],
  ["nobody asking how far it is", { silent: true }],
  ["nothing to be remembered for long", { forgetsAfter: 3 }],
  ["500 though it has stored it", { failsThoughStored: 1 }],
  ["a wrong refusal of the digest", { refusesDigest: 1 }],
];

for (const [name, rules] of WAYS) {
  test(`a registry with ${name} gets a blob`, async () => {
    const { push, registry } = world(rules);
    registry.hosts.add("uploads.test");
    assertEquals((await push(LARGE)).how, "uploaded");
    const { blobs } = registry.repository("team/app");
    assertEquals(blobs.get(LARGE.descriptor.digest), LARGE.bytes);
    registry.assertNoOpenBodies();
  });
}

test("what a registry has shown counts for the next blob", async () => {
  const { open, registry } = world({ chunks: "refused" });
  const repository = open();
  await pushTo(repository, LARGE);
  const before = registry.requests.length;
  await pushTo(repository, blobOf(20 * MiB, "next"));
  const after = registry.requests.slice(before);
  assertEquals(after.map(({ method }) => method), ["HEAD", "POST", "PUT"]);
});

test("no login leaves the registry's own host", async () => {
  const rules = { uploadHost: "uploads.test" };
  const { push, registry } = world(rules, {
    auth: { kind: "basic", users: { me: "pw" } },
  }, { login: { kind: "basic", username: "me", password: "pw" } });
  registry.hosts.add("uploads.test");
  registry.respond = ({ url, headers }) => {
    if (new URL(url).host !== "uploads.test") return undefined;
    assertEquals(headers.get("authorization"), null);
    return { status: 503, headers: {}, bytes: new Uint8Array() };
  };
  await assertRejects(() => push(SMALL), RegistryError);
  assert(registry.requests.some(({ url }) => url.includes("//uploads.test/")));
});

/** Each place where a connection may break, and what is sent in all. */
const CUTS: [string, (method: string, count: number) => boolean, number][] = [
  ["HEAD", (method, count) => method === "HEAD" && count === 1, 30],
  ["POST", (method, count) => method === "POST" && count === 1, 30],
  ["the last PUT", (method, count) => method === "PUT" && count === 1, 30],
];

for (const [name, applies, most] of CUTS) {
  for (const loseAnswer of [true, false]) {
    const when = loseAnswer ? "after" : "before";
    test(`a connection that breaks ${when} ${name} costs little`, async () => {
      const { push, registry, received } = world();
      let count = 0;
      registry.fault = ({ method }) => {
        if (!applies(method, count + 1)) return;
        count++;
        return loseAnswer ? { loseAnswer: true } : {
          throws: Object.assign(new TypeError("x"), { code: "ECONNRESET" }),
        };
      };
      assertEquals((await push(LARGE)).how, "uploaded");
      assertEquals(received(), most * MiB);
    });
  }
}

for (const dropsPartial of [false, true]) {
  const does = dropsPartial ? "forgets" : "keeps";
  test(`a registry that ${does} parts that break off gets little twice`, async () => {
    const { push, registry, received, events } = world({ dropsPartial });
    let cuts = 0;
    registry.fault = ({ method }) => {
      if (method !== "PATCH" || cuts === 5) return;
      cuts++;
      // Once in the middle, and then early: with each, there is some progress.
      return { breakAfter: cuts % 2 ? 3 * MiB : MiB / 2 };
    };
    assertEquals((await push(LARGE)).how, "uploaded");
    const { blobs } = registry.repository("team/app");
    assertEquals(blobs.get(LARGE.descriptor.digest), LARGE.bytes);
    const twice = received() - 30 * MiB;
    assert(twice <= (dropsPartial ? 12 : 0) * MiB, `${twice / MiB}`);
    assert(events.some(({ type }) => type === "retry"));
  });
}

test("progress is what tries are counted from", async () => {
  const { push, registry } = world({}, {}, { retries: 1 });
  let cuts = 0;
  registry.fault = ({ method }) =>
    method === "PATCH" && cuts++ < 12 ? { breakAfter: MiB } : {};
  assertEquals((await push(LARGE)).how, "uploaded");
});

test("without progress, tries come to an end", async () => {
  const { push, registry } = world({}, {}, { retries: 2 });
  registry.fault = ({ method }) => method === "PATCH" ? { breakAfter: 0 } : {};
  await assertRejects(() => push(LARGE), NetworkError);
  const parts = registry.requests.filter(({ method }) => method === "PATCH");
  assertEquals(parts.length, 3);
});

test("Retry-After is heeded", async () => {
  const { push, registry, clock } = world();
  registry.fault = ({ method }, count) =>
    method === "PATCH" && count === 2
      ? { status: 429, headers: { "retry-after": "7" } }
      : {};
  await push(LARGE);
  assertEquals(clock.slept, [7000]);
});

test("a token that runs out amid an upload is renewed", async () => {
  const { push, registry, clock, received } = world({}, {
    auth: { kind: "bearer", users: { me: "pw" }, expiresIn: 60 },
  }, { login: { kind: "basic", username: "me", password: "pw" } });
  registry.fault = ({ method }) => {
    if (method === "PATCH") clock.pass(50_000);
  };
  await push(LARGE);
  // One is refused: its bytes are sent once more.
  assert(received() <= 60 * MiB);
  const tokens = registry.requests.filter(({ path }) => path === "/token");
  assert(tokens.length >= 2);
  for (const { url } of tokens) {
    assertEquals(new URL(url).searchParams.getAll("scope"), [
      "repository:team/app:pull,push",
    ]);
  }
});

test("one token is for the push and for what is mounted", async () => {
  const { open, registry } = world({}, {
    auth: { kind: "bearer", users: { me: "pw" } },
  }, { login: { kind: "basic", username: "me", password: "pw" } });
  registry.repository("base").blobs.set(SMALL.descriptor.digest, SMALL.bytes);
  const upload = open("team/app", { mountFrom: ["base"] })
    .blob(SMALL.descriptor);
  await upload.find();
  assertEquals((await upload.mount("base"))?.how, "mounted");
  const tokens = registry.requests.filter(({ path }) => path === "/token");
  assertEquals(
    tokens.map(({ url }) => new URL(url).searchParams.getAll("scope")),
    [["repository:team/app:pull,push", "repository:base:pull"]],
  );
});

const REFUSALS: [UploadRules, UploadError["code"], number?][] = [
  [{ readOnly: 405 }, "read-only"],
  [{ readOnly: 403 }, "read-only"],
  [{ closed: 404 }, "no-repository"],
  [{ closed: 403 }, "no-repository"],
  [{ room: 10 * MiB }, "no-room"],
  [{ room: 10 * MiB, noRoomStatus: 500 }, "no-room"],
  [{ room: 10 * MiB, noRoomStatus: 413 }, "no-room"],
  [{ maxBody: 1000 }, "too-large"],
  [{ maxBody: 2 * MiB, minChunk: 4 * MiB }, "too-large"],
  [{ location: "missing" }, "no-location"],
  [{ saysDigest: `sha256:${"0".repeat(64)}` }, "other-digest"],
  [{ refusesDigest: 99 }, "digest-refused"],
  [{ forgetsAfter: 0 }, "forgetful"],
];

for (const [rules, code] of REFUSALS) {
  test(`${JSON.stringify(rules)} is ${code}`, async () => {
    const { push, registry } = world({ ...rules });
    const error = await assertRejects(() => push(LARGE), UploadError);
    assertEquals(error.code, code);
    assertEquals(error.registry, "registry.test");
    assert(registry.requests.length < 40);
    registry.assertNoOpenBodies();
  });
}

test("what answers everything with a page is no registry", async () => {
  const headers = { "content-type": "text/html; charset=utf-8" };
  const { open, registry } = world();
  const text = "<html>welcome</html>";
  registry.fault = () => ({ status: 200, headers, text });
  const upload = open().blob(SMALL.descriptor);
  assertEquals(await upload.find(), undefined);
  const error = await assertRejects(() => upload.send(SMALL), UploadError);
  assertEquals(error.code, "no-registry");
});

test("what cannot be posted to is no registry", async () => {
  const { push, registry } = world();
  registry.fault = ({ method }) =>
    method === "POST" ? { status: 501, text: "no" } : undefined;
  const error = await assertRejects(() => push(SMALL), UploadError);
  assertEquals(error.code, "no-registry");
});

test("a login that may only pull is refused for the push", async () => {
  const { push, registry } = world({}, {
    auth: { kind: "bearer", users: { me: "pw" }, pushers: [], anonymous: true },
  }, { login: { kind: "basic", username: "me", password: "pw" } });
  const error = await assertRejects(() => push(SMALL), RegistryError);
  assertEquals(error.status, 401);
  assertEquals(error.asked, {
    kind: "push",
    registry: "registry.test",
    repository: "team/app",
  });
  assert(registry.requests.length < 12);
});

test("bytes that are wrong here are told of as such, and sent once", async () => {
  const { push, received } = world();
  const bytes = LARGE.bytes.slice();
  bytes[12_345]! ^= 1;
  const wrong = { ...contentOf(LARGE.descriptor, bytes), bytes };
  const error = await assertRejects(() => push(wrong), ContentMismatchError);
  assertEquals(error.descriptor.digest, LARGE.descriptor.digest);
  assertEquals(received(), 30 * MiB);
});

test("an abort ends it", async () => {
  const { open, registry } = world();
  const end = new AbortController();
  registry.fault = ({ method }) => {
    if (method === "PATCH") end.abort(new Error("enough"));
  };
  const upload = open().blob(LARGE.descriptor, end.signal);
  const error = await upload.send(LARGE).catch((error) => error);
  assertInstanceOf(error, Error);
  assertEquals(error.message, "enough");
  registry.assertNoOpenBodies();
});
