/** Deltas: what is there already is neither fetched nor written. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copy } from "../../lib/copy/copy_places.ts";
import { importFiles } from "../../lib/copy/import/import_files.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import { deltaOf } from "../../lib/copy/targets/left_out.ts";
import { missingLayers } from "../../lib/copy/targets/missing_layers.ts";
import { type Base, DELTA, parseDelta } from "../../lib/image/delta.ts";
import { ArchiveError, DeltaError } from "../../lib/image/errors.ts";
import { readBase } from "../../lib/locks/base.ts";
import { formatLock } from "../../lib/locks/lock.ts";
import { lockImages } from "../../lib/locks/lock_images.ts";
import { inspectImage } from "../../lib/look/inspect.ts";
import { planPull } from "../../lib/look/plan.ts";
import { verifyAgainst } from "../../lib/verify/against.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import {
  buildImage,
  buildIndex,
  type BuiltImage,
  type LayerOptions,
} from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld, type PullWorld, readArchive } from "./world.ts";

const A: LayerOptions = { seed: "a", size: 4000 };
const B: LayerOptions = { seed: "b", size: 3000 };
const C: LayerOptions = { seed: "c", size: 2000 };
const base = await buildImage({ layers: [A, B] });
const app = await buildImage({ layers: [A, B, C] });
/** The same contents, compressed otherwise. */
const other = await buildImage({
  layers: [{ ...A, level: 0 }, { ...B, level: 0 }],
});
const blobOf = (digest: string) => `blobs/sha256/${digest.slice(7)}`;

function inWorld(body: (world: PullWorld) => Promise<void>): Promise<void> {
  return inPullWorld(async (world) => {
    world.registry.add("base", base, "1");
    world.registry.add("app", app, "1");
    world.registry.add("other", other, "1");
    await body(world);
  });
}

/** What the registry tells of images. */
function baseOf({ registry }: PullWorld, ...names: string[]): Promise<Base> {
  return readBase(names.map((name) => `registry.test/${name}`), {
    fetch: registry.fetch,
    platform: "linux/amd64",
  });
}

/** What an image's layers are, as a target tells them that has it. */
function held(
  { layers, diffIds, manifest }: BuiltImage,
  with_: { digests?: boolean; diffIds?: boolean } = {},
): Base {
  const { digests = true, diffIds: withIds = true } = with_;
  return {
    images: [{
      digests: [manifest.descriptor.digest],
      layers: layers.map(({ digest }, n) => ({
        ...(digests ? { digest } : {}),
        ...(withIds ? { diffId: diffIds[n]! } : {}),
      })),
    }],
    blobs: [],
  };
}

const sent = ({ layers, diffIds }: BuiltImage) => ({ layers, diffIds });
const digestsOf = (layers: readonly { digest: string }[]) =>
  layers.map(({ digest }) => digest);

test("a delta is the new layer and documents, and says what it lacks", () =>
  inWorld(async (world) => {
    const have = await baseOf(world, "base:1");
    world.asked();
    const { delta, size, path, downloaded } = await world.pull("app:1", {
      have,
    });
    const [a, b, c] = app.layers;
    const asked = world.asked().filter((line) => line.includes("/blobs/"));
    assertEquals(asked.filter((line) => line.includes(a!.digest)), []);
    assertEquals(asked.filter((line) => line.includes(b!.digest)), []);
    assertEquals(downloaded, c!.size);
    assertEquals((await stat(path)).size, size);
    const members = await readArchive(path);
    assert(members.has(blobOf(c!.digest)) && !members.has(blobOf(a!.digest)));
    assertEquals(digestsOf(delta!.layers), digestsOf([a!, b!]));
    assertEquals(delta!.base[0]!.layers, [0, 1]);
    assertEquals(delta!.base[0]!.name, "registry.test/base:1");
    const text = new TextDecoder().decode(members.get("index.json"));
    const { annotations } = JSON.parse(text);
    assertEquals(parseDelta(annotations[DELTA]), delta);
    // Docker's own list names all layers: it needs their number.
    const list = new TextDecoder().decode(members.get("manifest.json"));
    assertEquals(JSON.parse(list)[0].Layers.length, 3);
    for (const ending of ["sh", "ps1"]) {
      const script = await readFile(`${path}.check.${ending}`, "utf8");
      for (const digest of digestsOf(delta!.layers)) {
        assert(script.includes(digest));
      }
    }
    const told = world.events.flatMap((event) =>
      event.type === "blob-done" ? [event.source] : []
    );
    assertEquals(told.filter((source) => source === "target").length, 2);
    assertEquals((await world.pull("app:1", { have })).upToDate, true);
    assertEquals((await world.pull("app:1")).delta, undefined);
  }));

test("every kind of what tells of a target gives the same delta", () =>
  inWorld(async (world) => {
    const { folder, registry } = world;
    const options = { fetch: registry.fetch, platform: "linux/amd64" };
    const whole = join(folder, "base.tar");
    await world.pull("base:1", { output: whole });
    await copy(whole, `oci:${join(folder, "layout")}`);
    const { lock } = await lockImages(["registry.test/base:1"], options);
    const file = join(folder, "base.lock.json");
    await writeFile(file, formatLock(lock));
    const list = join(folder, "list.txt");
    const { digest } = base.manifest.descriptor;
    await writeFile(list, `registry.test/base@${digest}\n`);
    const inspected = join(folder, "base.json");
    await writeFile(
      inspected,
      JSON.stringify([{
        Id: digest,
        RepoTags: ["registry.test/base:1"],
        RepoDigests: [`registry.test/base@${digest}`],
        RootFS: { Type: "layers", Layers: base.diffIds },
      }]),
    );
    const sizes: number[] = [];
    for (
      const source of [
        "registry.test/base:1",
        whole,
        `oci:${join(folder, "layout")}`,
        file,
        list,
        inspected,
        lock,
      ]
    ) {
      const have = await readBase(source, options);
      const { delta } = await world.pull("app:1", { have, force: true });
      assertEquals(
        digestsOf(delta!.layers),
        digestsOf(app.layers.slice(0, 2)),
        `${source}`,
      );
      sizes.push(delta!.layers.length);
    }
    assertEquals(sizes.length, 7);
  }));

test("layers of the same content are left out only where they are found", () => {
  const shared = app.layers.slice(0, 2).map(({ digest }) => digest);
  const both = (have: Base, by: "both" | "diff-id" | "digest") =>
    digestsOf(deltaOf([sent(app)], have, by).layers);
  assertEquals(both(held(base), "both"), shared);
  assertEquals(both(held(other), "diff-id"), shared);
  const refused = (have: Base, by: "both" | "diff-id" | "digest") => {
    try {
      deltaOf([sent(app)], have, by);
    } catch (error) {
      assert(error instanceof DeltaError);
      return error.code;
    }
    return undefined;
  };
  assertEquals(refused(held(other), "both"), "by-diff-id");
  assertEquals(refused(held(other), "digest"), "by-diff-id");
  assertEquals(refused(held(base, { digests: false }), "both"), "by-diff-id");
  const blobs = { images: [], blobs: shared };
  assertEquals(both(blobs, "digest"), shared);
  assertEquals(refused(blobs, "both"), "by-digest");
  assertEquals(refused(blobs, "diff-id"), "by-digest");
  const nothing = { images: [], blobs: [`sha256:${"0".repeat(64)}`] };
  assertEquals(refused(nothing, "both"), "nothing-in-common");
});

test("a layer that lies on others again is sent for Docker", async () => {
  const above = await buildImage({ layers: [C, A, B] });
  const twice = await buildImage({ layers: [A, C, A] });
  assertEquals(
    digestsOf(deltaOf([sent(above)], held(base), "digest").layers),
    digestsOf(above.layers.slice(1)),
  );
  for (const image of [above, twice]) {
    let code = "";
    try {
      deltaOf([sent(image)], held(base), "both");
    } catch (error) {
      code = (error as DeltaError).code;
    }
    assertEquals(code, "by-digest");
  }
  // Of two images, one of which has it elsewhere, it is sent, too.
  const { layers } = deltaOf([sent(app), sent(above)], held(base), "digest");
  assertEquals(layers.length, 2);
});

test("what is known of a target says whether it has enough", () => {
  const delta = deltaOf([sent(app)], held(base), "both");
  const missing = (have: Base) =>
    missingLayers(delta, [sent(app)], have).map(({ digest }) => digest);
  const [a, b] = digestsOf(app.layers);
  assertEquals(missing(held(base)), []);
  assertEquals(missing(held(base, { digests: false })), []);
  assertEquals(missing({ images: [], blobs: [a!, b!] }), []);
  assertEquals(missing({ images: [], blobs: [a!] }), [b]);
  assertEquals(missing(held(other)), [a, b]);
});

test("what is kept as it was served is there by its bytes only", () => {
  const content = (image: BuiltImage, digests: boolean): Base => {
    const { images, blobs } = held(image, { digests });
    return {
      images: images.map((each) => ({ ...each, isContent: true })),
      blobs,
    };
  };
  const shared = digestsOf(app.layers.slice(0, 2));
  for (const by of ["both", "diff-id", "digest"] as const) {
    const { layers } = deltaOf([sent(app)], content(base, true), by);
    assertEquals(digestsOf(layers), shared);
    for (const have of [content(other, true), content(base, false)]) {
      assertThrows(
        () => deltaOf([sent(app)], have, by),
        DeltaError,
        "by-diff-id",
      );
    }
  }
  const delta = deltaOf([sent(app)], held(base), "both");
  const missing = (have: Base) => missingLayers(delta, [sent(app)], have);
  // By the digest of the very image that it was measured against.
  assertEquals(missing(content(base, false)), []);
  assertThrows(() => missing(content(other, true)), DeltaError, "by-diff-id");
  const half = content(base, true);
  half.images[0]!.layers.pop();
  half.images[0]!.digests = [];
  assertEquals(digestsOf(missing(half)), shared.slice(1));
});

test("a form that nobody takes with less than all layers is refused", () =>
  inWorld(async (world) => {
    const have = await baseOf(world, "base:1");
    world.asked();
    for (
      const [options, code] of [
        [{ format: "oci", output: join(world.folder, "lay") }, "form"],
        [{ format: "docker-legacy" }, "form"],
        [{ layers: "zstd" }, "other-layers"],
        [{ layers: "plain" }, "other-layers"],
      ] as const
    ) {
      const error = await assertRejects(
        () => world.pull("app:1", { have, ...options }),
        DeltaError,
      );
      assertEquals(error.code, code);
    }
    assertEquals(world.asked(), []);
    const none = await readBase({
      images: [],
      blobs: [app.config.descriptor.digest],
    });
    const error = await assertRejects(
      () => world.pull("app:1", { have: none }),
      DeltaError,
    );
    assertEquals(error.code, "nothing-in-common");
    assertEquals(existsSync(join(world.folder, "image.tar")), false);
  }));

test("Podman gets an OCI archive of one image, containerd any layer", () =>
  inWorld(async (world) => {
    const blobs = app.layers.slice(1).map(({ digest }) => digest);
    const have: Base = { images: [], blobs };
    const { delta } = await world.pull("app:1", { have, for: "containerd" });
    assertEquals(digestsOf(delta!.layers), blobs);
    const output = join(world.folder, "podman.tar");
    await world.pull("app:1", { have, for: "podman", output });
    assert(!(await readArchive(output)).has("manifest.json"));
    const { failures } = await pullImages(
      ["registry.test/app:1", "registry.test/base:1"],
      {
        ...{ have, for: "podman", output, force: true, cacheDir: false },
        ...{ fetch: world.registry.fetch, platform: "linux/amd64" },
      },
    ).catch((error) => ({ failures: [{ error }] }));
    assertEquals((failures[0]!.error as DeltaError).code, "several");
  }));

test("of several images and platforms, each leaves out what is there", () =>
  inWorld(async (world) => {
    const arm = { platform: { os: "linux", architecture: "arm64" } };
    const [bases, apps] = [
      buildIndex([
        base,
        await buildImage({ layers: [{ ...B, seed: "x" }], ...arm }),
      ]),
      buildIndex([
        app,
        await buildImage({ layers: [{ ...B, seed: "x" }, C], ...arm }),
      ]),
    ];
    world.registry.add("bases", bases, "1");
    world.registry.add("apps", apps, "1");
    const fetch = world.registry.fetch;
    const have = await readBase("registry.test/bases:1", {
      fetch,
      platform: "all",
    });
    const output = join(world.folder, "all.tar");
    const { results } = await pullImages(
      ["registry.test/apps:1", "registry.test/base:1"],
      { have, output, fetch, platform: "all", cacheDir: false },
    );
    assertEquals(results[0]!.delta!.layers.length, 3);
    const report = await verifyImage(output);
    assertEquals(report.problems, []);
    assertEquals(report.delta!.layers.length, 3);
    assertEquals((await verifyAgainst(output, have)).ok, true);
    const { ok, missing } = await verifyAgainst(
      output,
      await baseOf(world, "base:1"),
    );
    assertEquals([ok, missing.length], [false, 1]);
    // Each to a file of its own: one that has nothing in common fails alone.
    world.registry.add("none", await buildImage({ seed: "none" }), "1");
    const each = await pullImages(
      ["registry.test/app:1", "registry.test/none:1"],
      {
        ...{ have, fetch, folder: world.folder, platform: "linux/amd64" },
        cacheDir: false,
      },
    );
    assertEquals(each.results.length, 1);
    assertEquals(
      (each.failures[0]!.error as DeltaError).code,
      "nothing-in-common",
    );
  }));

test("a plan counts what is left out", () =>
  inWorld(async (world) => {
    const have = await baseOf(world, "base:1");
    const { fetch } = world.registry;
    const output = join(world.folder, "image.tar");
    const options = { fetch, output, have, platform: "linux/amd64" };
    const plan = await planPull(["registry.test/app:1"], {
      ...options,
      cacheDir: false,
    });
    const [a, b, c] = app.layers;
    assertEquals(plan.leftOut, a!.size + b!.size);
    assertEquals([plan.download, plan.blobs], [c!.size, 1]);
    assertEquals(plan.images[0]!.leftOut, a!.size + b!.size);
    const { size } = await world.pull("app:1", { have, cacheDir: false });
    assertEquals(plan.written, size);
    const most = {
      have,
      force: true,
      cacheDir: false,
      maxBytes: c!.size,
    } as const;
    assertEquals((await world.pull("app:1", most)).size, size);
    await assertRejects(() =>
      world.pull("app:1", { ...most, maxBytes: c!.size - 1 })
    );
  }));

test("who reads a delta says that it is one, unless the layers are there", () =>
  inWorld(async (world) => {
    const have = await baseOf(world, "base:1");
    const { path } = await world.pull("app:1", { have });
    const { problems, loaders, delta } = await verifyImage(path);
    assertEquals(problems, []);
    assertEquals(delta!.layers.length, 2);
    assertEquals(
      loaders.filter(({ accepts }) => !accepts).map(({ name }) => name),
      ["skopeo-docker-archive"],
    );
    const layout = join(world.folder, "layout");
    for (const source of [path, `docker-archive:${path}`]) {
      const error = await assertRejects(
        () => copy(source, `oci:${layout}`, { cacheDir: false }),
        ArchiveError,
      );
      assertEquals(error.code, "delta", source);
    }
    const whole = join(world.folder, "base.tar");
    await world.pull("base:1", { output: whole });
    await copy(whole, `oci:${layout}`);
    await copy(path, `oci:${layout}`, { cacheDir: false });
    assertEquals((await verifyImage(layout)).problems, []);
  }));

test("a cache takes a delta where it has what that lacks", () =>
  inWorld(async (world) => {
    const { folder } = world;
    const have = await baseOf(world, "base:1");
    const { path } = await world.pull("app:1", { have, cacheDir: false });
    const whole = join(folder, "base.tar");
    await world.pull("base:1", { output: whole, cacheDir: false });
    const cacheDir = join(folder, "other");
    const early = await importFiles([path], { cacheDir });
    assertEquals((early.failures[0]!.error as ArchiveError).code, "delta");
    assertEquals(early.images[0]!.isWhole, false);
    const result = await importFiles([whole, path], { cacheDir });
    assertEquals([result.failures, result.missing], [[], 0]);
    assertEquals(result.images.map(({ isWhole }) => isWhole), [true, true]);
    world.asked();
    await world.pull("app:1", { cacheDir, output: join(folder, "all.tar") });
    assertEquals(world.asked().filter((line) => line.includes("/blobs/")), []);
    const [found] = await inspectImage(path);
    assertEquals(found!.delta!.layers.length, 2);
  }));

test("a delta in parts is checked by scripts of other names", () =>
  inWorld(async (world) => {
    const have = await baseOf(world, "base:1");
    const { path, parts, delta } = await world.pull("app:1", {
      have,
      split: 4096,
    });
    assert(parts!.length > 1 && delta);
    assert(existsSync(`${path}.check.sh`));
    const script = await readFile(`${path}.delta.check.sh`, "utf8");
    assert(script.includes(delta.layers[0]!.digest));
  }));

test("an annotation that says nonsense makes no delta", () => {
  const digest = `sha256:${"1".repeat(64)}`;
  const layer = { digest, diffId: digest, size: 1 };
  for (
    const text of [
      undefined,
      "",
      "[]",
      "{",
      JSON.stringify({ version: 2, foundBy: "both", layers: [layer] }),
      JSON.stringify({ version: 1, foundBy: "x", layers: [layer] }),
      JSON.stringify({ version: 1, foundBy: "both", layers: [] }),
      JSON.stringify({ version: 1, foundBy: "both", layers: [{ digest }] }),
      JSON.stringify({
        ...{ version: 1, foundBy: "both" },
        layers: [{ ...layer, size: -1 }],
      }),
    ]
  ) assertEquals(parseDelta(text), undefined, text);
  assertEquals(
    parseDelta(JSON.stringify({
      ...{ version: 1, foundBy: "both", layers: [layer] },
      base: [{ name: 5, digests: ["x", digest], layers: [0, 1, "0"] }],
    })),
    {
      foundBy: "both",
      layers: [layer],
      base: [{ digests: [digest], layers: [0] }],
    },
  );
});
