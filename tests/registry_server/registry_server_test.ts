import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { buildImage, buildIndex, sha256 } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "./mod.ts";

const BASE = "https://registry.test/v2/team/app";
const image = await buildImage({ layers: [{ size: 200_000 }, {}] });
const layer = image.layers[0]!;

function makeRegistry(): FakeRegistry {
  const registry = new FakeRegistry();
  registry.add("team/app", image, "1.0", "latest");
  return registry;
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

function getBlob(registry: FakeRegistry, range?: string): Promise<Response> {
  const headers: Record<string, string> = range ? { range } : {};
  return registry.fetch(`${BASE}/blobs/${layer.digest}`, {
    headers,
    redirect: "manual",
  });
}

test("FakeRegistry serves a manifest by tag and by digest, if its type is taken", async () => {
  const registry = makeRegistry();
  const { mediaType, digest } = image.manifest.descriptor;
  for (const name of ["1.0", digest]) {
    const response = await registry.fetch(`${BASE}/manifests/${name}`, {
      headers: { accept: `text/plain, ${mediaType};q=0.5` },
    });
    assertEquals(response.headers.get("content-type"), mediaType);
    assertEquals(response.headers.get("docker-content-digest"), digest);
    assertEquals(sha256(await bytesOf(response)), digest);
  }
  const refused = await registry.fetch(`${BASE}/manifests/1.0`, {
    headers: { accept: "text/plain" },
  });
  assertEquals(refused.status, 404);
  assertStringIncludes(await refused.text(), "MANIFEST_UNKNOWN");
  registry.assertNoOpenBodies();
});

test("FakeRegistry serves ranges of a blob", async () => {
  const registry = makeRegistry();
  const whole = await bytesOf(await getBlob(registry));
  assertEquals(sha256(whole), layer.digest);
  const part = await getBlob(registry, "bytes=1000-100999");
  assertEquals(part.status, 206);
  assertEquals(
    part.headers.get("content-range"),
    `bytes 1000-100999/${layer.size}`,
  );
  assertEquals(await bytesOf(part), whole.slice(1000, 101_000));
  const beyond = await getBlob(registry, `bytes=${layer.size}-`);
  assertEquals(beyond.status, 416);
  await beyond.body?.cancel();
  assertEquals(registry.requests.map(({ sent }) => sent), [
    layer.size,
    100_000,
    0,
  ]);
});

test("FakeRegistry knows the bodies that nobody has read", async () => {
  const registry = makeRegistry();
  const response = await getBlob(registry);
  assertThrows(() => registry.assertNoOpenBodies(), Error, layer.digest);
  await response.body!.cancel();
  registry.assertNoOpenBodies();
  assertEquals(registry.requests[0]!.body, "cancelled");
  assertEquals(registry.requests[0]!.sent, 0);
});

test("FakeRegistry redirects blobs to a storage that refuses a login", async () => {
  const registry = makeRegistry();
  registry.storageHost = "storage.test";
  await assertRejects(
    () => registry.fetch(`${BASE}/blobs/${layer.digest}`),
    Error,
    "by hand",
  );
  const redirect = await getBlob(registry);
  assertEquals(redirect.status, 307);
  const location = redirect.headers.get("location")!;
  await redirect.body?.cancel();
  const bytes = await bytesOf(await registry.fetch(location));
  assertEquals(sha256(bytes), layer.digest);
  const refused = await registry.fetch(location, {
    headers: { authorization: "Bearer x" },
  });
  assertEquals(refused.status, 400);
  await refused.body?.cancel();
});

test("FakeRegistry gives out Bearer tokens that expire", async () => {
  const registry = makeRegistry();
  registry.auth = { kind: "bearer", users: { ann: "secret" }, expiresIn: 60 };
  let now = 0;
  registry.now = () => now;
  const refused = await getBlob(registry);
  assertEquals(refused.status, 401);
  await refused.body?.cancel();
  assertEquals(
    refused.headers.get("www-authenticate"),
    `Bearer realm="https://registry.test/token",service="fake-registry",` +
      `scope="repository:team/app:pull"`,
  );
  const tokenUrl =
    "https://registry.test/token?scope=repository%3Ateam%2Fapp%3Apull";
  const wrong = await registry.fetch(tokenUrl, {
    headers: { authorization: `Basic ${btoa("ann:wrong")}` },
  });
  assertEquals(wrong.status, 401);
  await wrong.body?.cancel();
  const statuses: number[] = [];
  for (const login of [undefined, `Basic ${btoa("ann:secret")}`]) {
    const answer = await registry.fetch(tokenUrl, {
      headers: login ? { authorization: login } : {},
    });
    const { token } = await answer.json();
    for (const time of [0, 61_000]) {
      now = time;
      const response = await registry.fetch(`${BASE}/manifests/1.0`, {
        headers: { authorization: `Bearer ${token}` },
      });
      statuses.push(response.status);
      await response.body?.cancel();
    }
    now = 0;
  }
  assertEquals(statuses, [401, 401, 200, 401]);
});

test("FakeRegistry breaks off, damages and withholds bodies on demand", async () => {
  const registry = makeRegistry();
  const whole = await bytesOf(await getBlob(registry));
  registry.fault = () => ({ closeAfter: 1000 });
  await assertRejects(async () => await bytesOf(await getBlob(registry)));
  registry.fault = () => ({ closeAfter: 1000, withoutLength: true });
  assertEquals((await bytesOf(await getBlob(registry))).length, 1000);
  registry.fault = () => ({ flipAt: 70_000 });
  const flipped = await bytesOf(await getBlob(registry, "bytes=66000-80000"));
  assertEquals(flipped[4000], whole[70_000]! ^ 1);
  flipped[4000]! ^= 1;
  assertEquals(flipped, whole.slice(66_000, 80_001));
  registry.fault = () => ({ ignoreRange: true });
  const full = await getBlob(registry, "bytes=5-9");
  assertEquals(full.status, 200);
  await full.body!.cancel();
  registry.fault = () => ({ stallAfter: 500 });
  const abort = new AbortController();
  const stalled = await registry.fetch(`${BASE}/blobs/${layer.digest}`, {
    signal: abort.signal,
  });
  const reader = stalled.body!.getReader();
  assertEquals((await reader.read()).value!.length, 500);
  const next = reader.read();
  abort.abort(new Error("enough"));
  await assertRejects(() => next, Error, "enough");
  registry.assertNoOpenBodies();
});

test("FakeRegistry counts pulls and refuses those above the limit", async () => {
  const registry = makeRegistry();
  registry.pullLimit = { limit: 1, window: 30 };
  const seen: (string | number | null)[] = [];
  for (const method of ["HEAD", "GET", "GET"]) {
    const response = await registry.fetch(`${BASE}/manifests/1.0`, { method });
    await response.body?.cancel();
    seen.push(response.status, response.headers.get("retry-after"));
  }
  assertEquals(seen, [200, null, 200, null, 429, "30"]);
});

test("FakeRegistry lists tags page by page", async () => {
  const registry = makeRegistry();
  const first = await registry.fetch(`${BASE}/tags/list?n=1`);
  assertEquals(await first.json(), { name: "team/app", tags: ["1.0"] });
  const next = /<(.+)>; rel="next"/.exec(first.headers.get("link")!)![1];
  const second = await registry.fetch(`https://registry.test${next}`);
  assertEquals(await second.json(), { name: "team/app", tags: ["latest"] });
  assertEquals(second.headers.get("link"), null);
});

test("FakeRegistry serves the same over loopback", async () => {
  const registry = makeRegistry();
  const served = await registry.serve();
  try {
    const url = `${served.url}/v2/team/app/blobs/${layer.digest}`;
    const response = await fetch(url);
    assertEquals(sha256(await bytesOf(response)), layer.digest);
    const part = await fetch(url, { headers: { range: "bytes=0-9" } });
    assertEquals(part.status, 206);
    assertEquals((await bytesOf(part)).length, 10);
    registry.fault = () => ({ closeAfter: 100_000 });
    await assertRejects(async () => await bytesOf(await fetch(url)));
    registry.fault = () => ({ stallAfter: 10 });
    const stalled = await fetch(url);
    const reader = stalled.body!.getReader();
    await reader.read();
    await reader.cancel();
  } finally {
    await served.close();
  }
  registry.assertNoOpenBodies();
});

test("buildImage() and buildIndex() give the same bytes for the same seed", async () => {
  const build = async (seed: string) =>
    buildIndex([
      await buildImage({ layers: 2, seed }),
      await buildImage({
        platform: { os: "linux", architecture: "arm64" },
        seed,
      }),
    ], { attestations: true });
  const one = await build("a");
  const two = await build("a");
  assertEquals(one.document.descriptor, two.document.descriptor);
  assertEquals(one.documents.length, 5);
  const other = await build("b");
  assert(other.document.descriptor.digest !== one.document.descriptor.digest);
  for (const [digest, bytes] of one.blobs) assertEquals(sha256(bytes), digest);
});
