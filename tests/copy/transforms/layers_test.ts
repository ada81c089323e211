/** Images whose layers are compressed in another way, in every form. */
import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as zlib from "node:zlib";
import type { Format, Layers } from "../../../lib/copy/forms.ts";
import { importFiles } from "../../../lib/copy/import/import_files.ts";
import { pullImages } from "../../../lib/copy/pull.ts";
import {
  ContentMismatchError,
  InvalidDocumentError,
} from "../../../lib/image/errors.ts";
import { verifyImage } from "../../../lib/verify/verify.ts";
import {
  assembleImage,
  buildImage,
  type ImageOptions,
  MEDIA_TYPES,
  sha256,
} from "../../fixtures/mod.ts";
import { test } from "../../harness.ts";
import { inPullWorld, readArchive } from "../world.ts";

const skipZstd = typeof zlib.zstdCompressSync !== "function" &&
  "this runtime knows no zstd";
const FORMATS: Format[] = ["tar", "oci", "oci-archive", "docker-legacy"];
const LAYERS: Layers[] = ["plain", "gzip", "zstd"];
const twice = { seed: "twice", size: 5000 };
const IMAGES: Record<string, ImageOptions> = {
  gzip: { layers: [{ size: 300_000 }, {}, { size: 10 }] },
  "docker's types": { layers: 3, format: "docker" },
  zstd: { layers: [{ compression: "zstd", size: 2_000_000 }] },
  mixed: {
    layers: [{}, { compression: "none" }, { compression: "zstd" }],
  },
  "empty layer": { layers: [{}, { empty: true }, {}] },
  "repeated layer": { layers: [twice, {}, twice] },
  "no layer": { layers: 0 },
  "125 layers": { layers: 125 },
};

const digestOf = async (path: string) =>
  createHash("sha256").update(await readFile(path)).digest("hex");

for (const [kind, options] of Object.entries(IMAGES)) {
  test(`${kind}: every form holds the image, however its layers are compressed`, () =>
    inPullWorld(async ({ registry, pull, folder }) => {
      const image = await buildImage({ seed: kind, ...options });
      registry.add("team/app", image, "1");
      for (const format of FORMATS) {
        for (const layers of LAYERS) {
          if (format === "docker-legacy" && layers !== "plain") continue;
          if (skipZstd && (layers === "zstd" || /zstd|mixed/.test(kind))) {
            continue;
          }
          const output = join(folder, `${format}-${layers}`);
          const { imageId } = await pull("team/app:1", {
            output,
            format,
            layers,
          });
          const what = `${format}, ${layers}`;
          assertEquals(imageId, image.config.descriptor.digest, what);
          const report = await verifyImage(output);
          assertEquals(report.problems, [], what);
          assertEquals(report.images.map(({ imageId }) => imageId), [imageId]);
          assertEquals(report.images[0]!.layers, image.layers.length, what);
        }
      }
    }));
}

test("layers are compressed once, and then are in the cache", () =>
  inPullWorld(async ({ registry, pull, folder, asked }) => {
    const image = await buildImage({ layers: [{ size: 300_000 }, {}] });
    registry.add("team/app", image, "1");
    const output = join(folder, "image.tar");
    const layers = "plain";
    const first = await pull("team/app:1", { layers });
    assertEquals([first.upToDate, first.cachedLayers], [false, 0]);
    const digest = await digestOf(output);
    asked();
    assertEquals((await pull("team/app:1", { layers })).upToDate, true);
    await rm(output);
    assertEquals((await pull("team/app:1", { layers })).upToDate, false);
    assertEquals(asked().filter((line) => line.includes("/blobs/")), []);
    assertEquals(await digestOf(output), digest);
    // Even where the layers are there no more that it was made of.
    for (const { digest } of image.layers) {
      await rm(join(folder, "cache/blobs", digest.replace(":", "/")));
    }
    await rm(output);
    await pull("team/app:1", { layers });
    assertEquals(asked().filter((line) => line.includes("/blobs/")), []);
    assertEquals(await digestOf(output), digest);
    // What is damaged is found, and made anew by the next.
    for (const diffId of image.diffIds) {
      const path = join(folder, "cache/blobs", diffId.replace(":", "/"));
      await rm(path);
    }
    await pull("team/app:1", { layers, force: true });
    assertEquals(await digestOf(output), digest);
  }));

test("without a cache, nothing but the file stays", () =>
  inPullWorld(async ({ registry, pull, folder }) => {
    const image = await buildImage({ layers: [{ size: 300_000 }, {}] });
    registry.add("team/app", image, "1");
    const digests: string[] = [];
    for (const cacheDir of [false, join(folder, "cache")] as const) {
      await pull("team/app:1", { layers: "plain", cacheDir, force: true });
      digests.push(await digestOf(join(folder, "image.tar")));
      if (!cacheDir) assertEquals(await readdir(folder), ["image.tar"]);
    }
    assertEquals(digests[0], digests[1]);
    registry.add("team/app", await buildImage({ seed: "b" }), "2");
    registry.assertNoOpenBodies();
  }));

test("the manifest is another one and tells what each layer was", () =>
  inPullWorld(async ({ registry, pull, folder }) => {
    for (const format of ["oci", "docker"] as const) {
      const annotations = format === "oci" ? { "a.b": "c" } : undefined;
      const image = await buildImage({
        layers: [{}, { compression: "none" }],
        format,
        annotations,
      });
      registry.add("team/app", image, format);
      await pull(`team/app:${format}`, { layers: "plain", force: true });
      const members = await readArchive(join(folder, "image.tar"));
      const json = (name: string) =>
        JSON.parse(new TextDecoder().decode(members.get(name)));
      const [entry] = json("index.json").manifests;
      const manifest = json(`blobs/${entry.digest.replace(":", "/")}`);
      assertEquals(entry.mediaType, MEDIA_TYPES[format].manifest);
      assertEquals(manifest.config, image.config.descriptor);
      assertEquals(manifest.annotations, annotations);
      const [first, second] = image.layers;
      assertEquals(manifest.layers, [
        {
          mediaType: MEDIA_TYPES[format].none,
          digest: image.diffIds[0],
          size: manifest.layers[0].size,
          annotations: { "docker-pull.source.digest": first!.digest },
        },
        second,
      ]);
    }
  }));

test(
  "zstd makes a manifest of Docker one of OCI",
  { skip: skipZstd },
  () =>
    inPullWorld(async ({ registry, pull, folder }) => {
      registry.add("team/app", await buildImage({ format: "docker" }), "1");
      await pull("team/app:1", { layers: "zstd" });
      const members = await readArchive(join(folder, "image.tar"));
      const { manifests: [entry] } = JSON.parse(
        new TextDecoder().decode(members.get("index.json")),
      );
      assertEquals(entry.mediaType, MEDIA_TYPES.oci.manifest);
      const name = `blobs/${entry.digest.replace(":", "/")}`;
      const { layers, config } = JSON.parse(
        new TextDecoder().decode(members.get(name)),
      );
      assertEquals(layers[0].mediaType, MEDIA_TYPES.oci.zstd);
      assertEquals(config.mediaType, MEDIA_TYPES.oci.config);
    }),
);

/** An image of one layer that is not what its configuration says. */
function wrong(bytes: Uint8Array<ArrayBuffer>, diffId: string) {
  const mediaType = MEDIA_TYPES.oci.gzip;
  const layer = { mediaType, digest: sha256(bytes), size: bytes.length };
  const image = assembleImage([layer], [diffId], {});
  image.blobs.set(layer.digest, bytes);
  return image;
}

test("a layer that is not what its image says is refused", () =>
  inPullWorld(async ({ registry, pull, folder }) => {
    const good = await buildImage({ layers: [{ size: 5000 }] });
    const [[, bytes]] = [...good.blobs].slice(-1) as [
      [string, Uint8Array<ArrayBuffer>],
    ];
    const other = `sha256:${"0".repeat(64)}`;
    const cases: [string, ReturnType<typeof wrong>, unknown][] = [
      ["another diffID", wrong(bytes, other), ContentMismatchError],
      [
        "cut off",
        wrong(bytes.slice(0, -100), good.diffIds[0]!),
        InvalidDocumentError,
      ],
      [
        "xz",
        wrong(
          Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2, 3),
          other,
        ),
        InvalidDocumentError,
      ],
    ];
    for (const cacheDir of [false, join(folder, "cache")] as const) {
      for (const [tag, image, kind] of cases) {
        registry.add("team/app", image, "1");
        await assertRejects(
          () => pull("team/app:1", { layers: "plain", cacheDir }),
          kind as typeof ContentMismatchError,
        );
        const names = await readdir(folder);
        assertEquals(names.filter((name) => name !== "cache"), [], tag);
      }
    }
  }));

test("an abort ends the compressing, and nothing stays", () =>
  inPullWorld(async ({ registry, pull, folder }) => {
    const image = await buildImage({ layers: [{ size: 3_000_000 }] });
    registry.add("team/app", image, "1");
    const controller = new AbortController();
    await assertRejects(() =>
      pull("team/app:1", {
        layers: "plain",
        cacheDir: false,
        signal: controller.signal,
        onEvent({ type }) {
          if (type === "blob-done") controller.abort(new Error("enough"));
        },
      })
    );
    assertEquals(await readdir(folder), []);
  }));

for (const cache of [true, false]) {
  const way = cache ? "with a cache" : "without a cache";
  test(`a set's layers are made anew each once, and remembered, ${way}`, () =>
    inPullWorld(async ({ registry, folder }) => {
      const base = { seed: "base", size: 6_000_000 };
      const names = Array.from({ length: 12 }, (_, i) => `team/i${i}`);
      for (const [i, name] of names.entries()) {
        const layers = [base, { seed: name, size: 10 + i }];
        registry.add(name, await buildImage({ seed: name, layers }), "1");
      }
      const set = names.map((name) => `registry.test/${name}:1`);
      const options = {
        fetch: registry.fetch,
        folder: join(folder, "files"),
        layers: "plain" as const,
        cacheDir: cache && join(folder, "cache"),
      };
      const { results, failures } = await pullImages(set, options);
      assertEquals([results.length, failures], [12, []]);
      for (const { path } of results) {
        assertEquals((await verifyImage(path)).problems, [], path);
      }
      if (!cache) return;
      const record = join(folder, "cache/recompressed.json");
      const { recompressed } = JSON.parse(await readFile(record, "utf8"));
      assertEquals(Object.keys(recompressed).length, 1 + 12);
      const again = await pullImages(set, options);
      assertEquals(
        again.results.map(({ upToDate }) => upToDate),
        set.map(() => true),
      );
    }));
}

test(
  "that layers get zstd is told once of a set",
  { skip: skipZstd },
  () =>
    inPullWorld(async ({ registry, folder }) => {
      registry.add("a", await buildImage({ seed: "a" }), "1");
      registry.add("b", await buildImage({ seed: "b" }), "1");
      const warnings: unknown[] = [];
      await pullImages(["registry.test/a:1", "registry.test/b:1"], {
        fetch: registry.fetch,
        folder,
        layers: "zstd",
        cacheDir: false,
        onEvent(event) {
          if (event.type === "warning") warnings.push(event.warning);
        },
      });
      assertEquals(warnings, [{ code: "zstd-layer" }]);
    }),
);

test("plain layers that an import has brought are not fetched again", () =>
  inPullWorld(async ({ registry, pull, folder, asked }) => {
    const image = await buildImage({ layers: [{ size: 300_000 }, {}] });
    registry.add("team/app", image, "1");
    const format = "docker-legacy" as const;
    const saved = join(folder, "saved.tar");
    await pull("team/app:1", { output: saved, format, cacheDir: false });
    const cacheDir = join(folder, "imported");
    await importFiles([saved], { cacheDir });
    for (const how of [{ format }, { layers: "plain" as const }]) {
      asked();
      const output = join(folder, `again-${Object.keys(how)}.tar`);
      await pull("team/app:1", { output, cacheDir, ...how });
      const layers = new Set(image.layers.map(({ digest }) => digest));
      const blobs = asked().flatMap((line) => line.split("/blobs/")[1] ?? []);
      assertEquals(blobs.filter((digest) => layers.has(digest)), []);
      assertEquals((await verifyImage(output)).problems, []);
    }
    const again = await digestOf(join(folder, "again-format.tar"));
    assertEquals(again, await digestOf(saved));
  }));
