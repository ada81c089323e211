import { assertEquals, assertRejects } from "@std/assert";
import { digestBytes } from "../../lib/image/digest.ts";
import { NetworkError, RegistryError } from "../../lib/image/errors.ts";
import type { Warning } from "../../lib/image/events.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { Repository } from "../../lib/registry/repository.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { type Answer, fakeFetch, type Sent } from "../net/fake_fetch.ts";

const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: {},
  layers: [],
});
const DIGEST = await digestBytes(new TextEncoder().encode(MANIFEST), "sha256");
const LAYERS: Descriptor[] = ["1", "2"].map((digit) => ({
  mediaType: "application/octet-stream",
  digest: `sha256:${digit.repeat(64)}`,
  size: 5,
}));
const [LAYER] = LAYERS;

function open(answer: (sent: Sent) => Answer) {
  const web = fakeFetch(answer);
  const warnings: Warning[] = [];
  const repository = new Repository(parseReference("r.test/a"), {
    fetch: web.fetch,
    retries: 0,
    credentials: () =>
      Promise.resolve({
        credential: { kind: "basic", username: "me", password: "pw" },
        source: "x",
      }),
    onEvent: (event) => {
      if (event.type === "warning") warnings.push(event.warning);
    },
  });
  const get = async (descriptor = LAYER!) => {
    const { body } = await repository.fetchBlob(descriptor);
    return await new Response(body).text();
  };
  return { repository, get, warnings, ...web };
}

/** A registry of https that wants a login, with its storage at `location`. */
function behind(location: string): (sent: Sent) => Answer {
  return ({ url, headers }) => {
    if (url.host !== "r.test") return [200, {}, "hello"];
    return headers.has("authorization")
      ? [307, { location }]
      : [401, { "www-authenticate": "Basic" }];
  };
}

test("layers come from a storage of plain HTTP, without the login, with one warning", async () => {
  const { get, warnings, log } = open(behind("http://10.0.0.7:9000/b?sig=x"));
  assertEquals(await get(), "hello");
  // A second time from the storage itself, and another layer.
  assertEquals([await get(), await get(LAYERS[1])], ["hello", "hello"]);
  assertEquals(
    log().filter((line) => line.includes("10.0.0.7")),
    Array(3).fill("GET 10.0.0.7:9000/b?sig=x"),
  );
  assertEquals(
    warnings,
    [{ code: "plain-storage", registry: "r.test", host: "10.0.0.7:9000" }],
  );
});

test("a storage that goes on to plain HTTP is followed, too", async () => {
  const { get, warnings } = open((sent) =>
    sent.url.host === "s.test" && sent.url.protocol === "https:"
      ? [302, { location: "http://s.test/b" }]
      : behind("https://s.test/b")(sent)
  );
  assertEquals([await get(), await get()], ["hello", "hello"]);
  assertEquals(warnings.length, 1);
});

test("a manifest comes by plain HTTP only where its digest is known", async () => {
  const type = "application/vnd.oci.image.manifest.v1+json";
  const { repository, warnings } = open(({ url }) =>
    url.protocol === "http:"
      ? [
        200,
        { "content-type": type, "docker-content-digest": DIGEST },
        MANIFEST,
      ]
      : [307, { location: `http://r.test${url.pathname}` }]
  );
  for (const ask of ["fetchManifest", "resolve"] as const) {
    const error = await assertRejects(() => repository[ask]("1"), NetworkError);
    assertEquals(error.code, "redirect-to-http");
  }
  assertEquals(warnings, []);
  const { descriptor } = await repository.fetchManifest(DIGEST);
  assertEquals([descriptor.digest, warnings.length], [DIGEST, 1]);
});

for (const host of ["169.254.169.254", "[2002:a9fe:a9fe::]", "[fe80::1]"]) {
  test(`no storage of plain HTTP is at ${host}`, async () => {
    const { get, sent } = open(behind(`http://${host}/latest/meta-data`));
    await assertRejects(() => get(), NetworkError, "link-local");
    assertEquals(sent.every(({ url }) => url.host === "r.test"), true);
  });
}

test("a foreign layer may come by plain HTTP; if not, the error says what was tried", async () => {
  const urls = ["http://169.254.169.254/x", "ftp://f.test/x"];
  const answer = ({ url }: Sent): Answer => {
    if (url.host === "plain.test") return [200, {}, "hello"];
    if (url.host === "broken.test") return new TypeError("connection refused");
    return [url.host === "r.test" ? 404 : 403];
  };
  const good = open(answer);
  const layer = { ...LAYER!, urls: [...urls, "http://plain.test/x"] };
  assertEquals(await good.get(layer), "hello");
  const host = "plain.test";
  const registry = "r.test";
  assertEquals(good.warnings, [
    { code: "plain-storage", registry, host },
    { code: "foreign-layer", registry, digest: layer.digest, host },
  ]);

  const bad = open(answer);
  const lost = {
    ...LAYER!,
    urls: [...urls, "https://f.test/x?sig=SECRET", "https://broken.test/"],
  };
  const error = await assertRejects(() => bad.get(lost), RegistryError);
  assertEquals([error.status, error.url.includes("r.test")], [404, true]);
  assertEquals(
    error.tried.map(({ url, error }) => [
      url,
      error instanceof NetworkError ? error.kind : error.status,
    ]),
    [
      ["http://169.254.169.254/x", "other"],
      ["ftp://f.test/x", "other"],
      ["https://f.test/x?…", 403],
      ["https://broken.test/", "refused"],
    ],
  );
});
