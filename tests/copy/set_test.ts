/** Sets of images: shared blobs, several files, one archive, failures. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { InvalidSetError, RegistryError } from "../../lib/image/errors.ts";
import type { PullEvent } from "../../lib/image/events.ts";
import { archiveStream } from "../../lib/copy/archive_stream.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import type { PullImagesOptions } from "../../lib/copy/pull_options.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld, type PullWorld, readArchive } from "./world.ts";

const base = { seed: "base", size: 200_000 };
const images = await Promise.all(
  ["one", "two", "three"].map((seed) =>
    buildImage({ seed, layers: [base, { seed, size: 50_000 }] })
  ),
);
const [one, two, three] = images;
const NAMES = ["one", "two", "three"];

function fill({ registry }: PullWorld): void {
  for (const [i, name] of NAMES.entries()) {
    registry.add(`team/${name}`, images[i]!, "1");
  }
}

/** Pulls a set in a test's world. */
export function pullSet(
  { registry, folder, events }: PullWorld,
  names: readonly string[],
  options: PullImagesOptions = {},
) {
  events.length = 0;
  return pullImages(names.map((name) => `registry.test/${name}`), {
    fetch: registry.fetch,
    platform: "linux/amd64",
    cacheDir: join(folder, "cache"),
    retries: 0,
    onEvent: (event) => void events.push(event),
    ...options,
  });
}

const SET = NAMES.map((name) => `team/${name}:1`);

/** How often each blob was asked for. */
function counts(asked: readonly string[]): number[] {
  const blobs = new Map<string, number>();
  for (const line of asked) {
    const digest = /\/blobs\/(sha256:.*)/.exec(line)?.[1];
    if (digest) blobs.set(digest, (blobs.get(digest) ?? 0) + 1);
  }
  return [...blobs.values()];
}

for (const cache of [true, false]) {
  const way = cache ? "with a cache" : "without a cache";
  const withCache = (folder: string): PullImagesOptions => ({
    cacheDir: cache && join(folder, "cache"),
  });

  test(`pullImages() writes each to a file of its own, ${way}, and fetches each blob once`, () =>
    inPullWorld(async (world) => {
      fill(world);
      const { folder, asked } = world;
      const files = join(folder, "files");
      const options = { ...withCache(folder), folder: files };
      const result = await pullSet(world, SET, options);
      assertEquals(result.failures, []);
      assertEquals((await readdir(files)).sort(), [
        "registry.test_team_one_1_amd64.tar",
        "registry.test_team_three_1_amd64.tar",
        "registry.test_team_two_1_amd64.tar",
      ]);
      const each = counts(asked());
      assertEquals(each.length, 4 + 3);
      assertEquals(new Set(each), new Set([1]));
      for (const [i, { path }] of result.results.entries()) {
        const { problems, images: found } = await verifyImage(path);
        assertEquals([problems, found.length], [[], 1]);
        // The very file that a pull of its own gives.
        const alone = join(folder, "alone.tar");
        await world.pull(SET[i]!, { output: alone });
        assert((await readFile(alone)).equals(await readFile(path)));
      }
      assertEquals(result.layers, 4);
      const sum = result.results.reduce(
        (sum, each) => sum + each.downloaded,
        0,
      );
      assertEquals(sum, result.downloaded);
      const again = await pullSet(world, SET, options);
      assertEquals(again.results.map(({ upToDate }) => upToDate), [
        true,
        true,
        true,
      ]);
    }));

  test(`pullImages() writes one archive of all, ${way}, with each blob once`, () =>
    inPullWorld(async (world) => {
      fill(world);
      const { folder, asked } = world;
      const output = join(folder, "all.tar");
      const options = { ...withCache(folder), output };
      const { results, failures } = await pullSet(world, SET, options);
      assertEquals([results.length, failures], [3, []]);
      assertEquals(new Set(counts(asked())), new Set([1]));
      const members = await readArchive(output);
      const json = (name: string) =>
        JSON.parse(new TextDecoder().decode(members.get(name)));
      assertEquals(
        json("manifest.json").map(({ RepoTags }: { RepoTags: string[] }) =>
          RepoTags
        ),
        NAMES.map((name) => [`registry.test/team/${name}:1`]),
      );
      assertEquals(json("index.json").manifests.length, 3);
      const blobs = [...members.keys()].filter((name) =>
        name.includes("blobs/")
      );
      assertEquals(blobs.length, 3 * 2 + 4);
      assertEquals((await verifyImage(output)).problems, []);
      const again = await pullSet(world, SET, options);
      assert(again.results.every(({ upToDate }) => upToDate));
      // What was there first is in the same place for any number of connections.
      const other = join(folder, "other.tar");
      const many = { concurrency: 16, cacheDir: false, output: other } as const;
      await pullSet(world, SET, many);
      assert((await readFile(other)).equals(await readFile(output)));
    }));

  test(`pullImages() fills one layout, ${way}`, () =>
    inPullWorld(async (world) => {
      fill(world);
      const { folder, asked } = world;
      const output = join(folder, "layout");
      const options: PullImagesOptions = {
        ...withCache(folder),
        output,
        format: "oci",
      };
      await pullSet(world, SET, options);
      assertEquals(new Set(counts(asked())), new Set([1]));
      const { problems, images: found } = await verifyImage(output);
      assertEquals([problems, found.length], [[], 3]);
      const again = await pullSet(world, SET, options);
      assert(again.results.every(({ upToDate }) => upToDate));
    }));

  test(`pullImages() fills a layout each, ${way}`, () =>
    inPullWorld(async (world) => {
      fill(world);
      const { folder, asked } = world;
      const files = join(folder, "files");
      const { results } = await pullSet(world, SET, {
        ...withCache(folder),
        folder: files,
        format: "oci",
      });
      assertEquals(new Set(counts(asked())), new Set([1]));
      for (const { path } of results) {
        const { problems, images: found } = await verifyImage(path);
        assertEquals([problems, found.length], [[], 1]);
      }
    }));

  test(`pullImages() finishes the others where one fails, ${way}`, () =>
    inPullWorld(async (world) => {
      fill(world);
      const { folder, registry } = world;
      const files = join(folder, "files");
      const lost = two!.layers[1]!.digest;
      registry.fault = ({ path }) =>
        path.endsWith(lost) ? { status: 404 } : undefined;
      const options = { ...withCache(folder), folder: files };
      const { results, failures } = await pullSet(
        world,
        ["team/none:1", ...SET],
        options,
      );
      assertEquals(
        failures.map(({ reference, error }) => [
          reference.repository,
          (error as RegistryError).status,
        ]),
        [["team/none", 404], ["team/two", 404]],
      );
      assertEquals(results.map(({ reference }) => reference.repository), [
        "team/one",
        "team/three",
      ]);
      for (const { path } of results) {
        assertEquals((await verifyImage(path)).problems, []);
      }
      registry.fault = undefined;
      const again = await pullSet(world, SET, options);
      assertEquals(again.failures, []);
      assertEquals(again.results.map(({ upToDate }) => upToDate), [
        true,
        false,
        true,
      ]);
    }));

  test(`pullImages() writes no archive that lacks something, ${way}, unless it is to`, () =>
    inPullWorld(async (world) => {
      fill(world);
      const { folder, registry, asked } = world;
      const output = join(folder, "all.tar");
      const lost = [one!.layers[1]!.digest, three!.layers[1]!.digest];
      registry.fault = ({ path }) =>
        lost.some((digest) => path.endsWith(digest))
          ? { status: 404 }
          : undefined;
      const options = { ...withCache(folder), output };
      const { results, failures, unwritten } = await pullSet(
        world,
        SET,
        options,
      );
      assertEquals([results, unwritten], [[], output]);
      assertEquals(failures.map(({ reference }) => reference.repository), [
        "team/one",
        "team/three",
      ]);
      assert(!existsSync(output));
      asked();
      const kept = await pullSet(world, ["team/none:1", ...SET], {
        ...options,
        keepGoing: true,
      });
      assertEquals(kept.failures.length, 3);
      assertEquals(kept.results.length, 1);
      assertEquals(kept.unwritten, undefined);
      const members = await readArchive(output);
      const index = JSON.parse(
        new TextDecoder().decode(members.get("index.json")),
      );
      assertEquals(index.annotations, {
        "docker-pull.missing": "registry.test/team/none:1, " +
          "registry.test/team/one:1, registry.test/team/three:1",
      });
      assertEquals(index.manifests.length, 1);
      assertEquals((await verifyImage(output)).problems, []);
      // Nothing of what was missing is asked for where a name is not known.
      await assertNothingFetched(world, ["team/none:1", ...SET], options);
    }));
}

async function assertNothingFetched(
  world: PullWorld,
  set: string[],
  options: PullImagesOptions,
): Promise<void> {
  world.asked();
  const { failures, unwritten } = await pullSet(world, set, options);
  assertEquals([failures.length, unwritten], [1, options.output]);
  assertEquals(counts(world.asked()), []);
}

test("pullImages() takes a blob from where it is, whoever else has it", () =>
  inPullWorld(async (world) => {
    fill(world);
    const { registry, folder } = world;
    const shared = one!.layers[0]!.digest;
    registry.fault = ({ path }) =>
      path.endsWith(`team/one/blobs/${shared}`) ? { status: 404 } : undefined;
    const options = { folder: join(folder, "files") };
    const { results, failures } = await pullSet(world, SET, options);
    assertEquals([results.length, failures], [3, []]);
  }));

test("pullImages() takes the right bytes from where they are", () =>
  inPullWorld(async (world) => {
    fill(world);
    const { registry, folder } = world;
    const shared = one!.layers[0]!.digest;
    registry.fault = ({ path }) =>
      path.endsWith(`team/one/blobs/${shared}`) ? { flipAt: 9 } : undefined;
    for (const cacheDir of [false, join(folder, "cache")] as const) {
      const output = join(folder, `${cacheDir !== false}.tar`);
      const { failures } = await pullSet(world, SET, { output, cacheDir });
      assertEquals(failures, []);
      assertEquals((await verifyImage(output)).problems, []);
    }
  }));

test("pullImages() goes on without what fails while it does so", () =>
  inPullWorld(async (world) => {
    fill(world);
    const { registry, folder } = world;
    const output = join(folder, "all.tar");
    const [first, second] = [one!, two!].map(({ layers }) => layers[1]!.digest);
    let failed = false;
    registry.fault = ({ path }) => {
      failed ||= path.endsWith(first!);
      const wrong = path.endsWith(first!) || failed && path.endsWith(second!);
      return wrong ? { status: 404 } : undefined;
    };
    const options: PullImagesOptions = {
      output,
      keepGoing: true,
      cacheDir: false,
      concurrency: 1,
    };
    // Without a cache all is asked for anew, and the next one fails, too.
    const { results, failures } = await pullSet(world, SET, options);
    assertEquals(failures.length + results.length, 3);
    assert(failures.length >= 1 && results.length >= 1);
    assertEquals((await verifyImage(output)).problems, []);
  }));

test("pullImages() says of each event which images it is about", () =>
  inPullWorld(async (world) => {
    fill(world);
    const { folder, events } = world;
    await pullSet(world, SET, { output: join(folder, "all.tar") });
    const about = (type: PullEvent["type"]) =>
      events.filter((event) => event.type === type)
        .map(({ images }) => images);
    const names = SET.map((name) => `registry.test/${name}`);
    assertEquals(about("planned").flat().sort(), [...names].sort());
    assertEquals(about("resolved").flat().sort(), [...names].sort());
    assertEquals(about("written"), [names]);
    const done = about("blob-done");
    assertEquals(done.length, 4);
    assertEquals(done.filter((images) => images!.length === 3).length, 1);
    assert(events.every(({ images }) => images && images.length > 0));
  }));

test("pullImages() looks for all documents side by side", () =>
  inPullWorld(async (world) => {
    fill(world);
    const { registry, folder } = world;
    let most = 0;
    let now = 0;
    await pullSet(world, SET, {
      output: join(folder, "all.tar"),
      fetch: async (url, init) => {
        if (!url.includes("/manifests/")) return registry.fetch(url, init);
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 20));
        now--;
        return await registry.fetch(url, init);
      },
    });
    assertEquals(most, 3);
  }));

test("pullImages() names everything that is wrong with a set, and fetches nothing", () =>
  inPullWorld(async (world) => {
    const { folder, registry } = world;
    const error = await assertRejects(
      () =>
        pullImages([
          "team/one:1",
          { reference: "a/Team:1", from: "list.txt:2" },
          { reference: "x y", from: "list.txt:3" },
          { reference: "ok", platforms: "amd65/x/y/z", from: "list.txt:4" },
        ], { fetch: registry.fetch, cacheDir: join(folder, "cache") }),
      InvalidSetError,
    );
    assert(error.problem.code === "bad-images");
    assertEquals(
      error.problem.images.map(({ text, from }) => [text, from]),
      [["a/Team:1", "list.txt:2"], ["x y", "list.txt:3"], [
        "amd65/x/y/z",
        "list.txt:4",
      ]],
    );
    assertEquals(registry.log, []);
    assertEquals(await readdir(folder), []);
  }));

test("pullImages() refuses what cannot be told apart where it goes", () =>
  inPullWorld(async (world) => {
    fill(world);
    const { folder, registry } = world;
    registry.add("team_one", two!, "1");
    const same = await assertRejects(
      () => pullSet(world, ["team/one:1", "team_one:1"], { folder }),
      InvalidSetError,
    );
    assertEquals(same.code, "two-at-a-path");
    assertEquals(registry.log, []);
    const digest = two!.manifest.descriptor.digest;
    registry.add("team/one", two!, "2");
    const named = await assertRejects(
      () =>
        pullSet(world, ["team/one:1", `team/one:1@${digest}`], {
          output: join(folder, "all.tar"),
        }),
      InvalidSetError,
    );
    assertEquals(named.code, "two-of-a-name");
    const own = one!.manifest.descriptor.digest;
    const { results } = await pullSet(
      world,
      ["team/one:1", `team/one:1@${own}`, "team/one:1"],
      { output: join(folder, "all.tar") },
    );
    assertEquals(results.length, 1);
  }));

test("twenty images that share layers cost each blob once, wherever they go", () =>
  inPullWorld(async (world) => {
    const { registry, folder, asked } = world;
    const shared = Array.from(
      { length: 5 },
      (_, i) => ({ seed: `shared-${i}`, size: 40_000 + i }),
    );
    const names = Array.from({ length: 20 }, (_, i) => `team/app-${i}:1`);
    const blobs = new Map<string, number>();
    for (const [i, name] of names.entries()) {
      const seed = `own-${i}`;
      const own = await buildImage({
        seed,
        layers: [...shared.slice(i % 3), { seed, size: 3000 }],
      });
      registry.add(name.slice(0, -2), own, "1");
      for (const [digest, { length }] of own.blobs) blobs.set(digest, length);
    }
    const wanted = [...blobs.values()].reduce((sum, size) => sum + size, 0);
    const check = (what: string) => {
      const since = registry.requests.slice(-asked().length);
      const paths = since.map(({ path }) => path);
      const times = counts(
        since.map(({ method, path }) => `${method} ${path}`),
      );
      assertEquals(times.length, blobs.size, what);
      assertEquals(new Set(times), new Set([1]), what);
      const sent = since.filter(({ path }) => path.includes("/blobs/"))
        .reduce((sum, { sent }) => sum + sent, 0);
      assertEquals(sent, wanted, what);
      // One for each manifest, and nothing else.
      assertEquals(
        paths.filter((path) => !path.includes("/blobs/")).length,
        names.length,
        what,
      );
    };
    const ways: Record<string, PullImagesOptions> = {
      "one archive": { output: join(folder, "all.tar") },
      "a file each": { folder: join(folder, "files") },
      "one layout": { format: "oci" },
      "Docker's old form": {
        output: join(folder, "old.tar"),
        format: "docker-legacy",
      },
    };
    for (const [what, options] of Object.entries(ways)) {
      for (const cache of [true, false]) {
        const cacheDir = cache && join(folder, `cache ${what}`);
        const { failures, results } = await pullSet(world, names, {
          // A layout that is there is added to.
          output: options.format === "oci"
            ? join(folder, `layout ${cache}`)
            : undefined,
          ...options,
          cacheDir,
          force: true,
        });
        assertEquals([failures, results.length], [[], 20], what);
        check(`${what}, ${cache}`);
      }
    }
    for (
      const cacheDir of [join(folder, "cache of a stream"), false] as const
    ) {
      const stream = archiveStream(
        names.map((name) => `registry.test/${name}`),
        { fetch: registry.fetch, platform: "linux/amd64", cacheDir },
      );
      const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
      assert((await readFile(join(folder, "all.tar"))).equals(bytes));
      check(`a stream, ${cacheDir}`);
    }
  }));
