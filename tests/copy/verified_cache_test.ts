/** What of a cache was verified is not read for that again, until it is touched. */

import { assert, assertEquals } from "@std/assert";
import { readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bootId } from "../../lib/disk/process_mark.ts";
import { flip } from "../disk/flip.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { assertHolds, inPullWorld } from "./world.ts";

const image = await buildImage({
  layers: [{ size: 200_000 }, { size: 5_000 }],
});
const [layer] = image.layers;

test("pull() hashes an entry of the cache once, and again when it is touched", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", image, "1");
    const cacheDir = join(folder, "cache");
    const entry = join(cacheDir, "blobs", ...layer!.digest.split(":"));
    const record = join(cacheDir, "verified.json");
    const tar = join(folder, "image.tar");
    const noted = async () => {
      const text = await readFile(record, "utf8").catch(() => "{}");
      const { verified = {} } = JSON.parse(text);
      return Object.values<string>(verified).find((value) =>
        value.includes(layer!.digest)
      );
    };
    const again = async () => {
      await rm(tar);
      const { downloaded } = await pull("app:1", { cacheDir });
      return downloaded;
    };

    await pull("app:1", { cacheDir });
    const { ctimeNs } = await stat(entry, { bigint: true });
    const fine = ctimeNs % 1_000_000_000n !== 0n;
    // It may not be on the disk yet: with no restart, it is there all the same.
    if (fine && await bootId()) assert((await noted())?.includes(" while "));
    assertEquals(await again(), 0);
    assertEquals((await noted())?.includes(" while ") ?? true, true);
    await assertHolds(tar, image);

    // From long ago; that it was said so is a change of its own.
    await utimes(entry, 1_000_000_000, 1_000_000_000);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    assertEquals(await again(), 0);
    assertEquals((await noted())?.includes(" while "), false);
    await assertHolds(tar, image);
    assertEquals(await again(), 0);
    await assertHolds(tar, image);

    // Whoever touches it cannot hide that.
    const { atime, mtime } = await stat(entry);
    await flip(entry, 1_000);
    await utimes(entry, atime, mtime);
    assertEquals(await again(), layer!.size);
    await assertHolds(tar, image);

    // A record that cannot be read, or is of another file, is none.
    for (const text of ["{", "", (await readFile(record, "utf8")).slice(9)]) {
      await writeFile(record, text);
      await flip(entry, 1_000);
      assertEquals(await again(), layer!.size);
      await assertHolds(tar, image);
    }
  }));
