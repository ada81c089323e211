import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  copy,
  PlaceError,
  pull,
  pullImages,
  push,
  UploadError,
} from "../../mod.ts";
import { pushDestination, pushSource } from "../../lib/copy/push.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

const amd64 = await buildImage({ layers: [{ size: 3000 }, { size: 90_000 }] });
const arm64 = await buildImage({
  platform: { os: "linux", architecture: "arm64" },
});
const other = await buildImage({ seed: "other" });
const index = buildIndex([amd64, arm64]);

interface World {
  folder: string;
  source: FakeRegistry;
  target: FakeRegistry;
  /** Asks either, and nobody else. */
  options: { cacheDir: string; fetch: FakeRegistry["fetch"] };
}

async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const source = new FakeRegistry({ host: "source.test" });
    source.add("team/app", index, "1");
    source.add("other", other, "2");
    const target = new FakeRegistry({ host: "target.test", uploads: {} });
    await body({
      folder,
      source,
      target,
      options: {
        cacheDir: join(folder, "cache"),
        fetch: (url, init) =>
          (new URL(url).host === "target.test" ? target : source)
            .fetch(url, init),
      },
    });
    source.assertNoOpenBodies();
    target.assertNoOpenBodies();
  });
}

test("push() brings all of a file below a path, with the source gone", () =>
  inWorld(async ({ folder, source, target, options }) => {
    const output = join(folder, "all.tar");
    await pullImages(["source.test/team/app:1", "source.test/other:2"], {
      ...options,
      cacheDir: false,
      platform: "all",
      output,
    });
    const asked = source.requests.length;
    const { pushed, results } = await push(
      output,
      "target.test/mirror/",
      options,
    );
    assertEquals(source.requests.length, asked);
    assertEquals(results.map(({ named }) => named.digest), [
      index.document.descriptor.digest,
      other.document.descriptor.digest,
    ]);
    assertEquals(pushed.there + pushed.mounted, 0);
    for (
      const [name, content, tag] of [
        ["mirror/team/app", index, "1"],
        ["mirror/other", other, "2"],
      ] as const
    ) {
      const there = target.repository(name);
      assertEquals(there.tags.get(tag), content.document.descriptor.digest);
      for (const { descriptor, bytes } of content.documents) {
        assertEquals(there.documents.get(descriptor.digest)?.bytes, bytes);
      }
      for (const [digest, bytes] of content.blobs) {
        assertEquals(there.blobs.get(digest), bytes);
      }
    }
    const before = target.requests.length;
    const again = await push(output, "target.test/mirror/", options);
    assertEquals(again.pushed, {
      sent: 0,
      resumed: 0,
      uploaded: 0,
      mounted: 0,
      there: 0,
    });
    assert(again.results.every(({ upToDate }) => upToDate));
    assertEquals(target.log.slice(before), [
      "HEAD /v2/mirror/team/app/manifests/1",
      "HEAD /v2/mirror/other/manifests/2",
    ]);
  }));

test("push() gives the only image another name", () =>
  inWorld(async ({ folder, target, options }) => {
    const output = join(folder, "app.tar");
    await pull("source.test/other:2", { ...options, output });
    const { results } = await push(
      output,
      "docker://target.test/a/b:c",
      options,
    );
    assertEquals(results[0]!.path, "target.test/a/b:c");
    assertEquals(
      target.repository("a/b").tags.get("c"),
      other.document.descriptor.digest,
    );
  }));

test("copy() goes from registry to registry, and mounts within one", () =>
  inWorld(async ({ target, options }) => {
    const platform = "all";
    const all = { ...options, platform, index: "original" } as const;
    await copy("source.test/team/app:1", "target.test/app:1", all);
    assertEquals(
      target.repository("app").tags.get("1"),
      index.document.descriptor.digest,
    );
    const { pushed } = await copy(
      "target.test/app:1",
      "target.test/second:1",
      { ...all, cacheDir: false },
    );
    // The configurations, too.
    assertEquals([pushed?.uploaded, pushed?.mounted], [0, 5]);
  }));

test("an original index goes with all that it lists, or not at all", () =>
  inWorld(async ({ source, target, options }) => {
    const attested = buildIndex([amd64, arm64], { attestations: true });
    source.add("team/attested", attested, "1");
    const from = "source.test/team/attested:1";
    const whole = { ...options, index: "original" } as const;
    for (const platform of [undefined, "all"] as const) {
      const to = `target.test/whole-${platform ?? "own"}:1`;
      await copy(from, to, { ...whole, platform });
    }
    for (const name of ["whole-own", "whole-all"]) {
      const there = target.repository(name);
      const { digest } = attested.document.descriptor;
      assertEquals(there.tags.get("1"), digest);
      for (const each of attested.blobs.keys()) assert(there.blobs.has(each));
    }
    const error = await assertRejects(
      () =>
        copy(from, "target.test/part:1", { ...whole, platform: "linux/arm64" }),
      UploadError,
    );
    assertEquals(error.code, "index-incomplete");
  }));

test("each side has a login of its own", () =>
  inWorld(async ({ source, target, options }) => {
    source.auth = { kind: "basic", users: { reader: "r" } };
    target.auth = { kind: "basic", users: { writer: "w" } };
    const login = (username: string, password: string) => () =>
      Promise.resolve({
        credential: { kind: "basic", username, password } as const,
        source: "the test",
      });
    await copy("source.test/other:2", "target.test/other:2", {
      ...options,
      credentials: login("reader", "r"),
      pushAccess: { credentials: login("writer", "w") },
    });
    assertEquals(target.repository("other").tags.size, 1);
    const sent = (registry: FakeRegistry) =>
      new Set(
        registry.requests.map(({ headers }) => headers.get("authorization")),
      );
    assertEquals(sent(source), new Set([null, `Basic ${btoa("reader:r")}`]));
    assertEquals(sent(target), new Set([null, `Basic ${btoa("writer:w")}`]));
  }));

test("several images do not get one name", () =>
  inWorld(async ({ folder, target, options }) => {
    const output = join(folder, "all.tar");
    await pullImages(["source.test/team/app:1", "source.test/other:2"], {
      ...options,
      output,
      platform: "linux/amd64",
    });
    const error = await assertRejects(
      () => push(output, "target.test/a:1", options),
      PlaceError,
    );
    assertEquals(error.code, "several-images");
    assertEquals(target.requests, []);
  }));

test("a digest that another image has is not pushed to", () =>
  inWorld(async ({ folder, options }) => {
    const output = join(folder, "app.tar");
    await pull("source.test/other:2", { ...options, output });
    const wrong = `target.test/a@sha256:${"0".repeat(64)}`;
    const error = await assertRejects(
      () => push(output, wrong, options),
      PlaceError,
    );
    assertEquals(error.code, "other-digest");
    const { digest } = other.document.descriptor;
    await push(output, `target.test/a@${digest}`, options);
  }));

test("a file that changes while it is pushed is told of", () =>
  inWorld(async ({ folder, target, options }) => {
    const output = join(folder, "app.tar");
    await pull("source.test/team/app:1", { ...options, output });
    target.fault = ({ method }) => {
      if (method === "POST") writeFileSync(output, "something else");
    };
    const error = await assertRejects(() =>
      push(output, "target.test/a:1", options)
    ) as { code?: string };
    // Whichever of its parts is read next.
    assert(["replaced", "size"].includes(error.code!), error.code);
    assertEquals(target.repository("a").tags.size, 0);
  }));

test("what looks like an image is a file where it is pushed from", () => {
  for (const path of ["all", "team/all", "v1", "./a.tar", "C:\\a.tar"]) {
    assertEquals(pushSource(path), { kind: "file", path });
  }
  assertEquals(pushSource("oci:layout:a:1").kind, "oci");
  for (const text of ["docker://a", "docker-daemon:a", ""]) {
    assertThrows(() => pushSource(text), PlaceError);
  }
  for (const text of ["./a.tar", "oci:a", "a.tar", "docker-daemon:a"]) {
    assertThrows(() => pushDestination(text), PlaceError);
  }
  assertEquals(pushDestination("r.test/a/").kind, "registry-path");
});
