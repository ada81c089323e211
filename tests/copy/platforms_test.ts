/** Several platforms of an image: which are found, and what its name stands for. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PlatformNotFoundError } from "../../lib/image/errors.ts";
import { hostPlatform } from "../../lib/image/host_platform.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import type { PullImagesOptions } from "../../lib/copy/pull_options.ts";
import type { Index } from "../../lib/image/types.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { buildImage, buildIndex, type BuiltImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld, type PullWorld, readArchive } from "./world.ts";

const PLATFORMS = [
  { os: "linux", architecture: "arm64" },
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm", variant: "v7" },
];

function family(format: "oci" | "docker" = "oci"): Promise<BuiltImage[]> {
  return Promise.all(PLATFORMS.map((platform) =>
    buildImage({
      platform,
      format,
      layers: [{ seed: "base", size: 3000 }, { seed: platform.architecture }],
    })
  ));
}

const [arm64, amd64, arm] = await family() as [
  BuiltImage,
  BuiltImage,
  BuiltImage,
];
const index = buildIndex([arm64, amd64, arm], { attestations: true });
const bare = buildIndex([arm64, amd64]);

function pullBoth(
  { registry, folder }: PullWorld,
  options: PullImagesOptions,
  name = "app:1",
) {
  return pullImages([`registry.test/${name}`], {
    fetch: registry.fetch,
    cacheDir: join(folder, "cache"),
    output: join(folder, "all.tar"),
    retries: 0,
    ...options,
  });
}

/** The documents of an archive. */
async function contents(path: string) {
  const members = await readArchive(path);
  const json = (name: string) =>
    JSON.parse(new TextDecoder().decode(members.get(name)));
  const blob = (digest: string) => `blobs/sha256/${digest.slice(7)}`;
  const [entry] = (json("index.json") as Index).manifests;
  return {
    members,
    entry: entry!,
    docker: json("manifest.json") as { Config: string; Layers: string[] }[],
    top: json(blob(entry!.digest)) as Index,
    has: (digest: string) => members.has(blob(digest)),
  };
}

test("two platforms of an image are an index of what is there", () =>
  inPullWorld(async (world) => {
    const { registry, folder } = world;
    registry.add("app", index, "1");
    const platform = ["linux/arm64", "amd64"];
    const { results: [result] } = await pullBoth(world, { platform });
    const { members, entry, docker, top, has } = await contents(result!.path);
    assertEquals(entry.mediaType, index.document.descriptor.mediaType);
    assertEquals(entry.platform, undefined);
    assertEquals(entry.annotations, {
      "io.containerd.image.name": "registry.test/app:1",
      "org.opencontainers.image.ref.name": "1",
    });
    const digests = top.manifests.map(({ digest }) => digest);
    assertEquals(
      digests,
      [arm64, amd64].map(({ manifest }) => manifest.descriptor.digest),
    );
    assertEquals(
      top.manifests.map(({ platform }) => platform?.architecture),
      ["arm64", "amd64"],
    );
    // What is not there is not named.
    assert(!has(arm.manifest.descriptor.digest));
    assert(digests.every(has));
    const own = hostPlatform().architecture === "amd64" ? amd64 : arm64;
    const config = own.config.descriptor.digest.slice(7);
    assertEquals(docker.map(({ Config }) => Config), [
      `blobs/sha256/${config}`,
    ]);
    // The base is in both, and there once.
    const blobs = [...members.keys()].filter((name) =>
      name.startsWith("blobs")
    );
    assertEquals(blobs.length, 1 + 2 * 2 + 3);
    const { problems } = await verifyImage(result!.path);
    assertEquals(problems, []);
    assertEquals(result!.images.length, 2);
    assertEquals(result!.named.digest, entry.digest);
    const many = join(folder, "many.tar");
    await pullBoth(world, { platform, output: many, concurrency: 16 });
    assert((await readFile(many)).equals(await readFile(result!.path)));
  }));

test("all platforms of an index without anything else are that very index", () =>
  inPullWorld(async (world) => {
    world.registry.add("app", bare, "1");
    const { results: [result] } = await pullBoth(world, { platform: "all" });
    const { entry } = await contents(result!.path);
    assertEquals(entry.digest, bare.document.descriptor.digest);
    assertEquals(result!.digest, entry.digest);
  }));

test("the original index keeps its digest, and all manifests", () =>
  inPullWorld(async (world) => {
    world.registry.add("app", index, "1");
    for (const platform of ["linux/amd64", ["linux/amd64", "linux/arm64"]]) {
      const { results: [result] } = await pullBoth(world, {
        platform,
        index: "original",
      });
      const { entry, has, top } = await contents(result!.path);
      assertEquals(entry.digest, index.document.descriptor.digest);
      assert(top.manifests.every(({ digest }) => has(digest)));
      assert(!has(arm.layers[1]!.digest));
      assert(!has(arm.config.descriptor.digest));
      assert(has(amd64.layers[1]!.digest));
      const name = await contents(result!.path);
      assertEquals(name.docker.length, 1);
    }
    const { digest } = index.document.descriptor;
    const output = join(world.folder, "pinned.tar");
    const pinned = {
      platform: "linux/amd64",
      index: "original",
      output,
    } as const;
    await pullBoth(world, pinned, `app@${digest}`);
    const { entry } = await contents(output);
    assertEquals(
      entry.annotations?.["io.containerd.image.name"],
      `registry.test/app@${digest}`,
    );
  }));

test("attestations are kept only where they are wanted, and of what is there", () =>
  inPullWorld(async (world) => {
    world.registry.add("app", index, "1");
    const platform = "linux/amd64";
    await pullBoth(world, { platform, attestations: true });
    const { top, has } = await contents(join(world.folder, "all.tar"));
    assertEquals(top.manifests.length, 2);
    const [image, attestation] = top.manifests;
    assertEquals(image!.digest, amd64.manifest.descriptor.digest);
    assertEquals(
      attestation!.annotations?.["vnd.docker.reference.digest"],
      image!.digest,
    );
    assert(has(attestation!.digest));
    const { problems } = await verifyImage(join(world.folder, "all.tar"));
    assertEquals(problems, []);
  }));

test("each platform goes to a file of its own, which is what its own pull gives", () =>
  inPullWorld(async (world) => {
    const { registry, folder } = world;
    registry.add("app", index, "1");
    const files = join(folder, "files");
    const { results } = await pullBoth(world, {
      platform: "all",
      output: undefined,
      folder: files,
    });
    assertEquals((await readdir(files)).sort(), [
      "registry.test_app_1_amd64.tar",
      "registry.test_app_1_arm-v7.tar",
      "registry.test_app_1_arm64.tar",
    ]);
    for (const { path, platform } of results) {
      const output = join(folder, "alone.tar");
      await world.pull("app:1", { platform, output });
      assert((await readFile(output)).equals(await readFile(path)));
    }
    const layers = registry.log.filter((line) => line.includes("/blobs/sha"));
    assertEquals(new Set(layers).size, layers.length);
  }));

test("a platform that an image has not is named, and the others come", () =>
  inPullWorld(async (world) => {
    const { registry, folder } = world;
    registry.add("app", index, "1");
    registry.add("single", amd64, "1");
    const options: PullImagesOptions = {
      fetch: registry.fetch,
      cacheDir: join(folder, "cache"),
      platform: ["linux/amd64", "linux/arm64"],
    };
    const set = ["registry.test/app:1", "registry.test/single:1"];
    const output = join(folder, "all.tar");
    const whole = await pullImages(set, { ...options, output });
    assertEquals(
      whole.failures.map(({ reference, platform, error }) => [
        reference.repository,
        platform?.architecture,
        error instanceof PlatformNotFoundError,
      ]),
      [["single", "arm64", true]],
    );
    assert(!existsSync(output));
    const each = await pullImages(set, {
      ...options,
      folder: join(folder, "files"),
    });
    assertEquals([each.results.length, each.failures.length], [3, 1]);
    const part = await pullImages(set, { ...options, output, keepGoing: true });
    assertEquals([part.results.length, part.failures.length], [2, 1]);
    const members = await readArchive(output);
    const { annotations } = JSON.parse(
      new TextDecoder().decode(members.get("index.json")),
    );
    assertEquals(
      annotations["docker-pull.missing"],
      "registry.test/single:1 linux/arm64",
    );
  }));

test("pull() with several platforms brings them under one name", () =>
  inPullWorld(async ({ registry, pull, folder }) => {
    registry.add("app", index, "1");
    const platform = ["linux/amd64", "linux/arm/v7"];
    const { images, named } = await pull("app:1", { platform });
    assertEquals(images.length, 2);
    assertEquals(named.mediaType, index.document.descriptor.mediaType);
    await assertRejects(
      () => pull("app:1", { platform: ["linux/amd64", "linux/s390x"] }),
      PlatformNotFoundError,
    );
    assert(existsSync(join(folder, "image.tar")));
  }));

for (const format of ["oci", "docker"] as const) {
  test(`a layout takes several platforms of ${format}, in OCI's words`, () =>
    inPullWorld(async (world) => {
      const { registry, folder } = world;
      registry.add("app", buildIndex(await family(format)), "1");
      const output = join(folder, "layout");
      const options: PullImagesOptions = {
        output,
        format: "oci",
        platform: ["linux/amd64", "linux/arm64"],
      };
      await pullBoth(world, options);
      const { problems, images } = await verifyImage(output);
      assertEquals(problems, []);
      assertEquals(images.length, 2);
      const read = async (path: string) =>
        JSON.parse(await readFile(join(output, path), "utf8"));
      const [entry] = (await read("index.json") as Index).manifests;
      const oci = "application/vnd.oci.image.";
      assert(entry!.mediaType.startsWith(oci));
      const top: Index = await read(`blobs/sha256/${entry!.digest.slice(7)}`);
      assertEquals(top.mediaType, entry!.mediaType);
      for (const { mediaType } of top.manifests) {
        assert(mediaType.startsWith(oci));
      }
      const { results: [again] } = await pullBoth(world, options);
      assertEquals(again!.upToDate, true);
    }));
}
