import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  ContentMismatchError,
  RegistryError,
  UnsupportedMediaTypeError,
} from "../../lib/image/errors.ts";
import { buildDocument, buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { assertHolds, inPullWorld } from "./world.ts";

const image = await buildImage({
  layers: [{ size: 200_000 }, { size: 300_000 }, {}, { empty: true }],
});
const [first] = image.layers;
const LAYERS = image.layers.reduce((sum, { size }) => sum + size, 0);

test("pull() writes an archive and says what it holds", () =>
  inPullWorld(async ({ registry, folder, pull, events }) => {
    registry.add("team/app", image, "1");
    const { elapsed, downloadTime, ...result } = await pull("team/app:1");
    const path = join(folder, "image.tar");
    assert(elapsed > 0);
    assert(downloadTime > 0 && downloadTime < elapsed);
    const pulled = {
      manifest: {
        ...image.manifest.descriptor,
        platform: { os: "linux", architecture: "amd64" },
      },
      imageId: image.config.descriptor.digest,
      platform: { os: "linux", architecture: "amd64" },
    };
    assertEquals(result, {
      reference: {
        registry: "registry.test",
        repository: "team/app",
        tag: "1",
      },
      digest: image.manifest.descriptor.digest,
      named: image.manifest.descriptor,
      ...pulled,
      images: [pulled],
      path,
      size: (await stat(path)).size,
      upToDate: false,
      layers: 4,
      cachedLayers: 0,
      downloaded: LAYERS,
      saved: 0,
      resumed: 0,
    });
    await assertHolds(path, image);
    const types = new Set(events.map(({ type }) => type));
    assertEquals([...types].sort(), [
      "blob-done",
      "blob-progress",
      "blob-start",
      "planned",
      "resolved",
      "written",
    ]);
    assertEquals((await readdir(folder)).sort(), ["cache", "image.tar"]);
  }));

test("pull() leaves alone what is up to date", () =>
  inPullWorld(async ({ registry, folder, pull, asked }) => {
    registry.add("app", image, "1");
    await pull("app:1");
    const before = await stat(join(folder, "image.tar"));
    asked();
    const result = await pull("app:1");
    assertEquals(asked(), ["HEAD /v2/app/manifests/1"]);
    assertEquals([result.upToDate, result.cachedLayers], [true, 4]);
    const after = await stat(join(folder, "image.tar"));
    assertEquals([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
    const forced = await pull("app:1", { force: true });
    assertEquals(forced.upToDate, false);
    assert((await stat(join(folder, "image.tar"))).ino !== before.ino);
  }));

test("pull() writes an archive anew whose configuration or index was changed", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", image, "1");
    await pull("app:1");
    const path = join(folder, "image.tar");
    const right = await readFile(path);
    const places = [
      right.indexOf(image.config.bytes),
      right.indexOf('"org.opencontainers.image.ref.name"'),
    ];
    for (const place of places) {
      assert(place > 0);
      const bytes = Uint8Array.from(right);
      bytes[place + 5]! ^= 1;
      await writeFile(path, bytes);
      assertEquals((await pull("app:1")).upToDate, false);
      assert(right.equals(await readFile(path)));
    }
  }));

for (const trustCache of [false, true]) {
  test(`pull() fills the archive from the cache${trustCache ? ", unread" : ""}`, () =>
    inPullWorld(async ({ registry, folder, pull, asked }) => {
      registry.add("app", image, "1");
      await pull("app:1");
      await rm(join(folder, "image.tar"));
      asked();
      const result = await pull("app:1", { trustCache });
      assertEquals(asked(), ["HEAD /v2/app/manifests/1"]);
      assertEquals(
        [result.cachedLayers, result.downloaded, result.saved],
        [4, 0, LAYERS],
      );
      await assertHolds(join(folder, "image.tar"), image);
    }));
}

test("pull() fetches what the cache holds damaged, and nothing else", () =>
  inPullWorld(async ({ registry, folder, pull, asked, events }) => {
    registry.add("app", image, "1");
    await pull("app:1");
    await rm(join(folder, "image.tar"));
    const path = join(folder, "cache/blobs/sha256", first!.digest.slice(7));
    const bytes = await readFile(path);
    bytes[1000]! ^= 1;
    await writeFile(path, bytes);
    asked();
    const result = await pull("app:1");
    assertEquals(asked(), [
      "HEAD /v2/app/manifests/1",
      `GET /v2/app/blobs/${first!.digest}`,
    ]);
    assertEquals(result.cachedLayers, 3);
    const warnings = events.flatMap((event) =>
      event.type === "warning" ? [event.warning.code] : []
    );
    assertEquals(warnings, ["cache-entry-damaged"]);
    await assertHolds(join(folder, "image.tar"), image);
  }));

test("pull() warns of more layers than Docker takes", () =>
  inPullWorld(async ({ registry, pull, events }) => {
    for (const layers of [125, 126]) {
      registry.add("app", await buildImage({ layers }), `${layers}`);
      await pull(`app:${layers}`);
      const warnings = events.flatMap((event) =>
        event.type === "warning" ? [event.warning] : []
      );
      assertEquals(
        warnings,
        layers === 125 ? [] : [{ code: "many-layers", layers, limit: 125 }],
      );
    }
  }));

test("pull() shares layers between images", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    const other = await buildImage({
      layers: [{ size: 200_000 }, { size: 5_000, seed: "other" }],
    });
    registry.add("app", image, "1");
    registry.add("other", other, "1");
    await pull("app:1");
    const result = await pull("other:1");
    assertEquals([result.cachedLayers, result.layers], [1, 2]);
    await assertHolds(join(folder, "image.tar"), other);
  }));

test("pull() gives the same bytes, whatever the way", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", image, "1");
    const archives: Buffer[] = [];
    for (
      const options of [
        {},
        {},
        { cacheDir: false as const },
        { concurrency: 1, cacheDir: join(folder, "another") },
      ]
    ) {
      await pull("app:1", { ...options, force: true });
      archives.push(await readFile(join(folder, "image.tar")));
    }
    for (const archive of archives) assert(archive.equals(archives[0]!));
  }));

test("pull() takes an image by its digest, and asks for it once", () =>
  inPullWorld(async ({ registry, folder, pull, asked }) => {
    registry.add("app", image);
    const { digest } = image.manifest.descriptor;
    const result = await pull(`app@${digest}`);
    assertEquals(result.reference.tag, undefined);
    await rm(join(folder, "image.tar"));
    asked();
    await pull(`app@${digest}`);
    assertEquals(asked(), []);
  }));

test("pull() follows a tag that moves", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", image, "latest");
    await pull("app");
    const next = await buildImage({ seed: "next" });
    registry.add("app", next, "latest");
    const result = await pull("app");
    assertEquals(result.upToDate, false);
    await assertHolds(join(folder, "image.tar"), next);
  }));

test("pull() takes an image with the same layer twice, and one with none", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    const twin = { size: 1_000, seed: "twin" };
    const twins = await buildImage({ layers: [twin, {}, twin] });
    registry.add("app", twins, "twins");
    const result = await pull("app:twins");
    assertEquals(result.layers, 2);
    await assertHolds(join(folder, "image.tar"), twins);
    const none = await buildImage({ layers: 0 });
    registry.add("app", none, "none");
    assertEquals((await pull("app:none")).layers, 0);
    await assertHolds(join(folder, "image.tar"), none);
  }));

test("pull() leaves nothing under a final name when bytes are wrong", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", image, "1");
    registry.fault = ({ path }) =>
      path.endsWith(first!.digest) ? { flipAt: 1_000 } : {};
    for (const cacheDir of [join(folder, "cache"), false as const]) {
      await assertRejects(
        () => pull("app:1", { cacheDir }),
        ContentMismatchError,
      );
      assert(!existsSync(join(folder, "image.tar")));
    }
    const kept = await readdir(join(folder, "cache/blobs/sha256"));
    assert(!kept.includes(first!.digest.slice(7)));
  }));

test("pull() rejects with the registry's status", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", image, "1");
    for (const reference of ["missing:1", "app:missing"]) {
      const error = await assertRejects(() => pull(reference), RegistryError);
      assertEquals(error.status, 404);
    }
    registry.fault = ({ path }) =>
      path.includes("/blobs/") ? { status: 403 } : {};
    const error = await assertRejects(() => pull("app:1"), RegistryError);
    assertEquals(error.status, 403);
    assert(!existsSync(join(folder, "image.tar")));
  }));

test("pull() rejects what is no image", () =>
  inPullWorld(async ({ registry, pull }) => {
    const config = buildDocument("application/vnd.oci.empty.v1+json", {});
    const document = buildDocument(
      "application/vnd.oci.image.manifest.v1+json",
      {
        schemaVersion: 2,
        config: config.descriptor,
        layers: [{ ...config.descriptor, mediaType: "text/plain" }],
      },
    );
    const blobs = new Map([[config.descriptor.digest, config.bytes]]);
    registry.add("chart", { document, documents: [document], blobs }, "1");
    await assertRejects(() => pull("chart:1"), UnsupportedMediaTypeError);
  }));

test("pull() rejects options that make no sense", () =>
  inPullWorld(async ({ pull, asked }) => {
    for (const concurrency of [0, -1, 1.5, NaN, Infinity]) {
      await assertRejects(() => pull("app:1", { concurrency }), RangeError);
    }
    assertEquals(asked(), []);
  }));
