/** Differences between images, against a comparison of each with each. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LockError, PlaceError } from "../../lib/image/errors.ts";
import type {
  LockedBlob,
  LockedImage,
  LockedLayer,
} from "../../lib/image/locked_image.ts";
import { diffLocks, type ImagesDiff } from "../../lib/locks/diff.ts";
import { diffImages } from "../../lib/locks/diff_images.ts";
import { formatLock, type Lock } from "../../lib/locks/lock.ts";
import { lockImages } from "../../lib/locks/lock_images.ts";
import { readSide } from "../../lib/locks/sides.ts";
import { inPullWorld, readArchive } from "../copy/world.ts";
import { buildImage, buildIndex, sha256 } from "../fixtures/mod.ts";
import { randomFrom } from "../faults/random.ts";
import { test } from "../harness.ts";

const PAIRS = 200;

/** Numbers that are the same on each run. */
function numbers(seed: number): (below: number) => number {
  const random = randomFrom(seed);
  return (below) => random.int(0, below);
}

const digestOf = (text: string) => sha256(new TextEncoder().encode(text));

const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** Few contents, each compressed in one of three ways. */
function randomLayer(random: (below: number) => number): LockedLayer {
  const content = random(12);
  const way = random(3);
  return {
    mediaType,
    digest: digestOf(`layer ${content} ${way}`),
    size: 100 + content * 10 + way,
    diffId: digestOf(`content ${content}`),
  };
}

function randomLock(random: (below: number) => number): Lock {
  const platforms = ["amd64", "arm64"];
  const images: LockedImage[] = [];
  for (let i = 0, count = 1 + random(3); i < count; i++) {
    const reference = `registry.test/r${random(3)}:${random(2)}`;
    if (images.some((image) => image.reference === reference)) continue;
    const manifests = platforms.slice(random(2), 1 + random(2) || 1)
      .map((architecture) => {
        const layers = Array.from(
          { length: random(7) },
          () => randomLayer(random),
        );
        const text = JSON.stringify([layers, random(3)]);
        return {
          platform: { os: "linux", architecture },
          mediaType,
          digest: digestOf(`manifest ${text}`),
          size: 500 + text.length,
          config: {
            mediaType,
            digest: digestOf(`config ${text}`),
            size: 200 + text.length,
          },
          layers,
        };
      });
    const digest = digestOf(`index ${JSON.stringify(manifests)}`);
    images.push({ name: reference, reference, digest, manifests });
  }
  return { images };
}

function all(lock: Lock, layersOnly: boolean): LockedBlob[] {
  return lock.images.flatMap(({ manifests = [] }) =>
    manifests.flatMap((manifest) =>
      layersOnly
        ? manifest.layers
        : [manifest, manifest.config, ...manifest.layers]
    )
  );
}

/** Each of one list, once, that some or none of another list equals. */
function bruteForce(
  these: readonly LockedBlob[],
  those: readonly LockedBlob[],
  wanted: boolean,
) {
  let [count, bytes] = [0, 0];
  for (let i = 0; i < these.length; i++) {
    let isFirst = true;
    for (let j = 0; j < i; j++) {
      if (these[j]!.digest === these[i]!.digest) isFirst = false;
    }
    let isThere = false;
    for (let j = 0; j < those.length; j++) {
      if (those[j]!.digest === these[i]!.digest) isThere = true;
    }
    if (!isFirst || isThere !== wanted) continue;
    count++;
    bytes += these[i]!.size;
  }
  return { count, bytes };
}

function plus(
  ...amounts: { count: number; bytes: number }[]
): { count: number; bytes: number } {
  return amounts.reduce((a, b) => ({
    count: a.count + b.count,
    bytes: a.bytes + b.bytes,
  }));
}

function check(before: Lock, after: Lock, diff: ImagesDiff): void {
  const [a, b] = [all(before, false), all(after, false)];
  assertEquals(diff.blobs, {
    before: bruteForce(a, [], false),
    after: bruteForce(b, [], false),
    same: bruteForce(a, b, true),
    removed: bruteForce(a, b, false),
    added: bruteForce(b, a, false),
  });
  const [x, y] = [all(before, true), all(after, true)] as LockedLayer[][];
  const { same, added, recompressed, removed } = diff.layers;
  assertEquals(same, bruteForce(x!, y!, true));
  assertEquals(plus(added, recompressed), bruteForce(y!, x!, false));
  assertEquals(
    removed.count + recompressed.count,
    bruteForce(x!, y!, false).count,
  );
  // As many as can be: of each content, the fewer of the two sides' own ones.
  const contents = new Set([...x!, ...y!].map(({ diffId }) => diffId));
  let expected = 0;
  for (const diffId of contents) {
    const own = (layers: LockedLayer[], others: LockedLayer[]) =>
      new Set(
        layers.filter((layer) =>
          layer.diffId === diffId &&
          !others.some(({ digest }) => digest === layer.digest)
        ).map(({ digest }) => digest),
      ).size;
    expected += Math.min(own(x!, y!), own(y!, x!));
  }
  assertEquals(recompressed.count, expected);
  const manifests = (lock: Lock) =>
    lock.images.flatMap(({ manifests = [] }) =>
      manifests.map(({ digest }) => digest)
    ).sort();
  const told = (side: "before" | "after") =>
    diff.images.flatMap((image) => image[side]?.digest ?? []).sort();
  assertEquals(told("before"), manifests(before));
  assertEquals(told("after"), manifests(after));
  checkPairs(before, after, diff);
  for (const image of diff.images) {
    const isSame = image.before?.digest === image.after?.digest;
    assertEquals(image.change === "same", isSame);
    for (const { change, before, after } of image.layers) {
      if (change === "recompressed") {
        assertEquals(before!.diffId, after!.diffId);
      }
      if (change === "same") assertEquals(before!.digest, after!.digest);
    }
  }
}

/** Who is compared with whom, and each of their layers once. */
function checkPairs(before: Lock, after: Lock, diff: ImagesDiff): void {
  const flat = ({ images }: Lock) =>
    images.flatMap(({ reference, manifests = [] }) =>
      manifests.map((manifest) => ({
        key: `${reference} ${manifest.platform.architecture}`,
        manifest,
      }))
    );
  const [was, is] = [flat(before), flat(after)];
  const keyOf = (image: ImagesDiff["images"][number]["before"]) =>
    image && `${image.reference} ${image.platform.architecture}`;
  for (const { key, manifest } of is) {
    const shown = diff.images.filter(({ after }) => keyOf(after) === key);
    assertEquals(shown.length, 1, key);
    const [{ before: other, layers }] = shown as [typeof diff.images[0]];
    // Of the same name and platform where there is one.
    const own = was.find((each) => each.key === key);
    if (own) assertEquals(keyOf(other), key);
    const old = was.find((each) => each.key === keyOf(other))?.manifest;
    const seen = (side: "before" | "after") =>
      layers.flatMap((layer) => layer[side]?.digest ?? []);
    const once = (layers: readonly LockedBlob[] = []) => [
      ...new Set(layers.map(({ digest }) => digest)),
    ];
    assertEquals(seen("after").sort(), once(manifest.layers).sort());
    assertEquals(seen("before").sort(), once(old?.layers).sort());
  }
}

test(`diffLocks() agrees with a comparison of each with each on ${PAIRS} pairs`, () => {
  for (let seed = 1; seed <= PAIRS; seed++) {
    const random = numbers(seed * 7919);
    const [before, after] = [randomLock(random), randomLock(random)];
    check(before, after, diffLocks(before, after));
    const nothing = diffLocks(before, before);
    assert(nothing.same);
    assertEquals(nothing.blobs.added, { count: 0, bytes: 0 });
  }
});

test("diffImages() of files, layouts, locks and registries agrees with what is in them", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    const random = numbers(4711);
    for (let i = 0; i < 6; i++) {
      const names = ["a", "b"];
      const paths: string[] = [];
      const blobs: Map<string, number>[] = [];
      for (const name of names) {
        const layers = Array.from(
          { length: 1 + random(4) },
          () => ({ seed: `layer ${random(5)}`, size: 3_000 }),
        );
        const image = await buildImage({ seed: `${i}${name}`, layers });
        registry.add(`team/${name}`, image, "1");
        const path = join(folder, `${i}${name}.tar`);
        await pull(`team/${name}:1`, { output: path });
        paths.push(path);
        const members = await readArchive(path);
        blobs.push(
          new Map(
            [...members].filter(([name]) => name.startsWith("blobs/"))
              .map(([name, bytes]) => [name, bytes.length]),
          ),
        );
      }
      const sum = (sizes: number[]) => ({
        count: sizes.length,
        bytes: sizes.reduce((a, b) => a + b, 0),
      });
      const [a, b] = blobs as [Map<string, number>, Map<string, number>];
      const expected = {
        before: sum([...a.values()]),
        after: sum([...b.values()]),
        same: sum([...a].filter(([name]) => b.has(name)).map(([, n]) => n)),
        removed: sum([...a].filter(([name]) => !b.has(name)).map(([, n]) => n)),
        added: sum([...b].filter(([name]) => !a.has(name)).map(([, n]) => n)),
      };
      const options = { fetch: registry.fetch, platform: "linux/amd64" };
      const { lock } = await lockImages(["registry.test/team/a:1"], options);
      const file = join(folder, "images.lock.json");
      await writeFile(file, formatLock(lock));
      const layout = join(folder, `layout${i}`);
      await pull("team/b:1", { output: layout, format: "oci" });
      for (
        const [before, after] of [
          paths,
          [file, paths[1]],
          [paths[0], layout],
          [file, `oci:${layout}`],
          ["registry.test/team/a:1", "docker://registry.test/team/b:1"],
          [`oci-archive:${paths[0]}`, "registry.test/team/b:1"],
        ] as [string, string][]
      ) {
        const diff = await diffImages(before, after, options);
        assertEquals(diff.blobs, expected, `${before} ${after}`);
        assertEquals(diff.images.length, 1);
        assertEquals(diff.same, false);
      }
      const same = await diffImages(file, paths[0]!, options);
      assertEquals([same.same, same.blobs.added.count], [true, 0]);
    }
  }));

test("of a registry, the platforms of the other side are compared", () =>
  inPullWorld(async ({ registry, folder }) => {
    const arm64 = { os: "linux", architecture: "arm64" };
    const images = await Promise.all([
      buildImage({ seed: "amd" }),
      buildImage({ seed: "arm", platform: arm64 }),
    ]);
    registry.add("team/app", buildIndex(images), "1");
    const name = "registry.test/team/app:1";
    const { fetch } = registry;
    const { lock } = await lockImages([name], { fetch, platform: arm64 });
    const file = join(folder, "images.lock.json");
    await writeFile(file, formatLock(lock));
    assert((await diffImages(file, name, { fetch })).same);
    assert((await diffImages(name, file, { fetch })).same);
    const error = await assertRejects(
      () => diffImages(file, name, { fetch, platform: "linux/amd64" }),
      LockError,
    );
    assertEquals(error.code, "platform-not-locked");
    // A list of digests is looked up.
    const list = join(folder, "images.txt");
    const { digest } = images[1]!.manifest.descriptor;
    await writeFile(list, `registry.test/team/app@${digest}\n`);
    assert((await diffImages(list, file, { fetch, platform: arm64 })).same);
  }));

test("a layer that is compressed anew is told apart from another", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    const image = await buildImage({ layers: [{ seed: "x", size: 5_000 }] });
    registry.add("team/app", image, "1");
    const plain = join(folder, "plain.tar");
    await pull("team/app:1", { output: plain, layers: "plain" });
    const { fetch } = registry;
    const diff = await diffImages(plain, "registry.test/team/app:1", { fetch });
    assertEquals(diff.layers.recompressed.count, 1);
    assertEquals(diff.layers.added.count, 0);
    const [one] = diff.images;
    assertEquals(one?.before?.imageId, one?.after?.imageId);
    assert(one?.before);
  }));

test("readSide() asks where a name can be two things, and reads any archive", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("team/app", await buildImage(), "1");
    const path = join(folder, "x.tar.gz");
    await pull("team/app:1", { output: path });
    assertEquals((await readSide(path) as { kind: string }).kind, "file");
    assert((await diffImages(path, path)).same);
    await assertRejects(() => readSide("dir:x"), PlaceError);
    await assertRejects(() => diffImages("./nothing.tar", path));
    await writeFile(join(folder, "x.json"), "{}");
    await assertRejects(() => readSide(join(folder, "x.json")));
  }));
