/** Pulls that break off, and those that go on from there; and many at once. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { NetworkError, StorageError } from "../../lib/image/errors.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { assertHolds, inPullWorld, type PullWorld } from "./world.ts";

const image = await buildImage({
  layers: [{ size: 3_000_000 }, { size: 400_000 }, { size: 300_000 }],
});
const LAYERS = image.layers.reduce((sum, { size }) => sum + size, 0);
const reason = new Error("enough");
const needsBoot = {
  skip: !existsSync("/proc/sys/kernel/random/boot_id") &&
    "the system does not say when it began",
};

/** Bytes of layers that the registry has sent. */
function sent({ registry }: PullWorld): number {
  return registry.requests
    .filter(({ path }) =>
      image.layers.some(({ digest }) => path.endsWith(digest))
    )
    .reduce((sum, request) => sum + request.sent, 0);
}

/** Ends a pull when so many bytes of layers have been sent. */
async function abortAfter(
  world: PullWorld,
  bytes: number,
  options: { cacheDir?: string | false } = {},
): Promise<void> {
  const controller = new AbortController();
  const { registry, events } = world;
  registry.bytesPerSecond = 40_000_000;
  const timer = setInterval(() => {
    if (sent(world) >= bytes) controller.abort(reason);
  }, 1);
  try {
    const error = await assertRejects(() =>
      world.pull("app:1", { ...options, signal: controller.signal })
    );
    assertEquals(error, reason);
  } finally {
    clearInterval(timer);
    registry.bytesPerSecond = Infinity;
  }
  assert(!events.some(({ type }) => type === "written"));
  assert(!existsSync(join(world.folder, "image.tar")));
}

for (const cached of [true, false]) {
  const how = cached ? "in the cache" : "in the archive";
  test(
    `pull() goes on from what an ended one has left ${how}`,
    needsBoot,
    () =>
      inPullWorld(async (world) => {
        world.registry.add("app", image, "1");
        const options = cached ? {} : { cacheDir: false as const };
        for (const bytes of [500_000, 1_500_000]) {
          await abortAfter(world, bytes, options);
        }
        const before = sent(world);
        const result = await world.pull("app:1", options);
        const path = join(world.folder, "image.tar");
        await assertHolds(path, image);
        const taken = result.resumed + result.saved;
        assertEquals(taken + result.downloaded, LAYERS);
        assert(taken > 0.7 * before, `${taken} of ${before}`);
        assertEquals((await readdir(world.folder)).sort(), [
          ...cached ? ["cache"] : [],
          "image.tar",
        ]);
        if (cached) {
          assertEquals(await readdir(join(world.folder, "cache/ingest")), []);
        }
      }),
  );
}

test("pull() leaves nothing beside the archive when the cache has it", () =>
  inPullWorld(async (world) => {
    world.registry.add("app", image, "1");
    await abortAfter(world, 500_000);
    assertEquals(await readdir(world.folder), ["cache"]);
  }));

test("pull() gets over connections that break off", () =>
  inPullWorld(async (world) => {
    const { registry, folder } = world;
    registry.add("app", image, "1");
    registry.fault = ({ path }, count) =>
      path.endsWith(image.layers[0]!.digest) && count < 4
        ? { closeAfter: 700_000, withoutLength: count % 2 === 0 }
        : {};
    const result = await world.pull("app:1");
    await assertHolds(join(folder, "image.tar"), image);
    assertEquals(result.downloaded, LAYERS);
    // What a body has under way when it breaks off, or is not needed any more,
    // comes again: it had been taken from the registry, and was not yet read.
    const bodies = registry.log.filter((line) => line.includes("/blobs/"));
    const again = registry.chunkSize * (bodies.length - image.blobs.size);
    assert(sent(world) <= LAYERS + again, `${sent(world)} of ${LAYERS}`);
  }));

test(
  "pull() gives up a registry that sends nothing, and keeps what came",
  needsBoot,
  () =>
    inPullWorld(async (world) => {
      const { registry, folder } = world;
      registry.add("app", image, "1");
      registry.fault = ({ path }, count) =>
        path.endsWith(image.layers[0]!.digest)
          ? { closeAfter: count === 1 ? 1_000_000 : 0 }
          : {};
      await assertRejects(
        () => world.pull("app:1", { retries: 0 }),
        NetworkError,
      );
      assert(!existsSync(join(folder, "image.tar")));
      registry.fault = undefined;
      const result = await world.pull("app:1");
      // A buffer that was not full yet is lost with its connection.
      assert(result.resumed + result.saved >= 250_000);
      await assertHolds(join(folder, "image.tar"), image);
    }),
);

test("pulls of the same image at once fetch each layer once", () =>
  inPullWorld(async (world) => {
    const { registry, folder } = world;
    registry.add("app", image, "1");
    registry.latency = 2;
    const outputs = [1, 2, 3, 4].map((i) => join(folder, `${i}.tar`));
    const results = await Promise.all(
      outputs.map((output) => world.pull("app:1", { output })),
    );
    for (const output of outputs) await assertHolds(output, image);
    assertEquals(sent(world), LAYERS);
    const sum = results.reduce((sum, { downloaded }) => sum + downloaded, 0);
    assertEquals(sum, LAYERS);
    assertEquals(await readdir(join(folder, "cache/ingest")), []);
  }));

test("pulls to the same file at once agree", () =>
  inPullWorld(async (world) => {
    world.registry.add("app", image, "1");
    await Promise.all([1, 2, 3].map(() => world.pull("app:1")));
    await assertHolds(join(world.folder, "image.tar"), image);
    assertEquals((await readdir(world.folder)).sort(), ["cache", "image.tar"]);
  }));

test("a pull goes on when the one that it waits for is ended", () =>
  inPullWorld(async (world) => {
    const { registry, folder } = world;
    registry.add("app", image, "1");
    registry.bytesPerSecond = 40_000_000;
    const controller = new AbortController();
    const first = world.pull("app:1", {
      signal: controller.signal,
      output: join(folder, "first.tar"),
      concurrency: 1,
    });
    const ended = assertRejects(() => first);
    while (sent(world) < 100_000) await new Promise((r) => setTimeout(r, 1));
    const second = world.pull("app:1");
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort(reason);
    assertEquals(await ended, reason);
    await second;
    await assertHolds(join(folder, "image.tar"), image);
    assert(sent(world) < LAYERS * 1.2);
  }));

test("pull() says what cannot be written, and leaves nothing", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", image, "1");
    await mkdir(join(folder, "taken"));
    const output = join(folder, "taken");
    const error = await assertRejects(
      () => pull("app:1", { output }),
      StorageError,
    );
    assertEquals(error.path, output);
    assertEquals((await readdir(folder)).sort(), ["taken"]);
    await assertRejects(
      () =>
        pull("app:1", {
          cacheDir: join(folder, "image.tar/cache"),
          output: "/dev/null/x",
        }),
      StorageError,
    );
    assertEquals((await stat(output)).isDirectory(), true);
  }));
