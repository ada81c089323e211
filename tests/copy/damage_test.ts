/** What is up to date is right, and what is damaged is made right. */
import { assert, assertEquals } from "@std/assert";
import {
  copyFile,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { verifyImage } from "../../lib/verify/verify.ts";
import { buildImage, type BuiltImage, sha256 } from "../fixtures/mod.ts";
import { flip } from "../disk/flip.ts";
import { test } from "../harness.ts";
import { assertHolds, inPullWorld, type PullWorld } from "./world.ts";

const image = await buildImage({
  layers: [{ size: 200_000 }, { size: 5_000 }],
});
const [layer] = image.layers;

function blob(folder: string, { digest }: { digest: string }): string {
  return join(folder, "blobs", ...digest.split(":"));
}

/** Fails unless a layout holds the image as it should be. */
async function assertLayout(folder: string, image: BuiltImage): Promise<void> {
  for (
    const digest of [...image.blobs.keys(), image.manifest.descriptor.digest]
  ) {
    const bytes = new Uint8Array(await readFile(blob(folder, { digest })));
    assertEquals(sha256(bytes), digest);
  }
}

const caches = ({ folder }: PullWorld) =>
  [join(folder, "cache"), false] as const;

test("pull() notices one bit of a layer that has changed in an archive", () =>
  inPullWorld(async (world) => {
    const { registry, folder, pull } = world;
    registry.add("app", image, "1");
    const path = join(folder, "image.tar");
    for (const cacheDir of caches(world)) {
      await pull("app:1", { cacheDir, force: true });
      const right = await readFile(path);
      for (let i = 0; i < 2; i++) {
        assertEquals((await pull("app:1", { cacheDir })).upToDate, true);
        await flip(path, right.indexOf(image.blobs.get(layer!.digest)!) + 777);
        assertEquals((await pull("app:1", { cacheDir })).upToDate, false);
        assert(right.equals(await readFile(path)));
      }
    }
  }));

/** Where all that is known of a change is its second, that is to be over. */
const later = () => Date.now() + 10_000;

test("pull() remembers what it has verified, and not what it has not read", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", image, "1");
    const path = join(folder, "image.tar");
    const record = join(folder, "cache", "verified.json");
    const isKnown = async () => {
      const { dev, ino } = await stat(path, { bigint: true });
      const { verified } = JSON.parse(await readFile(record, "utf8"));
      return `${dev}:${ino}` in verified;
    };
    await pull("app:1", { force: true, now: later });
    assertEquals(await isKnown(), true);
    const before = await stat(record);
    assertEquals((await pull("app:1")).upToDate, true);
    assertEquals((await stat(record)).ino, before.ino);
    await pull("app:1", { force: true, trustCache: true, now: later });
    assertEquals(await isKnown(), false);
    // Read once, it is known.
    assertEquals((await pull("app:1", { now: later })).upToDate, true);
    assertEquals(await isKnown(), true);
    await writeFile(record, "garbage");
    assertEquals((await pull("app:1", { now: later })).upToDate, true);
    assertEquals(await isKnown(), true);
  }));

test("pull() asks for the digest alone where the archive is there and its layers are in no cache", () =>
  inPullWorld(async ({ registry, pull, asked }) => {
    registry.add("app", image, "1");
    await pull("app:1", { cacheDir: false });
    await pull("app:1", { now: later });
    asked();
    assertEquals((await pull("app:1")).upToDate, true);
    assertEquals(asked(), ["HEAD /v2/app/manifests/1"]);
  }));

for (const force of [false, true]) {
  test(`pull() repairs a layout${force ? " when it is forced to" : ""}`, () =>
    inPullWorld(async (world) => {
      const { registry, folder, pull } = world;
      registry.add("app", image, "1");
      const output = join(folder, "layout");
      for (const cacheDir of caches(world)) {
        await rm(output, { recursive: true, force: true });
        const options = { format: "oci", output, cacheDir, force } as const;
        await pull("app:1", options);
        for (
          const what of [
            layer!,
            image.config.descriptor,
            image.manifest.descriptor,
          ]
        ) {
          for (const own of [false, true]) {
            const path = blob(output, what);
            if (own) {
              // A file of its own, and not the cache's under a second name.
              await copyFile(path, `${path}~`);
              await rename(`${path}~`, path);
            }
            await flip(path, 30);
            assertEquals((await pull("app:1", options)).upToDate, false);
            await assertLayout(output, image);
            if (cacheDir) await assertLayout(cacheDir, image);
          }
        }
        assertEquals(
          (await pull("app:1", { ...options, force: false })).upToDate,
          true,
        );
      }
    }));
}

test("pull() takes no damaged layer of another image in a layout for its own", () =>
  inPullWorld(async (world) => {
    const { registry, folder, pull } = world;
    const other = await buildImage({
      layers: [{ size: 200_000 }, { size: 5_000, seed: "other" }],
    });
    assertEquals(other.layers[0]!.digest, layer!.digest);
    registry.add("app", image, "1");
    registry.add("other", other, "1");
    const output = join(folder, "layout");
    for (const cacheDir of caches(world)) {
      await rm(output, { recursive: true, force: true });
      const options = { format: "oci", output, cacheDir } as const;
      await pull("app:1", options);
      const path = blob(output, layer!);
      await copyFile(path, `${path}~`);
      await rename(`${path}~`, path);
      await flip(path, 30);
      await pull("other:1", options);
      await assertLayout(output, other);
    }
  }));

test("pull() repairs an archive whatever is in its way", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", image, "1");
    await pull("app:1");
    const path = join(folder, "image.tar");
    await flip(path, (await stat(path)).size - 1);
    assertEquals((await pull("app:1")).upToDate, false);
    await assertHolds(path, image);
  }));

test("pull() fetches anew what is damaged in a trusted cache and is expanded", () =>
  inPullWorld(async ({ registry, folder, pull, asked }) => {
    registry.add("app", image, "1");
    await pull("app:1");
    const path = blob(join(folder, "cache"), layer!);
    await flip(path, 100);
    asked();
    const output = join(folder, "plain.tar");
    const options = { output, layers: "plain", trustCache: true } as const;
    await pull("app:1", options);
    assertEquals(
      asked().filter((line) => line.includes("/blobs/")),
      [`GET /v2/app/blobs/${layer!.digest}`],
    );
    const { problems } = await verifyImage(output);
    assertEquals(problems, []);
  }));
