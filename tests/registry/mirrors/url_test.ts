import { assert, assertEquals, assertThrows } from "@std/assert";
import { DockerPullError } from "../../../lib/image/errors.ts";
import {
  mirrorsOf,
  parseMirrorUrl,
} from "../../../lib/registry/mirrors/url.ts";
import { test } from "../../harness.ts";

for (
  const [text, endpoint, prefix, name] of [
    ["https://mirror.gcr.io", "https://mirror.gcr.io/", "", "mirror.gcr.io"],
    ["https://m.test/", "https://m.test/", "", "m.test"],
    ["https://m.test/v2/", "https://m.test/", "", "m.test"],
    ["m.test:5000", "https://m.test:5000/", "", "m.test:5000"],
    ["m.test", "https://m.test/", "", "m.test"],
    ["localhost:5000", "http://localhost:5000/", "", "localhost:5000"],
    ["https://127.0.0.1:5", "https://127.0.0.1:5/", "", "127.0.0.1:5"],
    ["http://[::1]:5000", "http://[::1]:5000/", "", "[::1]:5000"],
    ["https://h.test/v2/proxy", "https://h.test/", "proxy", "h.test/proxy"],
    ["https://h.test/v2/a/b/", "https://h.test/", "a/b", "h.test/a/b"],
    ["https://a.test/api/x/v2", "https://a.test/api/x/", "", "a.test/api/x"],
    ["https://a.test/api/x", "https://a.test/api/x/", "", "a.test/api/x"],
    ["https://a.test/v2beta", "https://a.test/v2beta/", "", "a.test/v2beta"],
  ] as const
) {
  test(`parseMirrorUrl() reads ${text}`, () => {
    const { host } = new URL(endpoint);
    assertEquals(parseMirrorUrl(text), { name, endpoint, host, prefix });
  });
}

for (
  const text of [
    "",
    "ftp://m.test",
    "https://",
    "https://me:secret@m.test",
    "me:secret@m.test",
    "https://m.test/?token=secret",
    "https://m.test/#secret",
    "https://m.test/v2/a%20b",
    "https://m.test/v2/Up",
  ]
) {
  test(`parseMirrorUrl() refuses ${JSON.stringify(text)}`, () => {
    const { message } = assertThrows(
      () => parseMirrorUrl(text),
      DockerPullError,
      "Cannot use mirror",
    );
    assert(!message.includes("secret"), message);
  });
}

test("parseMirrorUrl() refuses what is far too long, before it takes it apart", () => {
  for (
    const text of [`m.test${"/".repeat(3_000)}`, `m.test/${"a/".repeat(1e6)}b`]
  ) {
    const { message } = assertThrows(
      () => parseMirrorUrl(text),
      DockerPullError,
      "too-long",
    );
    assert(message.length < 500, message.slice(0, 600));
  }
});

test("mirrorsOf() finds the mirrors of a registry by all its names, each once", () => {
  const mirrors = [
    { registry: "docker.io", urls: ["https://a.test", "https://a.test/v2/"] },
    { registry: "ghcr.io", urls: ["https://b.test"] },
    { registry: "registry-1.docker.io", urls: ["https://c.test"] },
  ];
  const names = (registry: string) =>
    mirrorsOf(registry, mirrors).map(({ name }) => name);
  assertEquals(names("docker.io"), ["a.test", "c.test"]);
  assertEquals(names("GHCR.io"), ["b.test"]);
  assertEquals(names("quay.io"), []);
});
