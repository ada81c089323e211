import { assertEquals, assertRejects } from "@std/assert";
import { digestBytes } from "../../lib/image/digest.ts";
import {
  ContentMismatchError,
  InvalidDocumentError,
  UnsupportedMediaTypeError,
} from "../../lib/image/errors.ts";
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../lib/image/media_types.ts";
import { test } from "../harness.ts";
import { type Answer, type Sent } from "../net/fake_fetch.ts";
import { DESCRIPTOR, DIGEST, MANIFEST, open, served, ZERO } from "./served.ts";

test("fetchManifest() gives the bytes as they are, by tag, digest and descriptor", async () => {
  for (const target of ["1", DIGEST, DESCRIPTOR]) {
    const { repository, log } = open(() => served());
    const { descriptor, bytes } = await repository.fetchManifest(target);
    assertEquals(descriptor, DESCRIPTOR);
    assertEquals(new TextDecoder().decode(bytes), MANIFEST);
    const name = typeof target === "string" ? target : target.digest;
    assertEquals(log(), [`GET r.test/v2/a/b/manifests/${name}`]);
  }
});

test("fetchManifest() finds out the type where the registry gives a generic one", async () => {
  for (const type of ["text/plain", "application/json;charset=utf-8", ""]) {
    const { repository } = open(() => served({ "content-type": type }));
    const { descriptor } = await repository.fetchManifest("1");
    assertEquals(descriptor.mediaType, OCI_MANIFEST);
  }
});

for (
  const [what, target, answer, kind] of [
    ["other bytes", ZERO, served(), ContentMismatchError],
    [
      "other bytes than an index announces",
      { ...DESCRIPTOR, digest: ZERO },
      served(),
      ContentMismatchError,
    ],
    [
      "another size",
      { ...DESCRIPTOR, size: 7 },
      served(),
      ContentMismatchError,
    ],
    [
      "a manifest in place of an index",
      { ...DESCRIPTOR, mediaType: OCI_INDEX },
      served(),
      InvalidDocumentError,
    ],
    [
      "200 MB",
      "1",
      served({ "content-length": "200000000" }),
      InvalidDocumentError,
    ],
    [
      "5 MB without a length",
      "1",
      served({}, "x".repeat(5e6)),
      InvalidDocumentError,
    ],
    ["no JSON", "1", served({}, "<json/>"), InvalidDocumentError],
    [
      "half of it",
      "1",
      served({}, MANIFEST.slice(0, 40)),
      InvalidDocumentError,
    ],
    [
      "two things in one",
      "1",
      served({}, '{"schemaVersion":2,"manifests":[],"layers":[]}'),
      InvalidDocumentError,
    ],
  ] as const
) {
  test(`fetchManifest() refuses ${what}, with one more try at most`, async () => {
    const { repository, sent, slept, assertNoBodyLeft } = open(() =>
      answer as Answer
    );
    await assertRejects(
      () => repository.fetchManifest(target),
      kind as typeof ContentMismatchError,
    );
    // It may have been damaged on its way; what is too large, or makes no
    // sense as it is, would be the same again.
    const damage = kind === ContentMismatchError ||
      what === "no JSON" || what === "half of it";
    assertEquals(sent.length, damage ? 2 : 1);
    assertEquals(slept, []);
    assertNoBodyLeft();
  });
}

test("fetchManifest() tries again where the answer breaks off", async () => {
  const { repository, slept } = open((_, count) =>
    count === 1
      ? served({ "content-length": "10000" })
      : count === 2
      ? new TypeError("connection reset")
      : served()
  );
  await repository.fetchManifest("1");
  assertEquals(slept, [2_000, 4_000]);
});

/** As distribution chose until 2.6: by whole header lines, or schema 1. */
function old(document: string, mediaType: string) {
  return ({ headers, method }: Sent): Answer => {
    if (headers.get("accept") === mediaType) {
      return [200, { "content-type": mediaType }, document];
    }
    const type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    return [200, {
      "content-type": type,
      "docker-content-digest": ZERO,
      ...(method === "HEAD" && { "content-length": "33" }),
    }, '{"schemaVersion":1,"fsLayers":[]}'];
  };
}

for (
  const [mediaType, document, most] of [
    [DOCKER_MANIFEST, MANIFEST, 4],
    [DOCKER_MANIFEST_LIST, '{"schemaVersion":2,"manifests":[]}', 2],
  ] as const
) {
  test(`fetchManifest() asks for one type at a time where schema 1 comes in place of ${mediaType}`, async () => {
    const digest = await digestBytes(new TextEncoder().encode(document));
    for (const target of ["1", digest]) {
      const { repository, sent, assertNoBodyLeft } = open(
        old(document, mediaType),
      );
      const found = await repository.fetchManifest(target);
      assertEquals(found.descriptor.digest, digest);
      assertEquals(sent.length, most);
      assertNoBodyLeft();
    }
    const { repository } = open(old(document, mediaType));
    assertEquals((await repository.resolve("1")).digest, digest);
  });
}

test("fetchManifest() asks an old registry for an entry of an index by its type", async () => {
  const { repository, sent } = open((request) =>
    request.url.pathname.endsWith("/1")
      ? old('{"schemaVersion":2,"manifests":[]}', DOCKER_MANIFEST_LIST)(request)
      : old(MANIFEST, DOCKER_MANIFEST)(request)
  );
  await repository.fetchManifest("1");
  const before = sent.length;
  const entry = { ...DESCRIPTOR, mediaType: DOCKER_MANIFEST };
  await repository.fetchManifest(entry);
  assertEquals(sent.length, before + 1);
});

test("fetchManifest() says so where there is nothing but schema 1", async () => {
  const { repository, sent } = open(old("", ""));
  const error = await assertRejects(
    () => repository.fetchManifest("1"),
    UnsupportedMediaTypeError,
  );
  assertEquals([error.code, sent.length], ["schema-1", 5]);
});

test("fetchManifest() goes by the body where a registry calls it schema 1", async () => {
  const type = "application/vnd.docker.distribution.manifest.v1+json";
  const { repository, sent } = open(() => served({ "content-type": type }));
  const { descriptor } = await repository.fetchManifest("1");
  assertEquals([descriptor.mediaType, sent.length], [OCI_MANIFEST, 1]);
});
