import { assertEquals } from "@std/assert";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pull } from "../../lib/copy/pull.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import type { Index } from "../../lib/image/types.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

async function withImage(
  format: "oci" | "docker",
  body: (
    image: Awaited<ReturnType<typeof buildImage>>,
    options: PullOptions & { output: string; cacheDir: string },
    registry: FakeRegistry,
  ) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "docker-pull-layout-"));
  try {
    const registry = new FakeRegistry();
    const image = await buildImage({ layers: 3, format });
    registry.add("team/app", image, "1");
    await body(image, {
      fetch: registry.fetch,
      platform: "linux/amd64",
      format: "oci",
      output: join(folder, "layout"),
      cacheDir: join(folder, "cache"),
    }, registry);
    registry.assertNoOpenBodies();
  } finally {
    await rm(folder, { recursive: true });
  }
}

function blob(folder: string, digest: string): string {
  return join(folder, "blobs", ...digest.split(":"));
}

for (const format of ["oci", "docker"] as const) {
  test(`pull() fills a layout with an image of ${format}`, () =>
    withImage(format, async (image, options, registry) => {
      const reference = `${registry.host}/team/app:1`;
      const result = await pull(reference, options);
      assertEquals(result.upToDate, false);
      assertEquals((await readdir(options.output)).sort(), [
        "blobs",
        "index.json",
        "oci-layout",
      ]);
      const index: Index = JSON.parse(
        await readFile(join(options.output, "index.json"), "utf8"),
      );
      const [entry] = index.manifests;
      assertEquals(
        entry!.annotations?.["org.opencontainers.image.ref.name"],
        reference,
      );
      const manifest = JSON.parse(
        await readFile(blob(options.output, entry!.digest), "utf8"),
      );
      assertEquals(
        manifest.config.digest,
        image.config.descriptor.digest,
      );
      for (const { digest } of image.layers) {
        assertEquals(
          new Uint8Array(await readFile(blob(options.output, digest))),
          new Uint8Array(image.blobs.get(digest)!),
        );
      }
    }));
}

test("pull() keeps a layout's blobs and the cache's only once", () =>
  withImage("oci", async (image, options, registry) => {
    await pull(`${registry.host}/team/app:1`, options);
    for (const { digest } of image.layers) {
      const [kept, cached] = await Promise.all([
        stat(blob(options.output, digest)),
        stat(blob(options.cacheDir, digest)),
      ]);
      assertEquals(kept.ino, cached.ino);
    }
  }));

test("pull() leaves a layout alone that is up to date", () =>
  withImage("oci", async (image, options, registry) => {
    const reference = `${registry.host}/team/app:1`;
    await pull(reference, options);
    assertEquals((await pull(reference, options)).upToDate, true);
    await rm(blob(options.output, image.layers[0]!.digest));
    const again = await pull(reference, options);
    assertEquals([again.upToDate, again.cachedLayers], [false, 3]);
  }));

test("pull() fills a layout without a cache", () =>
  withImage("oci", async (image, options, registry) => {
    const reference = `${registry.host}/team/app:1`;
    await pull(reference, { ...options, cacheDir: false });
    const again = await pull(reference, {
      ...options,
      cacheDir: false,
      force: true,
    });
    assertEquals(again.downloaded, 0);
    assertEquals(again.layers, image.layers.length);
  }));

test("pull() names an image in a layout so that loaders find it", async () => {
  const [amd64, arm64] = await Promise.all(
    ["amd64", "arm64"].map((architecture) =>
      buildImage({ platform: { os: "linux", architecture } })
    ),
  );
  const index = buildIndex([amd64!, arm64!]);
  await withImage("oci", async (_, options, registry) => {
    registry.add("team/app", index, "2");
    const repository = `${registry.host}/team/app`;
    const { digest } = index.document.descriptor;
    for (
      const [asked, loaded] of [
        [`@${digest}`, `@${amd64!.manifest.descriptor.digest}`],
        [`:2@${digest}`, ":2"],
      ]
    ) {
      const output = `${options.output}${asked!.length}`;
      await pull(`${repository}${asked}`, { ...options, output });
      const { manifests }: Index = JSON.parse(
        await readFile(join(output, "index.json"), "utf8"),
      );
      assertEquals(manifests.map(({ annotations }) => annotations), [{
        "io.containerd.image.name": `${repository}${loaded}`,
        "org.opencontainers.image.ref.name": `${repository}${asked}`,
      }]);
      const again = await pull(`${repository}${asked}`, { ...options, output });
      assertEquals(again.upToDate, true);
    }
  });
});
