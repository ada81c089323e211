/** Files that are written for a program. */
import { assertEquals, assertRejects } from "@std/assert";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { LOADERS, type LoadingProgram } from "../../lib/copy/loaders.ts";
import { InvalidSettingError, StorageError } from "../../lib/image/errors.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld, readArchive } from "./world.ts";

const skip = typeof zlib.zstdCompressSync !== "function" &&
  "this runtime knows no zstd";
const image = await buildImage({ layers: 2 });

test(
  "each program gets a form that it takes",
  { skip },
  () =>
    inPullWorld(async ({ registry, pull, folder }) => {
      registry.add("team/app", image, "1");
      for (const program of Object.keys(LOADERS) as LoadingProgram[]) {
        const { ending, format } = LOADERS[program];
        const output = join(folder, `${program}${ending}`);
        await pull("team/app:1", { output, for: program });
        if (ending !== ".tar") continue;
        const members = await readArchive(output);
        assertEquals(members.has("manifest.json"), format === "tar", program);
      }
      await assertRejects(
        () => pull("team/app:1", { for: "docker", format: "tar" }),
        TypeError,
      );
    }),
);

test(
  "k3s gets a file whose time is its image's",
  { skip },
  () =>
    inPullWorld(async ({ registry, pull, folder }) => {
      registry.add("team/app", image, "1");
      const output = join(folder, "a.tar.zst");
      for (let times = 0; times < 2; times++) {
        await pull("team/app:1", { output, for: "k3s", force: true });
        const { mtime } = await stat(output);
        assertEquals(mtime.toISOString(), "2024-01-02T03:04:05.000Z");
      }
      const { upToDate } = await pull("team/app:1", { output, for: "k3s" });
      assertEquals(upToDate, true);
    }),
);

test("k3s gets no file that it takes for a list", () =>
  inPullWorld(async ({ registry, pull, folder, asked }) => {
    registry.add("team/app", image, "1");
    for (const name of ["images.txt", "app.tar.txt", "app", "a.tar.xz"]) {
      const error = await assertRejects(
        () => pull("team/app:1", { output: join(folder, name), for: "k3s" }),
        StorageError,
      );
      assertEquals(error.code, "not-for-k3s");
    }
    assertEquals(asked(), []);
    assertEquals(await readdir(folder), []);
  }));

test("what the runtime cannot compress, or an index cannot name, is told before anything is asked for", () =>
  inPullWorld(async ({ registry, pull, folder, asked }) => {
    registry.add("team/app", image, "1");
    const wrong: [string, Parameters<typeof pull>[1]][] = [
      ["other-layers", { layers: "gzip", index: "original" }],
    ];
    // Node 20 has no zstd.
    if (skip) {
      wrong.push(["no-zstd", { layers: "zstd" }]);
      wrong.push(["no-zstd", { output: join(folder, "a.tar.zst") }]);
      wrong.push(["no-zstd", { for: "k3s", output: join(folder, "a.tzst") }]);
    }
    for (const [code, options] of wrong) {
      const error = await assertRejects(
        () => pull("team/app:1", options),
        InvalidSettingError,
      );
      assertEquals(error.code, code);
    }
    assertEquals(asked(), []);
  }));
