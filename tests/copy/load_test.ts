/** load(): what is sent, what is left out, and what is made of failures. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { load, loadImages, type LoadOptions } from "../../lib/copy/load.ts";
import { DaemonError } from "../../lib/image/errors.ts";
import {
  assertLeft,
  type FakeDaemon,
  startFakeDaemon,
} from "../daemon/fake_daemon.ts";
import { buildImage, type BuiltImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { membersOf } from "./members.ts";
import { inPullWorld, type PullWorld } from "./world.ts";

const NAME = "registry.test/team/app:1";
const layers = [{ size: 3000, seed: "a" }, { size: 70_000, seed: "b" }];
const base = await buildImage({ layers });
const image = await buildImage({
  layers: [...layers, { size: 500, seed: "c" }],
});

interface LoadWorld extends PullWorld {
  fake: FakeDaemon;
  /** The members of the last archive that was loaded. */
  sent(): string[];
  load(options?: LoadOptions): ReturnType<typeof load>;
}

/** What the daemon knows of an image once it has loaded it. */
function loaded(
  { config, diffIds }: BuiltImage,
  id = config.descriptor.digest,
): NonNullable<FakeDaemon["images"]>[string] {
  return { id, diffIds };
}

function testLoad(name: string, body: (world: LoadWorld) => Promise<void>) {
  test(name, () =>
    inPullWorld(async (world) => {
      const fake = await startFakeDaemon(world.folder);
      world.registry.add("team/app", image, "1");
      let archive: Uint8Array = new Uint8Array();
      fake.images = {};
      fake.onLoad = (bytes) => {
        archive = bytes;
        fake.images![NAME] = loaded(image);
      };
      try {
        await body({
          ...world,
          fake,
          sent: () => [...membersOf(archive).keys()],
          load: (options) =>
            load(NAME, {
              fetch: world.registry.fetch,
              daemon: fake.url,
              platform: "linux/amd64",
              cacheDir: join(world.folder, "cache"),
              ...options,
            }),
        });
        await assertLeft(fake);
      } finally {
        await fake.close();
      }
    }));
}

const blob = (digest: string) => digest.replace("sha256:", "blobs/sha256/");
const blobsOf = (built: BuiltImage) =>
  built.layers.map(({ digest }) => blob(digest));

testLoad(
  "an image is loaded whole, and left alone the next time",
  async ({ fake, load, sent, asked }) => {
    const result = await load();
    assertEquals(
      [result.upToDate, result.spared, result.path, result.daemon.name],
      [false, 0, fake.url, "Docker"],
    );
    for (const name of [...blobsOf(image), "index.json", "manifest.json"]) {
      assert(sent().includes(name), name);
    }
    assertEquals(result.imageId, image.config.descriptor.digest);
    const loads = fake.log.filter((line) => line.startsWith("POST")).length;
    asked();
    const again = await load();
    assertEquals([again.upToDate, again.sent], [true, 0]);
    assertEquals(
      fake.log.filter((line) => line.startsWith("POST")).length,
      loads,
    );
    assertEquals(asked().filter((line) => line.includes("/blobs/")), []);
    await load({ force: true });
    assertEquals(sent().includes(blobsOf(image)[0]!), true);
  },
);

testLoad(
  "layers that a graph driver has are neither fetched nor sent",
  async ({ fake, load, sent, asked }) => {
    fake.images!["base:1"] = loaded(base);
    const events: string[] = [];
    const result = await load({
      cacheDir: false,
      onEvent: (event) => {
        if (event.type === "blob-done") events.push(event.source);
      },
    });
    const [first, second, third] = blobsOf(image);
    assertEquals(
      [first, second, third].map((name) => sent().includes(name!)),
      [false, false, true],
    );
    assertEquals(events.toSorted(), ["registry", "target", "target"]);
    assertEquals(
      result.spared,
      base.layers.reduce((sum, { size }) => sum + size, 0),
    );
    const fetched = asked().filter((line) =>
      base.layers.some(({ digest }) => line.includes(digest))
    );
    assertEquals(fetched, []);
  },
);

testLoad(
  "an image of which nothing could be unpacked is not there",
  async ({ fake, load }) => {
    await load();
    const there = fake.images![NAME]!;
    there.packed = false;
    assertEquals((await load()).upToDate, true);
    there.packed = true;
    fake.onLoad = () => {};
    fake.progress = [{ stream: "Error unpacking image x: invalid tar" }];
    const error = await assertRejects(() => load(), DaemonError);
    assertEquals(error.code, "unpacking");
  },
);

testLoad("a layer on another parent is sent", async ({ fake, load, sent }) => {
  const { id, diffIds } = loaded(base);
  fake.images!["odd:1"] = { id, diffIds: [...diffIds].reverse() };
  await load();
  for (const name of blobsOf(image)) assert(sent().includes(name), name);
});

testLoad(
  "a layer that is there and above others again is sent",
  async ({ fake, load, sent, registry }) => {
    const twice = await buildImage({ layers: [...layers, layers[0]!] });
    registry.add("team/app", twice, "1");
    fake.images!["base:1"] = loaded(base);
    const keep = fake.onLoad!;
    fake.onLoad = (bytes) => {
      keep(bytes);
      fake.images![NAME] = loaded(twice);
    };
    await load();
    const [first, second] = blobsOf(base);
    assertEquals(
      [sent().includes(first!), sent().includes(second!)],
      [true, false],
    );
  },
);

const STORES: [string, Partial<FakeDaemon>][] = [
  ["containerd's store", {
    info: { DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]] },
  }],
  ["Podman", {
    version: {
      Version: "4.3.1",
      ApiVersion: "1.41",
      Components: [{ Name: "Podman Engine" }],
    },
  }],
];
for (const [store, behaviour] of STORES) {
  testLoad(
    `${store} has what the cache knows of its manifests`,
    async ({ fake, load, sent, registry, folder, pull }) => {
      Object.assign(fake, behaviour);
      const { digest } = base.manifest.descriptor;
      // By its layers alone, it is not known to have these very bytes.
      fake.images!["base:1"] = loaded(base);
      await load();
      assert(sent().includes(blobsOf(image)[0]!));
      delete fake.images![NAME];
      fake.images!["base:1"] = { ...loaded(base), manifests: [digest] };
      await load();
      assert(sent().includes(blobsOf(image)[0]!));
      delete fake.images![NAME];
      registry.add("team/base", base, "1");
      await pull("team/base:1", { cacheDir: join(folder, "cache") });
      await load();
      const [first, , third] = blobsOf(image);
      assertEquals(
        [sent().includes(first!), sent().includes(third!)],
        [false, true],
      );
    },
  );
}

testLoad(
  "what is missed there after all is sent",
  async ({ fake, load, sent }) => {
    fake.images!["base:1"] = loaded(base);
    const keep = fake.onLoad!;
    fake.progress = [{ error: "layer not found" }];
    fake.onLoad = (bytes) => {
      fake.onLoad = keep;
      void bytes;
      queueMicrotask(() => fake.progress = undefined);
    };
    const result = await load();
    for (const name of blobsOf(image)) assert(sent().includes(name), name);
    assertEquals(result.spared, 0);
  },
);

testLoad(
  "an image that is not there after it was loaded is an error",
  async ({ fake, load }) => {
    fake.onLoad = () => {};
    const error = await assertRejects(() => load(), DaemonError);
    assertEquals(error.problem, { code: "not-loaded", name: NAME });
    // Another one of that name is not it.
    fake.onLoad = () => fake.images![NAME] = loaded(base);
    await assertRejects(() => load(), DaemonError);
  },
);

testLoad(
  "a daemon for another system is told apart before a layer is fetched",
  async ({ fake, load, asked }) => {
    fake.info = { OSType: "windows" };
    const error = await assertRejects(() => load(), DaemonError);
    assertEquals(error.problem, {
      code: "other-system",
      system: "windows",
      image: "linux",
    });
    const fetched = asked().filter((line) =>
      image.layers.some(({ digest }) => line.includes(digest))
    );
    assertEquals(fetched, []);
  },
);

testLoad(
  "a daemon that is not there is told before anything is fetched",
  async ({ fake, load, asked }) => {
    await fake.close();
    const error = await assertRejects(() => load(), DaemonError);
    assertEquals(error.code, "unreachable");
    assertEquals(asked(), []);
  },
);

testLoad(
  "wrong bytes break the load off, and nothing is there",
  async ({ fake, load, registry }) => {
    registry.fault = ({ path, method }) =>
      method === "GET" && path.includes(image.layers[1]!.digest)
        ? { flipAt: 9 }
        : undefined;
    await assertRejects(() => load());
    assertEquals(fake.log.filter((line) => line.startsWith("POST")), []);
    registry.fault = undefined;
    await load();
  },
);

testLoad(
  "of a set, what fails does not keep the others from being loaded",
  async ({ fake, registry, folder }) => {
    registry.add("team/base", base, "1");
    const name = "registry.test/team/base:1";
    const keep = fake.onLoad!;
    fake.onLoad = (bytes) => {
      if (fake.images![NAME]) fake.images![name] = loaded(base);
      else keep(bytes);
    };
    const options: LoadOptions = {
      fetch: registry.fetch,
      daemon: fake.url,
      platform: "linux/amd64",
      cacheDir: join(folder, "cache"),
    };
    const missing = "registry.test/team/none:1";
    const names = [NAME, missing, name];
    const { results, failures } = await loadImages(names, options);
    assertEquals(results.map(({ sent }) => sent > 0), [true, true]);
    // What the first had is there.
    assertEquals(
      results[1]!.spared,
      base.layers.reduce((sum, { size }) => sum + size, 0),
    );
    assertEquals(failures.map(({ error }) => (error as Error).name), [
      "RegistryError",
    ]);
    await assertRejects(() => loadImages([NAME, "::"], options));
    await fake.close();
    const gone = await assertRejects(
      () => loadImages(names, options),
      DaemonError,
    );
    assertEquals(gone.code, "unreachable");
  },
);
