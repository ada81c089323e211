/** What lies in files comes into the cache, and is not fetched again. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { importFiles } from "../../lib/copy/import/import_files.ts";
import { pull } from "../../lib/copy/pull.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import {
  ArchiveError,
  ContentMismatchError,
  StorageError,
} from "../../lib/image/errors.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { docker, hex, LAYERS } from "../archive/reader/world.ts";
import { run } from "../cli/main_fixture.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { dockerMembers, tar } from "../verify/world.ts";

const image = await buildImage({ layers: [{}, { size: 300_000 }, {}] });
const arm = await buildImage({
  layers: 2,
  platform: { os: "linux", architecture: "arm64" },
});
const plain = await buildImage({
  layers: [{ compression: "none" }, { compression: "none", size: 5000 }],
});

interface World {
  folder: string;
  cacheDir: string;
  registry: FakeRegistry;
  /** Pulls what the registry has as `team/app`, and tells what it was asked for. */
  pull(
    tag: string,
    options?: PullOptions,
  ): Promise<{ asked: string[]; cachedLayers: number }>;
}

function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const registry = new FakeRegistry();
    registry.add("team/app", image, "1");
    registry.add("team/app", buildIndex([image, arm]), "index");
    registry.add("team/app", plain, "plain");
    const cacheDir = join(folder, "cache");
    await body({
      folder,
      cacheDir,
      registry,
      async pull(tag, options) {
        const before = registry.log.length;
        const { cachedLayers } = await pull(`registry.test/team/app:${tag}`, {
          fetch: registry.fetch,
          platform: "linux/amd64",
          output: join(folder, "out.tar"),
          cacheDir,
          ...options,
        });
        return { asked: registry.log.slice(before), cachedLayers };
      },
    });
    registry.assertNoOpenBodies();
  });
}

const blobsOf = (asked: string[]) =>
  asked.filter((line) => line.includes("/blobs/"));

for (const compressed of [false, true]) {
  for (const format of ["tar", "oci"] as const) {
    if (compressed && format === "oci") continue;
    const what = `${compressed ? "a compressed " : ""}${format}`;
    test(`importFiles() brings ${what}, and a later pull fetches no blob`, () =>
      inWorld(async ({ folder, cacheDir, pull }) => {
        const path = join(folder, "image");
        await pull("1", { output: path, format, cacheDir: false });
        if (compressed) await writeFile(path, gzipSync(await readFile(path)));
        const told: number[] = [];
        const result = await importFiles([path], {
          cacheDir,
          onProgress: (done, total) => told.push(done / total),
        });
        assertEquals(result.failures, []);
        assertEquals(result.added.blobs, 4);
        assertEquals(
          result.images.map(({ names, isWhole }) => [names[0], isWhole]),
          [["registry.test/team/app:1", true]],
        );
        assertEquals(told.at(-1), 1);
        const { asked, cachedLayers } = await pull("1");
        assertEquals(blobsOf(asked), []);
        assertEquals(cachedLayers, 3);
        const again = await importFiles([path], { cacheDir });
        assertEquals([again.added.blobs, again.known.blobs], [0, 4]);
        assertEquals(await readdir(join(cacheDir, "ingest")), []);
      }));
  }
}

test("importFiles() gives a layout's blobs a second name", () =>
  inWorld(async ({ folder, cacheDir, pull }) => {
    const path = join(folder, "layout");
    await pull("1", { output: path, format: "oci", cacheDir: false });
    await importFiles([path], { cacheDir });
    const name = join("blobs", image.layers[1]!.digest.replace(":", "/"));
    const [own, theirs] = await Promise.all(
      [cacheDir, path].map((root) => stat(join(root, name))),
    );
    assertEquals(own!.ino, theirs!.ino);
  }));

test("importFiles() knows layers of docker save by their diffIDs, and says so", () =>
  inWorld(async ({ folder, cacheDir, pull }) => {
    const path = join(folder, "saved.tar");
    const members = dockerMembers(image).map((member) => {
      if (!member[0].endsWith("layer.tar")) return member;
      return [member[0], gunzipSync(member[1] as Uint8Array)] as const;
    });
    await writeFile(path, tar(members.map((member) => [...member])));
    const { plain, images } = await importFiles([path], { cacheDir });
    assertEquals(plain.blobs, 3);
    assertEquals(images[0]!.plainLayers, 3);
    const cache = (await LayoutStore.find(cacheDir))!;
    for (const diffId of image.diffIds) {
      const blob = await cache.byDiffId(diffId);
      assertEquals(blob?.digest, diffId);
      assert(await cache.isRight(blob!));
    }
    // What the registry has compressed is not what is here.
    const { asked, cachedLayers } = await pull("1");
    assertEquals([blobsOf(asked).length, cachedLayers], [3, 0]);
    // What the registry has plain is.
    const layers = await buildImage({
      layers: [{ compression: "none" }, { compression: "none", size: 5000 }],
    });
    await writeFile(path, tar(dockerMembers(layers)));
    await importFiles([path], { cacheDir });
    assertEquals(blobsOf((await pull("plain")).asked), []);
  }));

test("importFiles() remembers the diffIDs of compressed layers that it looked into", () =>
  inWorld(async ({ folder, cacheDir }) => {
    const paths = [join(folder, "a.tar"), join(folder, "b.tar")];
    for (const [i, path] of paths.entries()) {
      const packed = (i: number, layer: Uint8Array): [string, Uint8Array] => [
        `${i}/layer.tar`,
        gzipSync(layer),
      ];
      await writeFile(path, tar(docker({ layer: packed, order: [i] })));
    }
    // Two at once lose nothing of each other's.
    await Promise.all(paths.map((path) => importFiles([path], { cacheDir })));
    const cache = (await LayoutStore.find(cacheDir))!;
    for (const layer of LAYERS) {
      const blob = await cache.byDiffId(`sha256:${hex(layer)}`);
      assertEquals(blob?.digest, `sha256:${hex(gzipSync(layer))}`);
      assertEquals(blob?.mediaType.endsWith("+gzip"), true);
    }
    const gone = (await cache.byDiffId(`sha256:${hex(LAYERS[0]!)}`))!;
    await cache.remove(gone.digest);
    assertEquals(await cache.byDiffId(`sha256:${hex(LAYERS[0]!)}`), undefined);
  }));

test("LayoutStore.byDiffId() believes no record of a strange shape", () =>
  inFolder(async (folder) => {
    const cache = await LayoutStore.open(folder);
    const diffId = `sha256:${"a".repeat(64)}`;
    for (
      const layer of [7, null, { digest: "sha256:../../x", size: 1 }, {
        digest: diffId,
        mediaType: "a",
        size: -1,
      }]
    ) {
      const text = JSON.stringify({ layers: { [diffId]: layer } });
      await writeFile(join(folder, "diff_ids.json"), text);
      assertEquals(await cache.byDiffId(diffId), undefined);
    }
    await writeFile(join(folder, "diff_ids.json"), "nothing");
    assertEquals(await cache.byDiffId(diffId), undefined);
    await cache.learnDiffIds(
      new Map([[diffId, { mediaType: "a", digest: diffId, size: 1 }]]),
    );
  }));

test("importFiles() takes what docker_pull.py kept, by what it is", () =>
  inWorld(async ({ folder, cacheDir }) => {
    const old = join(folder, "old");
    const [layer, other] = LAYERS as [Uint8Array, Uint8Array];
    // A folder is called by the digest at the registry, or by that of the file.
    const names = [`sha256_${"0".repeat(64)}`, `sha256_${hex(other)}`];
    for (const [i, bytes] of [layer, other].entries()) {
      const path = join(old, "layers", names[i]!);
      await mkdir(path, { recursive: true });
      await writeFile(join(path, "layer.tar"), bytes);
      await writeFile(join(path, "metadata.json"), "{}");
    }
    const odd = join(old, "layers", `sha256_${"1".repeat(64)}`);
    await mkdir(odd);
    await symlink("/etc/passwd", join(odd, "layer.tar"));
    for (const path of [old, join(old, "layers")]) {
      const own = `${cacheDir}-${path.length}`;
      const result = await importFiles([path], { cacheDir: own });
      assertEquals([result.plain.blobs, result.failures], [2, []]);
      const cache = (await LayoutStore.find(own))!;
      for (const bytes of LAYERS) {
        const digest = `sha256:${hex(bytes)}`;
        const blob = { mediaType: "", digest, size: bytes.length };
        assert(await cache.isRight(blob));
        assertEquals((await cache.byDiffId(digest))?.digest, digest);
      }
    }
    // The old cache may be in the very folder of the new one.
    await cp(join(old, "layers"), join(cacheDir, "layers"), {
      recursive: true,
    });
    const { added } = await importFiles([cacheDir], { cacheDir });
    assertEquals(added.blobs, 2);
  }));

test("importFiles() brings all platforms that are there, the host's by the name", () =>
  inWorld(async ({ folder, cacheDir, pull }) => {
    const layout = join(folder, "layout");
    for (const platform of ["linux/arm64", "linux/amd64"]) {
      await pull("index", {
        output: layout,
        format: "oci",
        cacheDir: false,
        platform,
      });
    }
    const { images } = await importFiles([layout], { cacheDir });
    assertEquals(images.length, 2);
    for (const platform of ["linux/arm64", "linux/amd64"]) {
      const { asked } = await pull("index", { platform });
      assertEquals(blobsOf(asked), []);
    }
  }));

test("importFiles() keeps nothing of a layer that is damaged, and goes on with others", () =>
  inWorld(async ({ folder, cacheDir, pull }) => {
    const [bad, good] = [join(folder, "bad.tar"), join(folder, "good.tar")];
    await pull("1", { output: bad, cacheDir: false });
    await pull("plain", { output: good, cacheDir: false });
    const bytes = await readFile(bad);
    const layer = image.blobs.get(image.layers[1]!.digest)!;
    bytes[bytes.indexOf(layer) + 5000]! ^= 1;
    await writeFile(bad, bytes);
    const zip = join(folder, "zip");
    await writeFile(zip, `PK\x03\x04${"x".repeat(600)}`);
    const none = join(folder, "none");
    const result = await importFiles([bad, zip, none, good], { cacheDir });
    const [mismatch, archive, storage, ...others] = result.failures;
    assert(mismatch!.error instanceof ContentMismatchError);
    assert(archive!.error instanceof ArchiveError);
    assert(storage!.error instanceof StorageError);
    assertEquals(others, []);
    assertEquals(result.images.map(({ names }) => names[0]), [
      "registry.test/team/app:plain",
    ]);
    const cache = (await LayoutStore.find(cacheDir))!;
    assertEquals(await cache.has(image.layers[1]!), false);
    assertEquals([...await cache.names()], ["registry.test/team/app:plain"]);
    assertEquals(await readdir(join(cacheDir, "ingest")), []);
  }));

test("importFiles() names no image that lacks a layer, and says so", () =>
  inWorld(async ({ folder, cacheDir, pull }) => {
    const layout = join(folder, "layout");
    await pull("1", { output: layout, format: "oci", cacheDir: false });
    const store = (await LayoutStore.find(layout))!;
    await store.remove(image.layers[1]!.digest);
    const result = await importFiles([layout], { cacheDir });
    assertEquals([result.missing, result.images[0]!.isWhole], [1, false]);
    const cache = (await LayoutStore.find(cacheDir))!;
    assertEquals([...await cache.names()], []);
    // What was there is not fetched.
    assertEquals(blobsOf((await pull("1")).asked).length, 1);
  }));

test("importFiles() fails where nothing is there that a layout names", () =>
  inWorld(async ({ folder, cacheDir, pull }) => {
    const [layout, gone] = [join(folder, "layout"), join(folder, "gone")];
    for (const tag of ["1", "index"]) {
      await pull(tag, {
        output: layout,
        format: "oci",
        cacheDir: false,
        platform: tag === "index" ? "all" : undefined,
        index: tag === "index" ? "original" : undefined,
      });
    }
    await cp(layout, gone, { recursive: true });
    await rm(join(gone, "blobs"), { recursive: true });
    const blobs = join(layout, "blobs/sha256");
    await rename(blobs, join(folder, "elsewhere"));
    await mkdir(blobs);
    for (const name of await readdir(join(folder, "elsewhere"))) {
      await symlink(join("../../../elsewhere", name), join(blobs, name));
    }
    const { failures } = await importFiles([layout, gone], { cacheDir });
    assertEquals(
      failures.map(({ error }) =>
        error instanceof ArchiveError && error.problem.code
      ),
      ["bad-link", "missing-file"],
    );
    const argv = ["cache", "import", "--cache-dir", cacheDir, layout];
    const { code, stderr } = await run(argv);
    assert(code !== 0);
    assert(stderr.includes("is a link to"), stderr);
    // The index alone is not enough either.
    const { digest } = buildIndex([image, arm]).document.descriptor;
    const name = digest.replace("sha256:", "");
    await rm(join(blobs, name));
    await cp(join(folder, "elsewhere", name), join(blobs, name));
    assertEquals((await importFiles([layout], { cacheDir })).added.blobs, 0);
    assertEquals((await run(argv)).code, code);
  }));

test("importFiles() says which of two images of one name has it", () =>
  inWorld(async ({ folder, cacheDir }) => {
    const path = join(folder, "two.tar");
    const lists: { Layers: string[] }[] = [];
    const members = [image, plain].flatMap((each, i) =>
      dockerMembers(each).flatMap(([name, content]): [
        string,
        string | Uint8Array,
      ][] => {
        if (name !== "manifest.json") return [[`${i}-${name}`, content]];
        const [entry] = JSON.parse(String(content));
        lists.push({
          ...entry,
          Config: `${i}-${entry.Config}`,
          Layers: entry.Layers.map((layer: string) => `${i}-${layer}`),
        });
        return [];
      })
    );
    members.push(["manifest.json", JSON.stringify(lists)]);
    await writeFile(path, tar(members));
    const { images } = await importFiles([path], { cacheDir });
    const [first, last] = images;
    assertEquals(first!.reference, last!.reference);
    assertEquals(
      images.map(({ replacedBy }) => replacedBy),
      [last!.manifest.digest, undefined],
    );
    const { stdout } = await run([
      "cache",
      "import",
      "--cache-dir",
      cacheDir,
      path,
    ]);
    const lines = stdout.split("\n").filter((line) => line.includes("Image:"));
    assertEquals(
      lines.map((line) => line.includes("without its name")),
      [true, false],
    );
  }));

test("importFiles() stops when it is told to, and checks its options", () =>
  inWorld(async ({ folder, cacheDir, pull }) => {
    const path = join(folder, "image.tar");
    await pull("1", { output: path, cacheDir: false });
    const signal = AbortSignal.abort(new Error("enough"));
    await assertRejects(
      () => importFiles([path], { cacheDir, signal }),
      Error,
      "enough",
    );
    await assertRejects(
      () => importFiles([path], { cache: "x" } as object),
      TypeError,
      "no option",
    );
  }));

test("docker-pull cache import tells what came, and what it is good for", () =>
  inWorld(async ({ folder, cacheDir }) => {
    const path = join(folder, "saved.tar");
    await writeFile(path, tar(docker()));
    const argv = ["cache", "import", "--cache-dir", cacheDir, path];
    const { code, stdout, stderr } = await run(argv);
    assertEquals([code, stderr], [0, ""]);
    assert(stdout.includes("team/app:1, linux/amd64, sha256:"), stdout);
    assert(stdout.includes("3 blobs"), stdout);
    assert(stdout.includes("are not compressed"), stdout);
    const json = await run([...argv, "--json"]);
    assertEquals(JSON.parse(json.stdout).known.blobs, 3);
    const wrong = await run([...argv, join(folder, "none.tar")]);
    assertEquals(wrong.code, 10);
    assert(wrong.stderr.includes("hint: check the path"), wrong.stderr);
    assert(wrong.stdout.includes("Imported:"), wrong.stdout);
    for (
      const [argv, words] of [
        [["cache"], "one of ls, du, prune, verify, rm, import"],
        [["cache", "improt"], 'no "improt"'],
        [["cache", "import"], "No file or folder"],
      ] as const
    ) {
      const { code, stderr } = await run([...argv]);
      assertEquals(code, 2);
      assert(stderr.includes(words), stderr);
    }
    const help = await run(["cache", "--help"]);
    assert(help.stdout.includes("docker-pull cache import"), help.stdout);
  }));
