import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pullImages } from "../../lib/copy/pull.ts";
import {
  DownloadLimitError,
  InvalidSetError,
  PlatformNotFoundError,
  RegistryError,
} from "../../lib/image/errors.ts";
import { planPull } from "../../lib/look/plan.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

const [one, two] = await Promise.all(
  ["one", "two"].map((seed) =>
    buildImage({ seed, layers: [{ seed: "base", size: 9000 }, { seed }] })
  ),
);
const arm = await buildImage({
  seed: "arm",
  platform: { os: "linux", architecture: "arm64" },
});
const ONE = "registry.test/team/one:1";
const TWO = "registry.test/team/two:1";
const BOTH = "registry.test/team/both:1";

async function inWorld(
  body: (world: {
    registry: FakeRegistry;
    folder: string;
    options: Parameters<typeof planPull>[1] & { cacheDir: string };
  }) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const registry = new FakeRegistry();
    registry.add("team/one", one!, "1");
    registry.add("team/two", two!, "1");
    registry.add("team/both", buildIndex([one!, arm]), "1");
    const { fetch } = registry;
    const cacheDir = join(folder, "cache");
    const platform = "linux/amd64";
    await body({
      registry,
      folder,
      options: { fetch, cacheDir, folder, platform, retries: 0 },
    });
    registry.assertNoOpenBodies();
  });
}

const sizeOf = (...layers: { size: number }[]) =>
  layers.reduce((sum, { size }) => sum + size, 0);

test("planPull() tells what a pull fetches, each layer once, and keeps nothing", () =>
  inWorld(async ({ registry, folder, options }) => {
    const plan = await planPull([ONE, TWO], options);
    const [base, own] = one!.layers;
    const other = two!.layers[1]!;
    assertEquals(plan.download, sizeOf(base!, own!, other));
    assertEquals(plan.size, plan.download);
    assertEquals(plan.blobs, 3);
    assertEquals(
      plan.images.map(({ size, download, upToDate }) => [
        size,
        download,
        upToDate,
      ]),
      [one!, two!].map(({ layers }) => [
        sizeOf(...layers),
        sizeOf(...layers),
        false,
      ]),
    );
    const [{ host, requests, pulls }] = plan.requests as [
      typeof plan.requests[number],
    ];
    assertEquals([host, requests], ["registry.test", registry.log.length]);
    assertEquals(pulls, 2);
    const [need] = plan.disk;
    assertEquals(need!.needed, plan.written + plan.download);
    assert(need!.free! > 0);
    assertEquals(await readdir(folder), []);
    // The pull does what was said.
    const { downloaded } = await pullImages([ONE, TWO], options);
    assertEquals(downloaded, plan.download);
  }));

test("planPull() counts what is in the cache, and what is there unchanged", () =>
  inWorld(async ({ folder, options }) => {
    await pullImages([ONE], options);
    const again = await planPull([ONE, TWO], options);
    assertEquals(again.images.map(({ upToDate }) => upToDate), [true, false]);
    assertEquals(again.download, two!.layers[1]!.size);
    assertEquals(again.images[1]!.cached, one!.layers[0]!.size);
    const output = join(folder, "all.tar");
    const all = await planPull([ONE, TWO], { ...options, output });
    assertEquals(all.images.map(({ path }) => path), [output, output]);
    assertEquals(all.download, two!.layers[1]!.size);
    const none = await planPull([ONE], { ...options, cacheDir: false });
    // What is there was verified; without a cache it is read.
    assertEquals(none.images[0]!.upToDate, true);
    const anew = { ...options, cacheDir: false, force: true } as const;
    assertEquals(
      (await planPull([ONE], anew)).download,
      sizeOf(...one!.layers),
    );
  }));

test("planPull() counts what a run that broke off has left", () =>
  inWorld(async ({ registry, folder, options }) => {
    const [large] = one!.layers;
    registry.fault = ({ path }) =>
      path.includes(large!.digest) ? { closeAfter: 8192 } : undefined;
    await pullImages([ONE], { ...options, retries: 0 });
    registry.fault = undefined;
    const left = await planPull([ONE], { ...options, folder });
    assert(left.download < sizeOf(...one!.layers));
    const { downloaded } = await pullImages([ONE], options);
    assert(downloaded <= sizeOf(large!));
  }));

test("planPull() tells of several platforms, and of what cannot be had", () =>
  inWorld(async ({ options }) => {
    const plan = await planPull(
      [BOTH, "registry.test/team/none:1", ONE],
      { ...options, platform: ["linux/arm64", "linux/amd64"] },
    );
    assertEquals(
      plan.images.map(({ platform }) => platform!.architecture).sort(),
      ["amd64", "amd64", "arm64"],
    );
    assertEquals(
      plan.failures.map(({ error }) => (error as Error).name).sort(),
      ["PlatformNotFoundError", "RegistryError"],
    );
    const [failed] = plan.failures.filter(({ error }) =>
      error instanceof PlatformNotFoundError
    );
    assertEquals(failed!.platform!.architecture, "arm64");
    assert(plan.failures.some(({ error }) => error instanceof RegistryError));
  }));

test("planPull() reads how many pulls are left", () =>
  inWorld(async ({ registry, options }) => {
    registry.amend = (_, answer) => ({
      ...answer,
      headers: {
        ...answer.headers,
        "ratelimit-limit": "100;w=21600",
        "ratelimit-remaining": "42;w=21600",
      },
    });
    const { requests } = await planPull([ONE], options);
    assertEquals(requests[0]!.limit, {
      remaining: 42,
      total: 100,
      window: 21600,
    });
  }));

test("maxBytes refuses a pull before a layer is fetched or a file is made", () =>
  inWorld(async ({ registry, folder, options }) => {
    const { download } = await planPull([ONE, TWO], options);
    for (const output of [undefined, join(folder, "all.tar")]) {
      for (const cacheDir of [options.cacheDir, false] as const) {
        const limit = { ...options, cacheDir, output, maxBytes: download - 1 };
        if (output !== undefined) delete limit.folder;
        const error = await assertRejects(
          () => pullImages([ONE, TWO], limit),
          DownloadLimitError,
        );
        const { needed, limit: most, code } = error;
        assertEquals([needed, most, code], [
          download,
          download - 1,
          "max-bytes",
        ]);
      }
    }
    assertEquals(
      registry.log.filter((line) =>
        one!.layers.some(({ digest }) => line.includes(digest))
      ),
      [],
    );
    assertEquals(await readdir(folder), ["cache"]);
    const { results } = await pullImages([ONE, TWO], {
      ...options,
      maxBytes: download,
    });
    assertEquals(results.length, 2);
    // All is in the cache now.
    const output = join(folder, "one.tar");
    const { folder: _, ...rest } = options;
    await pullImages([ONE], { ...rest, output, maxBytes: 0 });
    assert(existsSync(output));
  }));

test("planPull() refuses what a pull refuses", () =>
  inWorld(async ({ folder, options }) => {
    await assertRejects(() => planPull([], options), InvalidSetError);
    await assertRejects(
      () => planPull(["A B", "also wrong:"], options),
      InvalidSetError,
    );
    await assertRejects(
      () => planPull([ONE], { ...options, maxBytes: -1 }),
      RangeError,
    );
    const file = join(folder, "notes.txt");
    await writeFile(file, "mine");
    const { folder: _, ...rest } = options;
    await assertRejects(() => planPull([ONE], { ...rest, output: file }));
  }));
