/** What a pull says of itself, and what it notes in the cache. */
import { assert, assertEquals } from "@std/assert";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld } from "./world.ts";

const twin = { size: 20_000, seed: "twin" };

for (const format of ["oci", "docker"] as const) {
  test(`pull() gives the size of a layout's blobs for an image of ${format}`, () =>
    inPullWorld(async ({ registry, folder, pull, events }) => {
      const image = await buildImage({ layers: [twin, {}, twin], format });
      registry.add("app", image, "1");
      const output = join(folder, "layout");
      for (const cacheDir of [join(folder, "cache"), false as const]) {
        await rm(output, { recursive: true, force: true });
        const options = { format: "oci", output, cacheDir } as const;
        const { size } = await pull("app:1", options);
        const told = events.flatMap((event) =>
          event.type === "planned" || event.type === "written"
            ? [event.size]
            : []
        );
        assertEquals(told, [size, size]);
        const blobs = join(output, "blobs", "sha256");
        const sizes = await Promise.all(
          (await readdir(blobs)).map((name) => stat(join(blobs, name))),
        );
        assertEquals(size, sizes.reduce((sum, { size }) => sum + size, 0));
        assertEquals((await pull("app:1", options)).size, size);
      }
    }));
}

test("pull() counts no cache hits without a cache", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", await buildImage({ layers: 3 }), "1");
    for (const format of ["tar", "oci"] as const) {
      const output = join(folder, format);
      for (const force of [false, false, true]) {
        const options = { format, output, force, cacheDir: false as const };
        const { cachedLayers, saved } = await pull("app:1", options);
        assertEquals([cachedLayers, saved], [0, 0]);
      }
    }
  }));

test("pull() names no image in a cache that lacks its layers", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", await buildImage({ layers: 3 }), "1");
    const cache = join(folder, "cache");
    const names = async () => {
      const text = await readFile(join(cache, "index.json"), "utf8")
        .catch(() => '{"manifests":[]}');
      return JSON.parse(text).manifests.length;
    };
    await pull("app:1", { cacheDir: false });
    assertEquals((await pull("app:1")).upToDate, true);
    assertEquals(await names(), 0);
    await pull("app:1", { force: true });
    assertEquals(await names(), 1);
    const output = join(folder, "layout");
    await rm(cache, { recursive: true });
    await pull("app:1", { cacheDir: false, format: "oci", output });
    assertEquals(
      (await pull("app:1", { format: "oci", output })).upToDate,
      true,
    );
    assertEquals(await names(), 0);
  }));

test("LayoutStore.get() reads nothing that is too large for a document", () =>
  inPullWorld(async ({ folder }) => {
    const store = await LayoutStore.open(folder);
    const { layers: [layer], blobs } = await buildImage({
      layers: [{ size: 4 * 1024 * 1024 + 1, compression: "none" }],
    });
    const bytes = blobs.get(layer!.digest)!;
    await store.put({ descriptor: layer!, bytes: new Uint8Array(bytes) });
    assert(await store.has(layer!));
    assert(await store.get(layer!) === undefined);
    assert(await store.has(layer!));
  }));
