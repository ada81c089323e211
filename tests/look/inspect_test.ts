import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { copy } from "../../lib/copy/copy_places.ts";
import {
  PlaceError,
  PlatformNotFoundError,
  StorageError,
} from "../../lib/image/errors.ts";
import { inspectImage, rawManifest } from "../../lib/look/inspect.ts";
import { imageDetails } from "../../lib/look/settings.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import { inFolder } from "../disk/folder.ts";
import { buildDocument, buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

const HISTORY = [
  { created_by: "COPY a /a # buildkit" },
  { created_by: "ENV A=1", empty_layer: true },
  { created_by: "RUN make" },
];
const amd = await buildImage({
  seed: "amd",
  layers: [{ seed: "base", size: 3000 }, { seed: "b", compression: "none" }],
  config: {
    history: HISTORY,
    config: {
      Env: ["A=1"],
      ExposedPorts: { "80/tcp": {} },
      Labels: { a: "b" },
    },
  },
});
const arm = await buildImage({
  seed: "arm",
  platform: { os: "linux", architecture: "arm64" },
  layers: 2,
});
const index = buildIndex([amd, arm], { attestations: true });

function makeRegistry(): FakeRegistry {
  const registry = new FakeRegistry();
  registry.add("team/app", index, "1");
  registry.add("team/arm", arm, "1");
  return registry;
}

test("inspectImage() tells what an image is made of, and fetches no layer", async () => {
  const registry = makeRegistry();
  const { fetch } = registry;
  const platform = "linux/amd64";
  const [found, ...others] = await inspectImage("registry.test/team/app:1", {
    fetch,
    platform,
  });
  assertEquals(others, []);
  const { name, top, entries, images } = found!;
  assertEquals(name, "registry.test/team/app:1");
  assertEquals(top.descriptor.digest, index.document.descriptor.digest);
  assertEquals(
    entries!.map(({ platform, attests }) => platform?.architecture ?? attests),
    [
      "amd64",
      "arm64",
      ...[amd, arm].map(({ manifest }) => manifest.descriptor.digest),
    ],
  );
  const [image] = images;
  assertEquals(images.length, 1);
  assertEquals(image!.imageId, amd.config.descriptor.digest);
  assertEquals(image!.created, "2024-01-02T03:04:05Z");
  assertEquals(image!.settings, {
    env: ["A=1"],
    exposedPorts: ["80/tcp"],
    labels: { a: "b" },
  });
  assertEquals(
    image!.layers.map(({ descriptor, diffId, unpacked, step }) => [
      descriptor.digest,
      diffId,
      unpacked,
      step?.createdBy,
    ]),
    amd.layers.map(({ digest, size }, i) => [
      digest,
      amd.diffIds[i],
      i === 1 ? size : undefined,
      i === 1 ? "RUN make" : "COPY a /a # buildkit",
    ]),
  );
  const { manifest, config, layers } = amd;
  const blobs = [manifest.descriptor, config.descriptor, ...layers];
  assertEquals(image!.size, blobs.reduce((sum, { size }) => sum + size, 0));
  assertEquals(image!.unpacked, undefined);
  assertEquals(
    registry.log.filter((line) =>
      layers.some(({ digest }) => line.includes(digest))
    ),
    [],
  );
  // The index, its manifest, the configuration, and perhaps who is there.
  assert(registry.log.length <= 4, registry.log.join("\n"));
});

test("inspectImage() looks at all platforms, or at one that is there alone", async () => {
  const { fetch } = makeRegistry();
  const image = "registry.test/team/app:1";
  const [found] = await inspectImage(image, { fetch, platform: "all" });
  assertEquals(
    found!.images.map(({ platform }) => platform!.architecture),
    ["amd64", "arm64"],
  );
  await assertRejects(
    () =>
      inspectImage(image, { fetch, platform: ["linux/amd64", "linux/s390x"] }),
    PlatformNotFoundError,
  );
  const raw = await rawManifest(image, { fetch });
  assertEquals(raw.bytes, index.document.bytes);
  const own = await rawManifest(image, { fetch, platform: "linux/arm64" });
  assertEquals(own.bytes, arm.manifest.bytes);
});

test("inspectImage() tells the same of a file, a layout and a part of an index", () =>
  inFolder(async (folder) => {
    const { fetch } = makeRegistry();
    const cacheDir = join(folder, "cache");
    const output = join(folder, "all.tar");
    const names = ["registry.test/team/app:1", "registry.test/team/arm:1"];
    await pullImages([names[0]!, names[1]!], {
      fetch,
      cacheDir,
      output,
      platform: "linux/arm64",
      index: "original",
    });
    const both = await inspectImage(output, { unpacked: true });
    assertEquals(both.map(({ name }) => name), names);
    for (const { images: [image] } of both) {
      assertEquals(image!.imageId, arm.config.descriptor.digest);
      assert(image!.unpacked! > 0);
    }
    const [whole] = both;
    assertEquals(whole!.top.bytes, index.document.bytes);
    const layout = `oci:${join(folder, "layout")}`;
    await copy(`oci-archive:${output}:@1`, layout, { cacheDir: false });
    const [copied] = await inspectImage(layout);
    assertEquals(
      copied!.images[0]!.layers.map(({ diffId }) => diffId),
      arm.diffIds,
    );
    await assertRejects(
      () => inspectImage(`oci-archive:${output}:@7`),
      PlaceError,
    );
    await assertRejects(
      () => inspectImage(join(folder, "none.tar")),
      StorageError,
    );
  }));

test("inspectImage() tells what it is that is no image", async () => {
  const registry = makeRegistry();
  const config = buildDocument("application/vnd.cncf.helm.config.v1+json", {});
  const layer = buildDocument(
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    { a: 1 },
  );
  const document = buildDocument("application/vnd.oci.image.manifest.v1+json", {
    schemaVersion: 2,
    config: config.descriptor,
    layers: [layer.descriptor],
  });
  const blobs = new Map(
    [config, layer].map(({ descriptor, bytes }) => [descriptor.digest, bytes]),
  );
  registry.add("charts/app", { document, documents: [document], blobs }, "1");
  const { fetch } = registry;
  const [found] = await inspectImage("registry.test/charts/app:1", { fetch });
  const [image] = found!.images;
  assertEquals([image!.artifact, image!.imageId], ["helm-chart", undefined]);
  assertEquals(image!.artifactType, config.descriptor.mediaType);
  assertEquals(image!.layers.length, 1);
});

test("imageDetails() leaves out what has another type than it should", () => {
  const { bytes, descriptor } = buildDocument("x/y", {
    created: 7,
    author: ["x"],
    config: { Env: "A=1", Cmd: { a: 1 }, Labels: [1], User: "\x1b[31m" },
    history: [null, 3, { created_by: { a: 1 }, empty_layer: "yes" }],
  });
  assertEquals(imageDetails({ bytes, descriptor }), {
    settings: { env: ["A=1"], user: "\x1b[31m" },
    history: Array.from({ length: 3 }, () => ({ emptyLayer: false })),
  });
  const nothing = buildDocument("x/y", null);
  assertEquals(imageDetails(nothing), { settings: {}, history: [] });
});
