/** What a target's own programs print of what it has. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Base } from "../../lib/image/delta.ts";
import { DeltaError, PlaceError } from "../../lib/image/errors.ts";
import { readBase, readBaseSource } from "../../lib/locks/base.ts";
import { readBaseText } from "../../lib/locks/base_text.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const layersOf = (...diffIds: string[]) =>
  diffIds.map((diffId) => ({ diffId }));

async function read(text: string | Uint8Array): Promise<Base> {
  const base = await readBaseText(text);
  assert("blobs" in base);
  return base;
}

test("docker image inspect tells images by what is in their layers", async () => {
  const image = {
    Id: digest("1"),
    RepoTags: ["nginx:1.26"],
    RepoDigests: [`nginx@${digest("2")}`],
    RootFS: { Type: "layers", Layers: [digest("a"), digest("b")] },
  };
  const found = {
    name: "docker.io/library/nginx:1.26",
    // The ID is that of a configuration, which proves nothing of the bytes.
    digests: [digest("2")],
    served: `docker.io/library/nginx@${digest("2")}`,
    layers: layersOf(digest("a"), digest("b")),
  };
  for (
    const text of [
      JSON.stringify([image]),
      JSON.stringify(image, null, 2),
      `\ufeff${JSON.stringify([image])}\r\n`,
    ]
  ) assertEquals(await read(text), { images: [found], blobs: [] });
  const wide = new Uint8Array([
    0xff,
    0xfe,
    ...[...JSON.stringify([image])].flatMap((c) => [c.charCodeAt(0), 0]),
  ]);
  assertEquals(await read(wide), { images: [found], blobs: [] });
  // With containerd's store, the ID is that of the manifest or index.
  const there = { ...image, Descriptor: { digest: digest("1") } };
  const { images } = await read(JSON.stringify([there]));
  assertEquals(images[0]!.digests, [digest("1"), digest("2")]);
  assertEquals(images[0]!.isContent, true);
  const podman = {
    Id: "1".repeat(64),
    Digest: digest("3"),
    RootFS: image.RootFS,
  };
  assertEquals((await read(JSON.stringify([podman]))).images[0]!.digests, [
    digest("3"),
  ]);
});

test("the layers alone are read, one image a line", async () => {
  const lines = [[digest("a")], [digest("a"), digest("b")]];
  const text = lines.map((line) => JSON.stringify(line)).join("\n");
  assertEquals(
    (await read(text)).images.map(({ layers }) => layers),
    [layersOf(digest("a")), layersOf(digest("a"), digest("b"))],
  );
});

test("ctr content ls is read, with and without -q", async () => {
  const base = { images: [], blobs: [digest("a"), digest("b")] };
  assertEquals(await read(`${digest("a")}\n${digest("b")}\n`), base);
  assertEquals(
    await read(
      `DIGEST\tSIZE\tAGE\tLABELS\n${digest("a")}\t12B\t2 days\ta=b\n` +
        `${digest("b")}  1.2kB  now -\r\n`,
    ),
    base,
  );
});

test("what tells of no layer is refused, and a lock is a lock", async () => {
  for (
    const text of [
      "",
      "\n \n",
      "[]",
      "DIGEST SIZE AGE LABELS\n",
      JSON.stringify([{ Id: digest("1"), RootFS: { Layers: null } }]),
      "[]\n[]",
    ]
  ) {
    const error = await assertRejects(() => readBaseText(text), DeltaError);
    assertEquals(error.code, "empty-base");
  }
  for (
    const text of [
      "not a list",
      '{"a": 1}',
      '[{"RootFS": {"Layers": ["sha256:1"]}}]',
      `${digest("a")}\nnginx\n`,
    ]
  ) await assertRejects(() => readBaseText(text), Error);
  const lock = await readBaseText(`nginx@${digest("a")}\n`);
  assert("images" in lock && !("blobs" in lock));
});

test("a source is what its name says, and a file of two meanings is refused", () =>
  inFolder(async (folder) => {
    assertEquals(await readBaseSource("ssh://me@host"), {
      url: "ssh://me@host",
    });
    assertEquals(await readBaseSource("docker-daemon:nginx"), {
      kind: "docker-daemon",
      name: "nginx",
    });
    const path = join(folder, "held.txt");
    await writeFile(path, `${digest("a")}\n`);
    assertEquals(await readBaseSource(path), {
      images: [],
      blobs: [digest("a")],
    });
    await assertRejects(() => readBase("registry.test/a/"), PlaceError);
    await assertRejects(
      () => readBase([], { cacheDir: 5 as unknown as string }),
      TypeError,
    );
  }));

test("a registry tells the digests of what was pulled from there", async () => {
  const registry = new FakeRegistry();
  const image = await buildImage({ layers: 2 });
  registry.add("base", image, "1");
  const own = image.manifest.descriptor.digest;
  const inspected = (name: string, diffIds = image.diffIds) => ({
    RepoDigests: [name],
    RootFS: { Layers: diffIds },
  });
  const options = { fetch: registry.fetch, retries: 0 };
  const digestsIn = async (value: unknown) => {
    const source = await read(JSON.stringify([value]));
    const { images } = await readBase(source, options);
    return images[0]!.layers.map(({ digest }) => digest);
  };
  const name = `registry.test/base@${own}`;
  const digests = image.layers.map(({ digest }) => digest);
  assertEquals(await digestsIn(inspected(name)), digests);
  // What is not there, or is another image, tells nothing.
  const none = [undefined, undefined];
  assertEquals(
    await digestsIn(inspected(`registry.test/base@${digest("a")}`)),
    none,
  );
  assertEquals(
    await digestsIn(inspected(name, [digest("a"), digest("b")])),
    none,
  );
});
