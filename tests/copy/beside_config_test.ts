/** Layers are asked for while the configuration is on its way. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  ContentMismatchError,
  InvalidDocumentError,
  PlatformNotFoundError,
  RegistryError,
} from "../../lib/image/errors.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import type { Fetch } from "../../lib/image/types.ts";
import {
  buildDocument,
  buildImage,
  buildIndex,
  type BuiltImage,
} from "../fixtures/mod.ts";
import { deferred, test } from "../harness.ts";
import { assertHolds, inPullWorld, type PullWorld } from "./world.ts";

const image = await buildImage({ layers: 4 });
const CONFIG = `/blobs/${image.config.descriptor.digest}`;
const LIMIT = 10_000;

/** A registry that keeps the configuration until something has happened. */
function keeping(
  { registry }: PullWorld,
  until: (signal: AbortSignal) => Promise<unknown>,
): Fetch {
  return async (url, init) => {
    if (url.endsWith(CONFIG)) {
      const limit = AbortSignal.timeout(LIMIT);
      await until(AbortSignal.any([limit, init!.signal!]));
    }
    return await registry.fetch(url, init);
  };
}

/** Waits for the signal's end. */
function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** The layers that have been asked for. */
function layersAsked({ registry }: PullWorld): string[] {
  return registry.log.filter((line) =>
    line.includes("/blobs/") && !line.endsWith(CONFIG)
  );
}

/** Waits until so many layers have been asked for. */
async function asked(
  world: PullWorld,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  while (layersAsked(world).length < count) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const ways: [string, PullOptions][] = [
  ["with a cache", {}],
  ["without a cache", { cacheDir: false }],
  ["into a layout", { format: "oci" }],
];

for (const [way, options] of ways) {
  test(`pull() asks for layers beside the configuration, ${way}`, () =>
    inPullWorld(async (world) => {
      const { registry, folder, pull, events } = world;
      registry.add("app", image, "1");
      let early: string[] = [];
      const output = join(folder, "out");
      const given = deferred();
      const fetch = keeping(world, async (signal) => {
        await asked(world, 2, signal);
        // The third connection is the one that the configuration comes by.
        await new Promise((resolve) => setTimeout(resolve, 20));
        early = layersAsked(world);
        given.resolve();
      });
      await pull("app:1", {
        platform: undefined,
        output,
        ...options,
        fetch: async (url, init) => {
          const response = await fetch(url, init);
          if (layersAsked(world).length > 0) await given.promise;
          return response;
        },
      });
      assertEquals(early.length, 2);
      assertEquals(layersAsked(world).length, 4);
      const types = events.map(({ type }) => type);
      const first = types.findIndex((type) => type.startsWith("blob-"));
      assert(types.indexOf("planned") < first);
      assertEquals(types.filter((type) => type === "blob-start").length, 4);
      if (options.format === "oci") return;
      await assertHolds(output, image);
      // What came late is what comes in the usual order.
      const usual = join(folder, "usual.tar");
      await pull("app:1", { ...options, platform: undefined, output: usual });
      const strict = join(folder, "strict.tar");
      await pull("app:1", { ...options, output: strict });
      for (const other of [usual, strict]) {
        assert((await readFile(other)).equals(await readFile(output)));
      }
    }));
}

test("pull() asks for layers beside the configuration that an index leads to", () =>
  inPullWorld(async (world) => {
    const { registry, folder, pull } = world;
    const arm = await buildImage({
      platform: { os: "linux", architecture: "arm" },
    });
    registry.add("app", buildIndex([arm, image]), "1");
    await pull("app:1", {
      fetch: keeping(world, (signal) => asked(world, 2, signal)),
    });
    await assertHolds(join(folder, "image.tar"), image);
  }));

/** Pulls, and tells how many layers are asked for before the configuration. */
async function before(
  world: PullWorld,
  options: PullOptions,
): Promise<number> {
  let early = -1;
  await world.pull("app:1", {
    ...options,
    fetch: keeping(world, async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      early = layersAsked(world).length;
    }),
  });
  return early;
}

test("pull() has no connection to spare for layers where there is but one", () =>
  inPullWorld(async (world) => {
    const { registry, folder } = world;
    registry.add("app", image, "1");
    const options = { platform: undefined, concurrency: 1 };
    assertEquals(await before(world, options), 0);
    await assertHolds(join(folder, "image.tar"), image);
  }));

test("pull() asks for no layer of an image that may be for another platform", () =>
  inPullWorld(async (world) => {
    const { registry, folder, pull } = world;
    registry.add("app", image, "1");
    assertEquals(await before(world, { platform: "linux/amd64" }), 0);
    await assertHolds(join(folder, "image.tar"), image);
    await rm(join(folder, "image.tar"));
    await rm(join(folder, "cache"), { recursive: true });
    const asked = layersAsked(world).length;
    await assertRejects(
      () => pull("app:1", { platform: "linux/s390x" }),
      PlatformNotFoundError,
    );
    assertEquals(layersAsked(world).length, asked);
    assertEquals(await readdir(folder), ["cache"]);
  }));

test("pull() asks for no layer of what may be no image", () =>
  inPullWorld(async (world) => {
    const { registry } = world;
    const { manifest } = image;
    const odd = buildDocument(manifest.descriptor.mediaType, {
      ...JSON.parse(new TextDecoder().decode(manifest.bytes)),
      config: {
        ...image.config.descriptor,
        mediaType: "application/vnd.example.config.v1+json",
      },
    });
    registry.add("app", {
      blobs: image.blobs,
      document: odd,
      documents: [odd],
    }, "1");
    assertEquals(await before(world, { platform: undefined }), 0);
  }));

test("pull() leaves nothing of what turns out to be no image", () =>
  inPullWorld(async (world) => {
    const { registry, folder, pull } = world;
    const config = buildDocument(image.config.descriptor.mediaType, {
      rootfs: { type: "layers", diff_ids: [] },
    });
    const { digest } = config.descriptor;
    const manifest = buildDocument(image.manifest.descriptor.mediaType, {
      ...JSON.parse(new TextDecoder().decode(image.manifest.bytes)),
      config: config.descriptor,
    });
    registry.add("app", {
      document: manifest,
      documents: [manifest],
      blobs: new Map([...image.blobs, [digest, config.bytes]]),
    }, "1");
    stalling(world, image);
    await assertRejects(
      () =>
        pull("app:1", {
          platform: undefined,
          cacheDir: false,
          fetch: async (url, init) => {
            if (url.endsWith(digest)) await asked(world, 2, init!.signal!);
            return await registry.fetch(url, init);
          },
        }),
      InvalidDocumentError,
    );
    assertEquals(await readdir(folder), []);
  }));

/** An image whose layers go on for as long as nobody ends them. */
function stalling({ registry }: PullWorld, image: BuiltImage): void {
  const layers = new Set(image.layers.map(({ digest }) => digest));
  registry.fault = ({ path }) =>
    layers.has(path.split("/").at(-1)!) ? { stallAfter: 10 } : undefined;
}

for (const cache of [true, false]) {
  const options: PullOptions = {
    platform: undefined,
    retries: 0,
    ...(!cache && { cacheDir: false }),
  };
  const way = cache ? "with a cache" : "without";

  test(`pull() ends the layers when the configuration is not to be had, ${way}`, () =>
    inPullWorld(async (world) => {
      const { registry, folder, pull, events } = world;
      registry.add("app", image, "1");
      stalling(world, image);
      registry.amend = ({ path }, answer) =>
        path.endsWith(CONFIG)
          ? { ...answer, bytes: answer.bytes.map((byte) => byte ^ 1) }
          : answer;
      const error = await assertRejects(
        () =>
          pull("app:1", {
            ...options,
            fetch: keeping(world, (signal) => asked(world, 2, signal)),
          }),
        ContentMismatchError,
      );
      assertEquals(error.descriptor.digest, image.config.descriptor.digest);
      assert(events.every(({ type }) => !type.startsWith("blob-")));
      assert(!(await readdir(folder)).includes("image.tar"));
      // Nothing that failed is in the way of the next one.
      registry.fault = registry.amend = undefined;
      await pull("app:1", options);
      await assertHolds(join(folder, "image.tar"), image);
    }));

  test(`pull() ends the request for the configuration when a layer is not to be had, ${way}`, () =>
    inPullWorld(async (world) => {
      const { registry, folder, pull } = world;
      registry.add("app", image, "1");
      registry.fault = ({ path }) =>
        path.endsWith(image.layers[0]!.digest) ? { status: 403 } : undefined;
      let reason: unknown;
      const error = await assertRejects(
        () =>
          pull("app:1", {
            ...options,
            fetch: keeping(world, async (signal) => {
              await ended(signal).catch((error) => reason = error);
              throw reason;
            }),
          }),
        RegistryError,
      );
      assertEquals(error.status, 403);
      assertEquals(reason, error);
      registry.fault = undefined;
      await pull("app:1", options);
      await assertHolds(join(folder, "image.tar"), image);
    }));

  test(`pull() ends all when its signal does, the configuration not being there, ${way}`, () =>
    inPullWorld(async (world) => {
      const { registry, pull } = world;
      registry.add("app", image, "1");
      stalling(world, image);
      const stop = new AbortController();
      const reason = new Error("enough");
      const error = await assertRejects(() =>
        pull("app:1", {
          ...options,
          signal: stop.signal,
          fetch: keeping(world, async (signal) => {
            await asked(world, 2, signal);
            stop.abort(reason);
            await ended(signal);
          }),
        })
      );
      assertEquals(error, reason);
    }));
}
