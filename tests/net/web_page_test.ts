/** Web pages in place of what a registry sends. */

import { assertEquals, assertRejects } from "@std/assert";
import { checkLogin } from "../../cli/access/login_check.ts";
import { digestBytes } from "../../lib/image/digest.ts";
import { NetworkError } from "../../lib/image/errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { HttpClient } from "../../lib/net/http.ts";
import { Repository } from "../../lib/registry/repository.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { type Answer, fakeFetch, type Sent } from "./fake_fetch.ts";

const PAGE = "<!DOCTYPE html>\n<html><head><title lang=en>\n Sign in &amp; " +
  "enjoy\x1b[2J</title></head><body>hello</body></html>";
const HTML = { "content-type": "text/html; charset=utf-8" };
const LAYER: Descriptor = {
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  digest: `sha256:${"1".repeat(64)}`,
  size: 5_000,
};

function repository(answer: (sent: Sent) => Answer) {
  const web = fakeFetch(answer);
  const options = { fetch: web.fetch, retries: 0 };
  return {
    ...web,
    repository: new Repository(parseReference("r.test/a"), options),
  };
}

/** Asserts that what is asked for fails by the page. */
async function assertPage(
  asked: Promise<unknown>,
  host = "r.test",
): Promise<void> {
  const error = await assertRejects(() => asked, NetworkError);
  const title = "Sign in & enjoy";
  assertEquals(error.problem, { code: "web-page", title, host });
}

const labels: [string, Record<string, string>][] = [
  ["labelled as one", HTML],
  ["labelled as JSON", { "content-type": "application/json" }],
  ["without a label", {}],
];
for (const [what, headers] of labels) {
  test(`a page ${what} is no manifest, no configuration and no list of tags`, async () => {
    const { repository: r, assertNoBodyLeft } = repository(
      () => [200, headers, PAGE],
    );
    await assertPage(r.fetchManifest("1"));
    await assertPage(r.resolve("1"));
    await assertPage(r.fetchManifest(LAYER.digest));
    await assertPage(r.fetchSmallBlob(LAYER));
    assertNoBodyLeft();
  });

  test(`a page ${what} is no token`, async () => {
    const { repository: r } = repository(({ url }) =>
      url.host === "r.test"
        ? [401, { "www-authenticate": 'Bearer realm="https://auth.test/"' }]
        : [200, headers, PAGE]
    );
    await assertPage(r.fetchManifest("1"), "auth.test");
  });
}

test("the host of a page is the one that a redirect leads to", async () => {
  const { repository: r } = repository(({ url }) =>
    url.host === "r.test"
      ? [302, { location: "https://portal.test/login?back=SECRET" }]
      : [200, HTML, PAGE]
  );
  await assertPage(r.fetchManifest("1"), "portal.test");
  await assertPage(r.fetchBlob(LAYER), "portal.test");
});

for (
  const [what, headers] of [
    ["of unknown length", HTML],
    ["of another length", { ...HTML, "content-length": `${PAGE.length}` }],
  ] as const
) {
  test(`a page ${what} is no layer, nor a part of one`, async () => {
    const { repository: r, assertNoBodyLeft } = repository(
      () => [200, headers, PAGE],
    );
    await assertPage(r.fetchBlob(LAYER));
    await assertPage(r.fetchBlob(LAYER, { offset: 5, end: 10 }));
    assertNoBodyLeft();
  });
}

test("a layer that is labelled as a page comes whole all the same", async () => {
  const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => i * i);
  const layer = { ...LAYER, size: bytes.length };
  for (const length of [undefined, `${bytes.length}`]) {
    const { repository: r } = repository(() =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (let at = 0; at < bytes.length; at += 7_000) {
              controller.enqueue(bytes.slice(at, at + 7_000));
            }
            controller.close();
          },
        }),
        { headers: { ...HTML, ...length && { "content-length": length } } },
      )
    );
    const { body } = await r.fetchBlob(layer);
    assertEquals(new Uint8Array(await new Response(body).arrayBuffer()), bytes);
  }
});

test("a manifest that is labelled as a page is taken for what it is", async () => {
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {},
    layers: [],
  });
  const digest = await digestBytes(new TextEncoder().encode(text), "sha256");
  const { repository: r } = repository(() => [200, {}, text]);
  assertEquals((await r.fetchManifest(digest)).descriptor.digest, digest);
  const { repository: labelled } = repository(() => [200, HTML, text]);
  // What it is labelled with is refused by its own reader, not as a page.
  const error = await labelled.fetchManifest(digest).catch((error) => error);
  assertEquals(error.code === "web-page", false);
});

test("a page without a title is told of without one", async () => {
  const { repository: r } = repository(() => [200, HTML, "Please log in"]);
  const error = await assertRejects(() => r.fetchManifest("1"), NetworkError);
  const page = { code: "web-page", title: "", host: "r.test" } as const;
  assertEquals(error.problem, page);
});

test("no login is taken for good by a page", async () => {
  const { fetch } = fakeFetch(() => [200, HTML, PAGE]);
  const http = new HttpClient({ fetch, retries: 0 });
  await assertPage(checkLogin({
    registry: "r.test",
    credential: { kind: "basic", username: "me", password: "pw" },
    http,
    plainHttp: false,
  }));
});
