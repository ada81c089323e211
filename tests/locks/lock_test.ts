/** Locks: what they say, and that they bring the very same later. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pullImages } from "../../lib/copy/pull.ts";
import type { PullImagesOptions } from "../../lib/copy/pull_options.ts";
import {
  ContentMismatchError,
  LockError,
  RegistryError,
} from "../../lib/image/errors.ts";
import { InvalidListError } from "../../lib/lists/lists.ts";
import { formatLock, type Lock, lockRequests } from "../../lib/locks/lock.ts";
import { lockImages, type LockOptions } from "../../lib/locks/lock_images.ts";
import { readLock } from "../../lib/locks/read_lock.ts";
import { inPullWorld, type PullWorld } from "../copy/world.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { schemaFaults } from "../json_schema.ts";

const arm64 = { os: "linux", architecture: "arm64" };
const layers = (seed: string) => [{ seed: "base", size: 9_000 }, { seed }];
const [old, oldArm, fresh] = await Promise.all([
  buildImage({ seed: "old", layers: layers("old") }),
  buildImage({ seed: "arm", layers: layers("arm"), platform: arm64 }),
  buildImage({ seed: "new", layers: layers("new") }),
]);
const index = buildIndex([old, oldArm], { attestations: true });
const NAME = "registry.test/team/app:1";

const schema = JSON.parse(
  await readFile(
    new URL("../../docs/lock.schema.json", import.meta.url),
    "utf8",
  ),
);

async function lockOf(
  { registry }: PullWorld,
  names: readonly string[] = [NAME],
  options: LockOptions = {},
): Promise<Lock> {
  const { lock, failures } = await lockImages(names, {
    fetch: registry.fetch,
    platform: "linux/amd64",
    retries: 0,
    ...options,
  });
  assertEquals(failures, []);
  return lock;
}

function pullLocked(
  { registry, folder, events }: PullWorld,
  lock: Lock,
  options: PullImagesOptions = {},
) {
  events.length = 0;
  return pullImages(lockRequests(lock), {
    fetch: registry.fetch,
    output: join(folder, "locked.tar"),
    cacheDir: false,
    retries: 0,
    onEvent: (event) => void events.push(event),
    ...options,
  });
}

test("lockImages() tells index, manifest, configuration and layers, by its schema", () =>
  inPullWorld(async (world) => {
    const { registry } = world;
    registry.add("team/app", index, "1");
    registry.add("team/one", fresh, "1");
    const names = [NAME, "registry.test/team/one:1"];
    const lock = await lockOf(world, names, { platform: "all" });
    const text = formatLock(lock);
    assertEquals(schemaFaults(schema, JSON.parse(text)), []);
    const [app, one] = lock.images;
    const { rootfs: { diff_ids: diffIds } } = JSON.parse(
      new TextDecoder().decode(fresh.config.bytes),
    );
    assertEquals(app!.name, NAME);
    assertEquals(app!.digest, index.document.descriptor.digest);
    assertEquals(
      app!.manifests!.map(({ platform, digest, config }) => [
        platform.architecture,
        digest,
        config.digest,
      ]),
      [old, oldArm].map((image, i) => [
        ["amd64", "arm64"][i],
        image.manifest.descriptor.digest,
        image.config.descriptor.digest,
      ]),
    );
    assertEquals(
      one!.manifests![0]!.layers.map(({ digest, size, diffId }) => [
        digest,
        size,
        diffId,
      ]),
      fresh.layers.map(({ digest, size }, i) => [digest, size, diffIds[i]]),
    );
    // The same again, and after it was read.
    assertEquals(
      formatLock(await lockOf(world, names, { platform: "all" })),
      text,
    );
    assertEquals(formatLock(await readLock(text)), text);
    // No layer was asked for.
    const layer = old.layers[0]!.digest;
    assert(!registry.log.some((line) => line.includes(layer)));
  }));

for (const cache of [true, false]) {
  test(`what is locked is pulled after the tag has moved, ${cache ? "with" : "without"} a cache`, () =>
    inPullWorld(async (world) => {
      const { registry, folder, pull, asked } = world;
      const cacheDir = cache && join(folder, "cache");
      registry.add("team/app", index, "1");
      const before = await pull("team/app:1", { cacheDir });
      const bytes = await readFile(before.path);
      const lock = await readLock(formatLock(await lockOf(world)));
      registry.add("team/app", fresh, "1");
      const moved = await pull("team/app:1", { cacheDir });
      assert(moved.imageId !== before.imageId);
      asked();
      const { results, failures } = await pullLocked(world, lock, { cacheDir });
      assertEquals(failures, []);
      assertEquals(results[0]!.imageId, before.imageId);
      assert(bytes.equals(await readFile(results[0]!.path)));
      // By the tag, nothing was asked for.
      assert(!asked().some((line) => line.endsWith("/manifests/1")));
    }));
}

test("a lock of two platforms brings both, and the same index", () =>
  inPullWorld(async (world) => {
    const { registry, folder } = world;
    registry.add("team/app", index, "1");
    const platform = ["linux/arm64", "linux/amd64"];
    const lock = await lockOf(world, [NAME], { platform });
    for (const index of ["pruned", "original"] as const) {
      const path = join(folder, "before.tar");
      const before = await pullImages([NAME], {
        fetch: registry.fetch,
        platform: "all",
        output: path,
        cacheDir: false,
        index,
        force: true,
      });
      assertEquals(before.failures, []);
      const { results, failures } = await pullLocked(world, lock, { index });
      assertEquals(failures, []);
      assertEquals(results[0]!.images.length, 2);
      assert(
        (await readFile(path)).equals(await readFile(results[0]!.path)),
      );
    }
    const [request] = lockRequests(lock, {
      names: ["registry.test/team/app:1"],
      platform: "linux/arm64",
    });
    assertEquals(request!.locked!.manifests!.length, 1);
    const one = await pullImages([request!], {
      fetch: registry.fetch,
      folder: join(folder, "files"),
      cacheDir: false,
    });
    assertEquals(one.results[0]!.imageId, oldArm.config.descriptor.digest);
  }));

test("a registry that has something else by the digest, or nothing, is an error", () =>
  inPullWorld(async (world) => {
    const { registry, folder } = world;
    registry.add("team/app", old, "1");
    const lock = await lockOf(world);
    registry.fault = ({ path }) =>
      path.includes("/manifests/") ? { flipAt: 3 } : undefined;
    const wrong = await pullLocked(world, lock);
    assert(wrong.failures[0]!.error instanceof ContentMismatchError);
    registry.fault = ({ path }) =>
      path.includes("/manifests/")
        ? { status: 404, code: "MANIFEST_UNKNOWN" }
        : undefined;
    const gone = await pullLocked(world, lock);
    assert(gone.failures[0]!.error instanceof RegistryError);
    assert(!existsSync(join(folder, "locked.tar")));
  }));

test("a lock that contradicts what its digest stands for is refused", () =>
  inPullWorld(async (world) => {
    const { registry } = world;
    registry.add("team/app", index, "1");
    registry.add("team/app", fresh, "2");
    const text = formatLock(await lockOf(world));
    const [mine, other] = [old, fresh].map((image) => ({
      manifest: image.manifest.descriptor.digest,
      config: image.config.descriptor.digest,
      layer: image.layers[1]!.digest,
    }));
    for (
      const [part, code] of [
        ["manifest", "not-in-index"],
        ["config", "contradiction"],
        ["layer", "contradiction"],
      ] as const
    ) {
      const forged = text.replaceAll(mine![part], other![part]);
      assert(forged !== text);
      const { failures } = await pullLocked(world, await readLock(forged));
      const error = failures[0]?.error;
      assert(error instanceof LockError, part);
      assertEquals(error.code, code, part);
    }
    // What only the configuration knows, and what the index says.
    const [diffId] = old.diffIds;
    for (
      const forged of [
        text.replaceAll(diffId!, `sha256:${"d".repeat(64)}`),
        text.replaceAll('"amd64"', '"s390x"'),
      ]
    ) {
      assert(forged !== text);
      const { failures } = await pullLocked(world, await readLock(forged));
      const error = failures[0]?.error;
      assert(error instanceof LockError, String(error));
      assertEquals(error.code, "contradiction");
    }
  }));

test("readLock() reads imgpkg's ImagesLock and lists of digests, which bring that", () =>
  inPullWorld(async (world) => {
    const { registry } = world;
    registry.add("team/app", old, "1");
    const { digest } = old.manifest.descriptor;
    const name = `registry.test/team/app@${digest}`;
    const imgpkg = [
      "---",
      "apiVersion: imgpkg.carvel.dev/v1alpha1",
      "kind: ImagesLock",
      "images:",
      "- annotations:",
      "    kbld.carvel.dev/id: registry.test/team/app:1",
      `  image: ${name}`,
      "",
    ].join("\n");
    for (
      const text of [
        imgpkg,
        `# a comment\n${name}\n`,
        `${name} --platform linux/amd64\n`,
      ]
    ) {
      const lock = await readLock(new TextEncoder().encode(text));
      assertEquals(lock.images.map(({ digest }) => digest), [digest]);
      registry.add("team/app", fresh, "1");
      const { results, failures } = await pullLocked(world, lock, {
        platform: "linux/amd64",
      });
      assertEquals(failures, []);
      assertEquals(results[0]!.imageId, old.config.descriptor.digest);
    }
  }));

test("what is no lock is refused, with its reason", async () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const other = `sha256:${"b".repeat(64)}`;
  const blob = { mediaType: "x/y", digest, size: 1 };
  const image = (changes = {}) => ({
    name: "nginx",
    reference: "docker.io/library/nginx:1",
    ...blob,
    manifests: [{
      platform: { os: "linux", architecture: "amd64" },
      ...blob,
      config: blob,
      layers: [{ ...blob, diffId: digest }],
    }],
    ...changes,
  });
  const lock = (...images: unknown[]) =>
    JSON.stringify({ kind: "docker-pull.lock", version: 1, images });
  assertEquals((await readLock(lock(image()))).images.length, 1);
  assertEquals((await readLock(lock(image(), image()))).images.length, 1);
  const manifest = image().manifests[0]!;
  for (
    const [text, code, member] of [
      [lock(image()).replace('"version":1', '"version":2'), "lock-version"],
      [lock(image()).replace('"version":1,', ""), "lock-version"],
      [lock(), "bad-member", "images"],
      [lock(1), "bad-member", "images[0]"],
      [lock(image({ name: 1 })), "bad-member", "images[0].name"],
      [
        lock(image({ reference: "nginx" })),
        "bad-member",
        "images[0].reference",
      ],
      [
        lock(image({ reference: "../x" })),
        "bad-member",
        "images[0].reference",
      ],
      [lock(image({ digest: "x" })), "bad-member", "images[0].digest"],
      [lock(image({ size: -1 })), "bad-member", "images[0].size"],
      [lock(image({ manifests: [] })), "bad-member", "images[0].manifests"],
      [
        lock(image({ manifests: [{ ...manifest, platform: { os: "x" } }] })),
        "bad-member",
        "images[0].manifests[0].platform.architecture",
      ],
      [
        lock(image({ manifests: [{ ...manifest, config: 1 }] })),
        "bad-member",
        "images[0].manifests[0].config",
      ],
      [
        lock(image({ manifests: [{ ...manifest, layers: [blob] }] })),
        "bad-member",
        "images[0].manifests[0].layers[0].diffId",
      ],
      [
        lock(image({ reference: `docker.io/library/nginx@${other}` })),
        "contradiction",
      ],
      [lock(image(), image({ size: 2 })), "two-of-a-name"],
      ["nginx:1.27\n", "no-digest"],
      [`nginx@${digest}\nredis\n`, "no-digest"],
    ] as const
  ) {
    const error = await assertRejects(() => readLock(text), LockError);
    assertEquals(error.code, code, text);
    if (member && error.problem.code === "bad-member") {
      assertEquals(error.problem.member, member);
    }
  }
  for (const text of ["", "{}", '{"kind": "docker-pull.lock"', "\0\0"]) {
    await assertRejects(() => readLock(text), InvalidListError);
  }
});

test("lockRequests() gives what is named, and refuses what is not locked", () =>
  inPullWorld(async (world) => {
    const { registry } = world;
    registry.add("team/app", index, "1");
    const lock = await lockOf(world);
    for (
      const [options, code] of [
        [{ names: ["nginx"] }, "not-locked"],
        [{ names: ["registry.test/team/app:2"] }, "not-locked"],
        [{ platform: "linux/arm64" }, "platform-not-locked"],
      ] as const
    ) {
      try {
        lockRequests(lock, options);
        assert(false);
      } catch (error) {
        assert(error instanceof LockError);
        assertEquals(error.code, code);
      }
    }
  }));

test("what cannot be locked is told, and the rest is", () =>
  inPullWorld(async ({ registry }) => {
    registry.add("team/app", old, "1");
    const { lock, failures } = await lockImages(
      [NAME, "registry.test/team/none:1"],
      { fetch: registry.fetch, platform: "linux/amd64", retries: 0 },
    );
    assertEquals(lock.images.length, 1);
    assertEquals(failures[0]!.reference.repository, "team/none");
    assert(failures[0]!.error instanceof RegistryError);
  }));
