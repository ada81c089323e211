/** Archives that are compressed as a whole, by the endings of their names. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { compressionOf } from "../../lib/compression/compression.ts";
import { ContentMismatchError, StorageError } from "../../lib/image/errors.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld } from "./world.ts";

const ENDINGS = {
  ".tar.gz": "gzip",
  ".tgz": "gzip",
  ".TAR.GZ": "gzip",
  ".tar.zst": "zstd",
  ".tar": "none",
} as const;

const skipZstd = typeof zlib.zstdCompressSync !== "function";
const image = await buildImage({ layers: [{ size: 700_000 }, {}, {}] });
const hash = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex");

function expanded(bytes: Uint8Array): Uint8Array {
  const kind = compressionOf(bytes);
  return kind === "gzip"
    ? zlib.gunzipSync(bytes)
    : kind === "zstd"
    ? zlib.zstdDecompressSync(bytes)
    : bytes;
}

for (const [ending, kind] of Object.entries(ENDINGS)) {
  if (kind === "zstd" && skipZstd) continue;
  test(`${ending} is ${kind}, with the very bytes of the archive in it`, () =>
    inPullWorld(async ({ registry, pull, folder, asked }) => {
      registry.add("team/app", image, "1");
      await pull("team/app:1");
      const plain = hash(await readFile(join(folder, "image.tar")));
      const output = join(folder, `other${ending}`);
      const hashes = new Set<string>();
      for (const cacheDir of [join(folder, "cache"), false] as const) {
        for (const concurrency of [1, 16]) {
          const options = { output, cacheDir, concurrency };
          const { upToDate, size } = await pull("team/app:1", {
            ...options,
            force: true,
          });
          const bytes = await readFile(output);
          assertEquals([upToDate, size], [false, bytes.length]);
          assertEquals(compressionOf(bytes), kind);
          assertEquals(hash(expanded(bytes)), plain);
          hashes.add(hash(bytes));
          asked();
          const again = await pull("team/app:1", options);
          assertEquals([again.upToDate, again.size], [true, bytes.length]);
          // Without a cache, nobody has its configuration.
          const asks = asked().filter((line) =>
            image.layers.some(({ digest }) => line.includes(digest))
          );
          assertEquals(asks, []);
        }
      }
      assertEquals(hashes.size, 1);
      const names = (await readdir(folder)).filter((name) => name !== "cache");
      assertEquals(names.sort(), ["image.tar", `other${ending}`]);
    }));
}

test("a compressed archive that is damaged is written anew", () =>
  inPullWorld(async ({ registry, pull, folder }) => {
    registry.add("team/app", image, "1");
    const output = join(folder, "a.tar.gz");
    await pull("team/app:1", { output });
    const good = await readFile(output);
    for (const at of [5000, good.length - 5]) {
      const bad = Uint8Array.from(good);
      bad[at]! ^= 1;
      await writeFile(output, bad);
      const { upToDate } = await pull("team/app:1", { output });
      assertEquals(upToDate, false);
      assert(good.equals(await readFile(output)));
    }
    await writeFile(output, good.subarray(0, -9000));
    assertEquals((await pull("team/app:1", { output })).upToDate, false);
    assert(good.equals(await readFile(output)));
  }));

test("another image's compressed archive gives way, another file does not", () =>
  inPullWorld(async ({ registry, pull, folder }) => {
    registry.add("team/app", image, "1");
    registry.add("team/app", await buildImage({ seed: "other" }), "2");
    const output = join(folder, "a.tgz");
    await pull("team/app:1", { output });
    assertEquals((await pull("team/app:2", { output })).upToDate, false);
    for (
      const bytes of [zlib.gzipSync("notes"), Uint8Array.of(31, 139, 8, 1)]
    ) {
      await writeFile(output, bytes);
      const error = await assertRejects(
        () => pull("team/app:1", { output }),
        StorageError,
      );
      assertEquals(error.code, "not-an-archive");
    }
    await pull("team/app:1", { output, force: true });
  }));

test("nothing stays of a compressed archive that cannot be completed", () =>
  inPullWorld(async ({ registry, pull, folder }) => {
    registry.add("team/app", image, "1");
    const output = join(folder, "a.tar.gz");
    const digest = image.layers[0]!.digest;
    registry.fault = ({ path, method }) =>
      method === "GET" && path.includes(digest) ? { flipAt: 9 } : undefined;
    for (const cacheDir of [join(folder, "cache"), false] as const) {
      await assertRejects(
        () => pull("team/app:1", { output, cacheDir }),
        ContentMismatchError,
      );
      const names = await readdir(folder);
      assertEquals(names.filter((name) => name !== "cache"), []);
    }
    registry.fault = undefined;
    const controller = new AbortController();
    await assertRejects(() =>
      pull("team/app:1", {
        output,
        signal: controller.signal,
        onEvent({ type }) {
          if (type === "blob-done") controller.abort(new Error("enough"));
        },
      })
    );
    const names = await readdir(folder);
    assertEquals(names.filter((name) => name !== "cache"), []);
  }));

test("forms, layers and endings go together", () =>
  inPullWorld(async ({ registry, pull, folder }) => {
    registry.add("team/app", image, "1");
    for (const format of ["oci-archive", "docker-legacy"] as const) {
      const hashes: string[] = [];
      for (const name of ["a.tar", "a.tar.gz"]) {
        const output = join(folder, name);
        await pull("team/app:1", { output, format, layers: "plain" });
        hashes.push(hash(expanded(await readFile(output))));
        await rm(output);
      }
      assertEquals(hashes[0], hashes[1]);
    }
  }));
