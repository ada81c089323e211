/** What every target has to keep to; a new one is a line in TARGETS. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { open, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copy } from "../../lib/copy/engine/copy.ts";
import {
  type DocumentOptions,
  imageConfig,
  imageManifest,
} from "../../lib/copy/sets/documents.ts";
import {
  graphOf,
  type ImageGraph,
  imageRoot,
} from "../../lib/copy/engine/graph.ts";
import type { ImageTarget } from "../../lib/copy/engine/target.ts";
import { archiveTarget } from "../../lib/copy/targets/archive.ts";
import { daemonTarget } from "../../lib/copy/targets/daemon.ts";
import { streamTarget } from "../../lib/copy/targets/stream.ts";
import { recompressed } from "../../lib/copy/transforms/recompressed.ts";
import { layoutTarget } from "../../lib/copy/targets/layout.ts";
import { Daemon } from "../../lib/daemon/daemon.ts";
import { ContentMismatchError } from "../../lib/image/errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { openRepository } from "../../lib/registry/mirrors/mirrors.ts";
import { Writers } from "../../lib/transfer/writers.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { startFakeDaemon } from "../daemon/fake_daemon.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

const NAME = "registry.test/team/app:1";
const image = await buildImage({ layers: [{ size: 3000 }, { size: 700_000 }] });

interface Place {
  path: string;
  /** A stream is one for each copy. */
  readonly target: ImageTarget;
  /**
   * What it knows afterwards of what it was given: every byte, only that it
   * has the image, or nothing.
   */
  knows: "bytes" | "image" | "nothing";
  close?(): Promise<void>;
}

/** A file that is there once a stream or a daemon has all of an archive. */
function received(folder: string): string {
  const path = join(folder, "received");
  mkdirSync(path);
  return join(path, "image.tar");
}

const TARGETS: Record<string, (folder: string) => Place | Promise<Place>> = {
  "an archive": (folder) => {
    const path = join(folder, "image.tar");
    return { path, target: archiveTarget(path), knows: "bytes" };
  },
  "an archive of plain layers": (folder) => {
    const path = join(folder, "image.tar");
    const target = recompressed(archiveTarget(path), "plain", folder);
    return { path, target, knows: "bytes" };
  },
  "a layout": (folder) => {
    const path = join(folder, "layout");
    return { path, target: layoutTarget(path), knows: "bytes" };
  },
  "a stream": (folder) => {
    const path = received(folder);
    return {
      path,
      get target() {
        const parts: Uint8Array[] = [];
        return streamTarget(
          new WritableStream({
            write: (bytes) => void parts.push(bytes.slice()),
            close: () => writeFileSync(path, Buffer.concat(parts)),
          }),
        );
      },
      knows: "nothing",
    };
  },
  "a daemon": async (folder) => {
    const path = received(folder);
    const fake = await startFakeDaemon(folder, { images: {} });
    fake.onLoad = (archive) => {
      writeFileSync(path, archive);
      const { config, diffIds } = image;
      fake.images![NAME] = { id: config.descriptor.digest, diffIds };
    };
    const state = { whole: true, sent: 0, spared: 0 };
    const daemon = new Daemon({ url: fake.url });
    return {
      path,
      target: daemonTarget(daemon, state),
      knows: "image",
      close() {
        daemon.close();
        return fake.close();
      },
    };
  },
};

/** What a test works with. */
interface World extends Omit<Place, "target"> {
  target(): ImageTarget;
  registry: FakeRegistry;
  graph(): Promise<ImageGraph>;
  holds(graph: ImageGraph): Promise<boolean>;
  copy(graph: ImageGraph, options?: { force?: boolean }): Promise<boolean>;
  folder: string;
}

for (const withCache of [true, false]) {
  for (const [name, place] of Object.entries(TARGETS)) {
    const title = `${name} ${withCache ? "with" : "without"} a cache`;
    const testTarget = (what: string, body: (world: World) => Promise<void>) =>
      test(`${title}: ${what}`, () =>
        inFolder(async (folder) => {
          const registry = new FakeRegistry();
          registry.add("team/app", image, "1");
          const there = await place(folder);
          try {
            await body(await makeWorld(folder, registry, there, withCache));
          } finally {
            await there.close?.();
          }
          registry.assertNoOpenBodies();
        }));

    testTarget("holds what was copied, and no more is sent", async (world) => {
      const { target, copy, path, registry } = world;
      const holds = world.knows !== "nothing";
      const graph = await world.graph();
      assertEquals(await world.holds(graph), false);
      assertEquals(await copy(graph), false);
      assertEquals(await world.holds(graph), holds);
      const blobs = () =>
        registry.log.filter((line) => line.includes("/blobs/")).length;
      const before = blobs();
      assertEquals(await copy(graph), holds);
      // Where nothing is held, what the cache has is given again.
      const again = holds || withCache ? 0 : graph.blobs.size;
      assertEquals(blobs(), before + again);
      const { problems, images } = await verifyImage(path);
      assertEquals([problems, images.length], [[], 1]);
      assert(await target().sizeOf(graph) > 703_000);
    });

    testTarget("nothing is visible before all is verified", async (world) => {
      const { registry, path } = world;
      registry.fault = ({ path, method }) =>
        method === "GET" && path.includes(image.layers[1]!.digest)
          ? { flipAt: 9 }
          : undefined;
      const graph = await world.graph();
      await assertRejects(() => world.copy(graph), ContentMismatchError);
      assertEquals(await world.holds(graph), false);
      const names = existsSync(path)
        ? readdirSync(path).includes("index.json") &&
          [...await (await LayoutStore.find(path))!.names()]
        : [];
      assertEquals(names || [], []);
      registry.fault = undefined;
      await world.copy(await world.graph());
      assertEquals((await verifyImage(path)).problems, []);
    });

    testTarget("what is damaged is not held, and mended", async (world) => {
      const graph = await world.graph();
      await world.copy(graph);
      const { digest } = image.config.descriptor;
      const blob = join(world.path, "blobs/sha256", digest.slice(7));
      const known = world.knows === "bytes";
      // What only its receiver could know is lost.
      if (!known) await rm(world.path);
      else if (existsSync(blob)) await writeFile(blob, "gone");
      else {
        const file = await open(world.path, "r+");
        await file.write("x", (await file.stat()).size / 2);
        await file.close();
      }
      if (known) assertEquals(await world.holds(graph), false);
      await world.copy(graph, { force: true });
      assertEquals((await verifyImage(world.path)).problems, []);
    });

    testTarget("nothing is left beside it", async (world) => {
      await world.copy(await world.graph());
      const beside = readdirSync(dirname(world.path))
        .filter((name) => name !== "cache" && !world.path.endsWith(name));
      assertEquals(beside, []);
    });
  }
}

async function makeWorld(
  folder: string,
  registry: FakeRegistry,
  place: Place,
  withCache: boolean,
): Promise<World> {
  const reference = parseReference(NAME);
  const source = openRepository(reference, { fetch: registry.fetch });
  const cache = withCache
    ? await LayoutStore.open(join(folder, "cache"))
    : undefined;
  const options: DocumentOptions = {
    source,
    cache,
    wantedPlatform: image.platform,
    platformWasNamed: false,
    pulledBefore: false,
    onEvent: () => {},
  };
  return {
    path: place.path,
    target: () => place.target,
    knows: place.knows,
    registry,
    folder,
    holds: (graph) =>
      place.target.holds(graph, { cache, trustCache: false, force: false }),
    async graph() {
      const found = await imageManifest(reference, options);
      const documents = imageConfig(found, options);
      await documents;
      return graphOf([imageRoot({ reference, found, documents }, source)]);
    },
    async copy(graph, { force = false } = {}) {
      const writers = new Writers({ connections: 3, threads: false });
      try {
        const { upToDate } = await copy(graph, place.target, writers, {
          cache,
          force,
          trustCache: false,
          onEvent: () => {},
          sleep: () => Promise.resolve(),
        });
        return upToDate;
      } finally {
        writers.close();
      }
    },
  };
}
