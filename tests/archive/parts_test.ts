/** How archives are cut, and put together again. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { Buffer } from "node:buffer";
import { basename, join } from "node:path";
import process from "node:process";
import { partPath, partsOf } from "../../lib/archive/parts.ts";
import type { Member } from "../../lib/archive/plan.ts";
import { planArchive } from "../../lib/archive/plan.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { inPullWorld, type PullWorld } from "../copy/world.ts";
import { randomFrom } from "../faults/random.ts";
import { buildImage, sha256 } from "../fixtures/mod.ts";
import { test } from "../harness.ts";

test("partsOf() covers all, and cuts no blob that fits", () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = randomFrom("parts", seed);
    const members = Array.from(
      { length: random.int(1, 20) },
      (_, i): Member => {
        const name = `blobs/sha256/${i}`;
        const size = random.int(0, 9_000);
        const digest = sha256(new TextEncoder().encode(name));
        return random.chance(0.7)
          ? { name, size, blob: { mediaType: "x/y", digest, size } }
          : { name, size, bytes: new Uint8Array(size) };
      },
    );
    const plan = planArchive(members);
    const limit = random.int(1_024, 12_000);
    const parts = partsOf(plan, limit);
    assertEquals(parts, partsOf(plan, limit));
    let at = 0;
    for (const { start, end } of parts) {
      assertEquals(start, at);
      assert(end > start && end - start <= limit);
      at = end;
    }
    assertEquals(at, plan.size);
    for (const { offset, descriptor: { size } } of plan.blobs.values()) {
      if (size + 512 > limit || size === 0) continue;
      const cut = parts.filter(({ start, end }) =>
        start < offset + size && end > offset - 512
      );
      assertEquals(cut.length, 1, `${seed}: ${offset} ${size} ${limit}`);
    }
  }
  assertEquals(partPath("a.tar", 8, 9), "a.tar.009");
  assertEquals(partPath("a.tar", 8, 1_000), "a.tar.0009");
});

const LIMIT = 20_000;
const image = await buildImage({
  layers: [
    { seed: "a", size: 12_000 },
    { seed: "b", size: 30_000 },
    { seed: "c", size: 15_000 },
    { seed: "d", size: 3_000 },
  ],
});

/** Pulls an image whole and in parts. */
async function cut(
  { registry, folder, pull }: PullWorld,
  cacheDir: string | false,
) {
  registry.add("team/app", image, "1");
  const whole = join(folder, "whole.tar");
  await pull("team/app:1", { output: whole, cacheDir: false });
  const bytes = await readFile(whole);
  const path = join(folder, "out/app's.tar");
  const options = { output: path, split: LIMIT, cacheDir };
  const result = await pull("team/app:1", options);
  return { path, bytes, options, parts: result.parts ?? [], result };
}

for (const cache of [true, false]) {
  const way = cache ? "with a cache" : "without a cache";

  test(`parts are together the archive, and a lost one is made again alone, ${way}`, () =>
    inPullWorld(async (world) => {
      const { folder, asked, pull } = world;
      const cacheDir = cache && join(folder, "cache");
      const { path, bytes, options, parts, result } = await cut(
        world,
        cacheDir,
      );
      assert(parts.length > 3, `${parts.length}`);
      assertEquals(result.size, bytes.length);
      const read = () => Promise.all(parts.map((part) => readFile(part)));
      const all = await read();
      assert(bytes.equals(Buffer.concat(all)));
      assert(all.every(({ length }) => length <= LIMIT));
      const list = await readFile(`${path}.sha256`, "utf8");
      const sum = (bytes: Uint8Array) =>
        createHash("sha256").update(bytes).digest("hex");
      assertEquals(
        list,
        [...parts, path].map((name) => basename(name)).map((name, i) =>
          `${sum(all[i] ?? bytes)}  ${name}\n`
        ).join(""),
      );
      assertEquals(
        (await readdir(join(folder, "out"))).sort(),
        [
          ...parts.map((part) => basename(part)),
          ...["check.ps1", "check.sh", "sha256"].map((ending) =>
            `${basename(path)}.${ending}`
          ),
        ].sort(),
      );
      if (cache) await rm(join(folder, "cache"), { recursive: true });
      for (const [i, part] of parts.entries()) {
        await rm(part);
        asked();
        const again = await pull("team/app:1", { ...options, part: i + 1 });
        assertEquals(again.parts, [part]);
        assert(all[i]!.equals(await readFile(part)), part);
        // Nothing else was fetched or written.
        const layers = image.layers.map(({ digest }) => digest);
        const count = asked().filter((line) =>
          layers.some((digest) =>
            line.includes(digest)
          )
        ).length;
        assert(cache || count < layers.length, `${count}`);
        assertEquals(again.size, all[i]!.length);
      }
      assertEquals(await readFile(`${path}.sha256`, "utf8"), list);
    }));
}

test("what a killed process has left of parts goes with the next ones", () =>
  inPullWorld(async (world) => {
    const { folder, pull } = world;
    const { options, parts } = await cut(world, false);
    const name = basename(parts[0]!).replace(/\.\d+$/, "");
    const out = join(folder, "out");
    const old = [`.${name}.900.partial`, `.${name}.9000.partial`];
    const others = [`.${name}.x.partial`, `.${name}2.900.partial`];
    for (const each of [...old, ...others]) {
      await writeFile(join(out, each), "x");
    }
    await pull("team/app:1", { ...options, force: true });
    const left = (await readdir(out)).filter((each) => each.startsWith("."));
    assertEquals(left.sort(), others.sort());
  }));

test("a part that is another by now is not written", () =>
  inPullWorld(async (world) => {
    const { registry, folder, pull } = world;
    const { options, parts } = await cut(world, false);
    const before = await readFile(parts[0]!);
    registry.add("team/app", await buildImage({ seed: "other" }), "1");
    const other = await assertRejects(
      () => pull("team/app:1", { ...options, part: 1 }),
      StorageError,
    );
    assertEquals([other.code, other.path], ["other-part", parts[0]]);
    assert(before.equals(await readFile(parts[0]!)));
    const left = await readdir(join(folder, "out"));
    assert(!left.some((name) => name.endsWith(".partial")), left.join());
    const error = await assertRejects(
      () => pull("team/app:1", { ...options, part: 500 }),
      StorageError,
    );
    assertEquals(error.code, "no-such-part");
    // A smaller one takes its place, and leaves no part of the former.
    const result = await pull("team/app:1", options);
    const names = await readdir(join(folder, "out"));
    assertEquals(
      names.filter((name) => /\.\d+$/.test(name)).length,
      result.parts!.length,
    );
    assert(result.parts!.length < parts.length);
  }));

test("what is no part is not replaced", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("team/app", image, "1");
    const output = join(folder, "x.tar");
    for (const [ending, text] of [[".002", "mine"], [".sha256", "mine"]]) {
      await writeFile(output + ending, text!);
      const how = { output, split: LIMIT };
      const error = await assertRejects(
        () => pull("team/app:1", how),
        StorageError,
      );
      assertEquals([error.code, error.path], [
        "not-an-archive",
        output + ending,
      ]);
      assertEquals(await readFile(output + ending, "utf8"), "mine");
      await rm(output + ending);
    }
    await writeFile(`${output}.002`, "mine");
    await pull("team/app:1", { output, split: LIMIT, force: true });
    await pull("team/app:1", { output, split: LIMIT });
  }));

test("a layer that turns out wrong leaves no part", () =>
  inPullWorld(async (world) => {
    const { registry, folder, pull } = world;
    registry.add("team/app", image, "1");
    const bad = image.layers[2]!.digest;
    registry.fault = ({ path }) =>
      path.endsWith(bad) ? { flipAt: 3 } : undefined;
    for (const cacheDir of [false, join(folder, "cache")] as const) {
      await assertRejects(() =>
        pull("team/app:1", {
          output: join(folder, "out/x.tar"),
          split: LIMIT,
          cacheDir,
          retries: 0,
        })
      );
      assertEquals(await readdir(join(folder, "out")), []);
    }
  }));

test("plain layers, and the old form, are cut as well", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("team/app", image, "1");
    for (
      const how of [
        { layers: "plain" },
        { format: "docker-legacy" },
        { format: "oci-archive" },
      ] as const
    ) {
      const whole = await pull("team/app:1", { ...how, force: true });
      const split = { ...how, split: LIMIT, output: join(folder, "x.tar") };
      const { parts } = await pull("team/app:1", split);
      const all = await Promise.all(parts!.map((part) => readFile(part)));
      assert(Buffer.concat(all).equals(await readFile(whole.path)));
      const again = await pull("team/app:1", { ...split, part: 2 });
      assert(all[1]!.equals(await readFile(again.parts![0]!)));
    }
    for (const name of ["x.tar.gz", "x.tzst"]) {
      const output = join(folder, name);
      const error = await assertRejects(
        () => pull("team/app:1", { output, split: LIMIT }),
        StorageError,
      );
      assertEquals(error.code, "split-compressed");
    }
    await assertRejects(
      () =>
        pull("team/app:1", {
          output: join(folder, "y"),
          format: "oci",
          split: LIMIT,
        }),
      RangeError,
    );
  }));

for (
  const [name, ...shell] of [
    ["sh", "sh"],
    ["dash", "dash"],
    ["bash", "bash", "--posix"],
    ["busybox", "busybox", "sh"],
  ] as [string, string, ...string[]][]
) {
  const [program, ...first] = shell;
  const there = spawnSync(program!, [...first, "-c", "exit 0"]).status === 0;
  test(`the script beside the parts tells what is wrong, in ${name}`, {
    skip: !there && `there is no ${name}`,
  }, () =>
    inPullWorld(async (world) => {
      const { path, bytes, parts } = await cut(world, false);
      const script = `${path}.check.sh`;
      const run = (env: Record<string, string> = {}) => {
        const { status, stdout, stderr } = spawnSync(
          program!,
          [...first, script],
          { encoding: "utf8", env: { PATH: process.env.PATH, ...env } },
        );
        return { status, text: stdout + stderr };
      };
      const right = run();
      assertEquals(right.status, 0, right.text);
      const part = parts[1]!;
      const own = await readFile(part);
      await writeFile(
        part,
        Buffer.concat([own.subarray(1), own.subarray(0, 1)]),
      );
      const damaged = run();
      assertEquals(damaged.status, 1);
      assert(damaged.text.includes(`damaged: ${basename(part)}\n`));
      await rename(part, `${part}.away`);
      const missing = run({ JOIN: "1" });
      assertEquals(missing.status, 1);
      assert(missing.text.includes(`missing: ${basename(part)}\n`));
      await writeFile(part, own);
      const joined = run({ JOIN: "1" });
      assertEquals(joined.status, 0, joined.text);
      assert(bytes.equals(await readFile(path)));
    }));
}
