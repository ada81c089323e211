/** An archive that is streamed: its bytes, its order, and its ends. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import {
  archiveStream,
  type StreamOptions,
} from "../../lib/copy/archive_stream.ts";
import { openWindow } from "../../lib/copy/engine/window.ts";
import {
  ContentMismatchError,
  InvalidReferenceError,
  RegistryError,
  StorageError,
} from "../../lib/image/errors.ts";
import type { Fetch } from "../../lib/image/types.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import { deferred, test } from "../harness.ts";
import { inPullWorld, type PullWorld } from "./world.ts";

const image = await buildImage({
  layers: [{ size: 900_000 }, { size: 20 }, { size: 300_000 }, {
    size: 70_000,
  }],
});
const [first, second, third] = image.layers;

/** A test that has a folder `tmp` for temporary files, empty at its end. */
function testStream(name: string, body: (world: PullWorld) => Promise<void>) {
  test(name, () =>
    inPullWorld(async (world) => {
      const { TMPDIR } = process.env;
      const tmp = join(world.folder, "tmp");
      await mkdir(tmp);
      process.env.TMPDIR = tmp;
      try {
        world.registry.add("team/app", image, "1");
        await body(world);
        assertEquals(await readdir(tmp), [], "left behind");
      } finally {
        if (TMPDIR === undefined) delete process.env.TMPDIR;
        else process.env.TMPDIR = TMPDIR;
      }
    }));
}

function stream(
  { registry, folder }: PullWorld,
  options: StreamOptions = {},
): ReadableStream<Uint8Array> {
  return archiveStream("registry.test/team/app:1", {
    fetch: registry.fetch,
    platform: "linux/amd64",
    cacheDir: join(folder, "cache"),
    ...options,
  });
}

async function bytesOf(from: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(from as BodyInit).arrayBuffer());
}

for (const cached of [true, false]) {
  const how = cached ? "with a cache" : "without a cache";
  const options = (world: PullWorld): StreamOptions => ({
    cacheDir: cached && join(world.folder, "cache"),
  });

  for (const concurrency of [1, 16]) {
    testStream(
      `${how}, a stream has the file's bytes, over ${concurrency}`,
      async (world) => {
        const { path } = await world.pull("team/app:1", { cacheDir: false });
        const whole = await bytesOf(
          stream(world, { ...options(world), concurrency }),
        );
        assertEquals(whole, new Uint8Array(await readFile(path)));
        if (!cached) return;
        const again = await bytesOf(stream(world, options(world)));
        assertEquals(again, whole);
      },
    );
  }

  testStream(
    `${how}, wrong bytes end it without the archive's end`,
    async (world) => {
      world.registry.fault = ({ path, method }) =>
        method === "GET" && path.includes(third!.digest)
          ? { flipAt: 9 }
          : undefined;
      // It is not answered before the two before it are passed on.
      const before = first!.size + second!.size;
      const passed = deferred();
      const fetch: Fetch = async (url, init) => {
        if (url.includes(third!.digest)) await passed.promise;
        return await world.registry.fetch(url, init);
      };
      let count = 0;
      const error = await assertRejects(async () => {
        const reading = stream(world, { ...options(world), fetch });
        for await (const bytes of reading) {
          count += bytes.length;
          if (count > before) passed.resolve();
        }
      }, ContentMismatchError);
      assertEquals(error.descriptor.digest, third!.digest);
      assert(count > 900_000 && count < 910_000, `${count}`);
    },
  );

  testStream(`${how}, a reader that goes away ends the pull`, async (world) => {
    // The first layer never comes to its end.
    world.registry.fault = ({ path }) =>
      path.includes(first!.digest) ? { stallAfter: 100 } : undefined;
    const events: string[] = [];
    const reader = stream(world, {
      ...options(world),
      onEvent: (event) => {
        if (event.type === "blob-done") events.push(event.descriptor.digest);
      },
    }).getReader();
    await reader.read();
    while (events.length < 3) await new Promise((then) => setTimeout(then, 1));
    await reader.cancel(new Error("enough"));
    const cache = await LayoutStore.find(join(world.folder, "cache"));
    for (const { digest, size } of image.layers.slice(1)) {
      if (!cached) break;
      assert(await cache!.has({ mediaType: "", digest, size }));
    }
  });

  testStream(
    `${how}, an abort's reason is what the reader gets`,
    async (world) => {
      const controller = new AbortController();
      const reader = stream(world, {
        ...options(world),
        signal: controller.signal,
      }).getReader();
      await reader.read();
      const reason = new Error("stop it");
      controller.abort(reason);
      await assertRejects(
        async () => {
          while (!(await reader.read()).done);
        },
        Error,
        "stop it",
      );
      await reader.cancel().catch(() => {});
    },
  );
}

testStream("nothing is asked for before the first read", async (world) => {
  const unread = stream(world);
  await new Promise((then) => setTimeout(then, 5));
  assertEquals(world.asked(), []);
  await unread.cancel();
  assertEquals(world.asked(), []);
});

testStream(
  "it begins two round trips after it was asked for, whatever the layers do",
  async (world) => {
    const { registry } = world;
    registry.fault = ({ path }) =>
      image.layers.some(({ digest }) => path.includes(digest))
        ? { stallAfter: 0 }
        : undefined;
    const reader = stream(world).getReader();
    const { value } = await reader.read();
    assertEquals(
      new TextDecoder().decode(value!.subarray(0, 10)),
      "oci-layout",
    );
    const before = world.asked().filter((line) =>
      image.layers.every(({ digest }) => !line.includes(digest))
    );
    assertEquals(before.length, 2, before.join("\n"));
    await reader.cancel();
  },
);

testStream("what cannot be pulled is what the reader gets", async (world) => {
  world.registry.fault = () => ({ status: 404 });
  await assertRejects(() => bytesOf(stream(world)), RegistryError);
});

test("what is wrong with the call is told at the call", () => {
  assertThrows(() => archiveStream("nginx::"), InvalidReferenceError);
  assertThrows(
    () => archiveStream("nginx", { output: "x" } as StreamOptions),
    TypeError,
    'there is no option "output"',
  );
  assertThrows(
    () => archiveStream("nginx", { concurrency: 0 }),
    RangeError,
  );
});

/** Blobs of so many bytes. */
function blobs(...sizes: number[]) {
  return sizes.map((size, i) => ({
    mediaType: "",
    digest: `sha256:${`${i}`.repeat(64)}`,
    size,
  }));
}

test("a window takes blobs in their order, and one that is larger alone", () =>
  inFolder(async (folder) => {
    const all = blobs(60, 30, 30, 500, 1);
    const window = await openWindow(all, { folder, bytes: 100 });
    const entered: number[] = [];
    const { signal } = new AbortController();
    const waiting = all.map(async (blob, i) => {
      await window.room(blob, signal);
      entered.push(i);
    });
    const settle = () => new Promise((then) => setTimeout(then, 1));
    await settle();
    assertEquals(entered, [0, 1]);
    await window.release(all[0]!);
    await settle();
    assertEquals(entered, [0, 1, 2]);
    await window.release(all[1]!);
    await settle();
    assertEquals(entered, [0, 1, 2]);
    // Asked for again, after wrong bytes.
    await window.room(all[2]!, signal);
    await window.release(all[2]!);
    await settle();
    assertEquals(entered, [0, 1, 2, 3]);
    await window.release(all[3]!);
    await Promise.all(waiting);
    await window.close();
    assertEquals(await readdir(folder), []);
  }));

test("a window says at once that its largest blob has no room", () =>
  inFolder(async (folder) => {
    const error = await assertRejects(
      () => openWindow(blobs(2 ** 52), { folder }),
      StorageError,
    );
    assertEquals([error.code, error.path], ["ENOSPC", folder]);
    assertEquals(await readdir(folder), []);
    const gone = join(folder, "none");
    await assertRejects(() => openWindow([], { folder: gone }), StorageError);
  }));

test("a window clears away what killed runs have left, and nothing else", () =>
  inFolder(async (folder) => {
    const name = (letter: string) =>
      join(
        folder,
        `docker-pull-${
          [8, 4, 4, 4, 12].map((count) => letter.repeat(count)).join("-")
        }`,
      );
    await mkdir(name("a"));
    await writeFile(join(name("a"), "blob"), "x");
    // A process that has ended; and one whose folder was not made yet.
    await writeFile(`${name("b")}.lock`, "");
    const held = await openWindow([], { folder });
    await mkdir(join(folder, "docker-pull-mine"));
    const window = await openWindow([], { folder });
    assert((await stat(held.store.path)).isDirectory());
    assertEquals(
      await readdir(folder).then((names) => names.includes("docker-pull-mine")),
      true,
    );
    assertEquals(await stat(name("a")).catch(() => "gone"), "gone");
    await window.close();
    await held.close();
  }));

for (const cached of [true, false]) {
  const how = cached ? "with a cache" : "without a cache";
  const other = await buildImage({
    seed: "other",
    layers: [{ size: 500_000 }, { size: 70_000, seed: "own" }],
  });
  const cacheOf = ({ folder }: PullWorld) => cached && join(folder, "cache");

  testStream(`${how}, a set is streamed as it is written`, async (world) => {
    const { registry, fetch } = { ...world, fetch: world.registry.fetch };
    registry.add("team/other", other, "1");
    const names = ["registry.test/team/app:1", "registry.test/team/other:1"];
    const output = join(world.folder, "all.tar");
    const shared = { fetch, platform: "linux/amd64", cacheDir: false } as const;
    await pullImages(names, { ...shared, output });
    const cacheDir = cacheOf(world);
    const whole = await bytesOf(archiveStream(names, { ...shared, cacheDir }));
    assertEquals(whole, new Uint8Array(await readFile(output)));
  });

  testStream(`${how}, what a set lacks ends its stream`, async (world) => {
    const { fetch } = world.registry;
    const names = ["registry.test/team/app:1", "registry.test/team/none:1"];
    await assertRejects(
      () => bytesOf(archiveStream(names, { fetch, cacheDir: cacheOf(world) })),
      RegistryError,
    );
  });

  testStream(`${how}, wrong bytes end the stream of a set`, async (world) => {
    const { registry } = world;
    const { fetch } = registry;
    registry.add("team/other", other, "1");
    registry.fault = ({ path, method }) =>
      method === "GET" && path.includes(other.layers[0]!.digest)
        ? { flipAt: 9 }
        : undefined;
    const names = ["registry.test/team/app:1", "registry.test/team/other:1"];
    await assertRejects(
      () =>
        bytesOf(archiveStream(names, {
          fetch,
          platform: "linux/amd64",
          cacheDir: cacheOf(world),
        })),
      ContentMismatchError,
    );
  });
}

for (
  const [format, layers] of [
    ["oci-archive", "as-is"],
    ["docker-legacy", "plain"],
    ["tar", "gzip"],
  ] as const
) {
  testStream(
    `the form ${format}, ${layers}, is streamed as it is written`,
    async (world) => {
      const { path } = await world.pull("team/app:1", { format, layers });
      const whole = await bytesOf(stream(world, { format, layers }));
      assertEquals(whole, new Uint8Array(await readFile(path)));
      const bare = await bytesOf(
        stream(world, { format, layers, cacheDir: false }),
      );
      assertEquals(bare, whole);
    },
  );
}

testStream("a folder cannot be streamed", async (world) => {
  await assertRejects(
    () => bytesOf(stream(world, { format: "oci" })),
    RangeError,
  );
});

testStream(
  "several platforms are streamed as they are written",
  async (world) => {
    const arm = await buildImage({
      platform: { os: "linux", architecture: "arm64" },
      layers: 2,
    });
    world.registry.add("team/app", await buildIndex([image, arm]), "1");
    const platform = ["linux/amd64", "linux/arm64"];
    const { path } = await world.pull("team/app:1", { platform });
    const whole = await bytesOf(stream(world, { platform, cacheDir: false }));
    assertEquals(whole, new Uint8Array(await readFile(path)));
  },
);
