/** One layout that several fill, or that others have written before. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  rmdir,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { StorageError } from "../../lib/image/errors.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { StoreEntry } from "../../lib/layout/entry.ts";
import { content, layer } from "../archive/content.ts";
import { inFolder } from "../disk/folder.ts";
import { buildDocument, buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld } from "./world.ts";
import { blob } from "../transfer/blobs.ts";

const image = await buildImage({ layers: 3 });

test("LayoutStore works on when another has tidied up", () =>
  inFolder(async (folder) => {
    const { descriptor, bytes } = blob(3_000);
    const cache = await LayoutStore.open(join(folder, "cache"));
    await cache.put({ descriptor, bytes });
    const path = join(folder, "layout");
    const layout = await LayoutStore.open(path);
    const { config, manifest } = content([layer(1)]);
    const steps: (() => Promise<unknown>)[] = [
      () => layout.put(manifest),
      () => layout.obtain(config.descriptor, () => Promise.resolve(config)),
      () => layout.adopt(cache, descriptor),
      () => layout.tag("h/a:1", manifest.descriptor),
      () => LayoutStore.open(path),
      async () => {
        const place = await layout.ingest({
          ...descriptor,
          digest: layer(9).digest,
        });
        assert(!(place instanceof StoreEntry));
        await place.discard();
      },
    ];
    for (const step of steps) {
      await layout.tidy();
      assertEquals(existsSync(join(path, "ingest")), false);
      await step();
    }
    assertEquals(await layout.hasAll([descriptor, config.descriptor]), true);
  }));

test("LayoutStore says what is missing when it is something else", () =>
  inFolder(async (folder) => {
    const cache = await LayoutStore.open(join(folder, "cache"));
    const layout = await LayoutStore.open(join(folder, "layout"));
    const error = await assertRejects(
      () => layout.adopt(cache, blob(10).descriptor),
      StorageError,
    );
    assertEquals(error.code, "ENOENT");
    await rm(layout.path, { recursive: true });
    await assertRejects(
      () => layout.tag("h/a:1", blob(10).descriptor),
      StorageError,
    );
  }));

test("LayoutStore is tidied by one while another makes its files", () =>
  inFolder(async (folder) => {
    const path = join(folder, "layout");
    const layout = await LayoutStore.open(path);
    const { manifest } = content([layer(1)]);
    let going = true;
    const other = (async () => {
      while (going) await rmdir(join(path, "ingest")).catch(() => {});
    })();
    try {
      for (let i = 0; i < 60; i++) {
        await layout.tag(`h/a:${i}`, manifest.descriptor);
        await layout.put(manifest);
        await layout.remove(manifest.descriptor.digest);
        await LayoutStore.open(path);
      }
    } finally {
      going = false;
      await other;
    }
    assertEquals(await layout.knows("h/a:59"), true);
  }));

test("pull() fills one layout with many images at once", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    const output = join(folder, "layout");
    const tags = Array.from({ length: 6 }, (_, i) => `${i}`);
    for (const tag of tags) {
      registry.add("app", await buildImage({ layers: 2, seed: tag }), tag);
    }
    for (const cacheDir of [join(folder, "cache"), false] as const) {
      await rm(output, { recursive: true, force: true });
      await Promise.all(
        tags.map((tag) =>
          pull(`app:${tag}`, { format: "oci", output, cacheDir })
        ),
      );
      const text = await readFile(join(output, "index.json"), "utf8");
      assertEquals(JSON.parse(text).manifests.length, tags.length);
      assertEquals((await readdir(output)).sort(), [
        "blobs",
        "index.json",
        "oci-layout",
      ]);
    }
  }));

test("pull() takes the cache itself for a layout, by whatever path", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", image, "1");
    const cache = join(folder, "cache");
    for (const output of [cache, join(folder, ".", "x", "..", "cache")]) {
      await mkdir(join(folder, "x"), { recursive: true });
      await rm(cache, { recursive: true, force: true });
      for (
        const [force, known] of [[false, false], [false, true], [true, false]]
      ) {
        const { upToDate } = await pull("app:1", {
          format: "oci",
          output,
          force,
        });
        assertEquals(upToDate, known);
        assert(existsSync(join(cache, "ingest")));
      }
    }
  }));

test("pull() replaces no index.json that it cannot read", () =>
  inPullWorld(async ({ registry, folder, pull, asked }) => {
    registry.add("app", image, "1");
    const output = join(folder, "layout");
    await pull("app:1", { format: "oci", output });
    for (const place of [output, join(folder, "cache")]) {
      const path = join(place, "index.json");
      const right = await readFile(path);
      for (const text of ["", "{", "[]"]) {
        await writeFile(path, text);
        for (const force of [false, true]) {
          const error = await assertRejects(
            () => pull("app:1", { format: "oci", output, force }),
            StorageError,
          );
          assertEquals([error.code, error.path], ["malformed", path]);
        }
        assertEquals(await readFile(path, "utf8"), text);
      }
      await writeFile(path, right);
    }
    asked();
  }));

/** A folder on a file system of its own, where there is one that is small. */
const other = "/dev/shm";
const elsewhere = existsSync(other) &&
  (await stat(other)).dev !== (await stat("/tmp")).dev;

test("pull() looks for room on the layout's own file system", {
  skip: !elsewhere && "there is no second file system",
}, () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    // The cache has it, and the layout has no room for it.
    const size = 2 ** 42;
    const config = buildDocument("application/vnd.oci.image.config.v1+json", {
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: [layer(1).digest] },
    });
    const document = buildDocument(
      "application/vnd.oci.image.manifest.v1+json",
      {
        schemaVersion: 2,
        config: config.descriptor,
        layers: [{ ...layer(1), size }],
      },
    );
    const blobs = new Map([[config.descriptor.digest, config.bytes]]);
    registry.add("app", { document, documents: [document], blobs }, "1");
    const cacheDir = join(folder, "cache");
    const store = await LayoutStore.open(cacheDir);
    const path = store.blobPath(layer(1).digest);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "");
    await truncate(path, size);
    const output = await mkdtemp(join(other, "docker-pull-"));
    try {
      const error = await assertRejects(
        () => pull("app:1", { format: "oci", output, cacheDir }),
        StorageError,
      );
      assertEquals([error.code, error.path], ["ENOSPC", output]);
    } finally {
      await rm(output, { recursive: true });
    }
  }));
