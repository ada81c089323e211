/** Images go from any place to any other, and stay what they are. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { copy, type CopyImagesOptions } from "../../lib/copy/copy_places.ts";
import { importFiles } from "../../lib/copy/import/import_files.ts";
import { pull } from "../../lib/copy/pull.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import {
  ArchiveError,
  ContentMismatchError,
  DaemonError,
  PlaceError,
  StorageError,
} from "../../lib/image/errors.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { docker, docker2016, oci } from "../archive/reader/world.ts";
import { run } from "../cli/main_fixture.ts";
import { assertLeft, startFakeDaemon } from "../daemon/fake_daemon.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { type Member, tar } from "../verify/world.ts";
import { membersOf } from "./members.ts";

const image = await buildImage({ layers: [{}, { size: 600_000 }] });
const other = await buildImage({ layers: 2, seed: "other" });
const arm = await buildImage({
  layers: 2,
  platform: { os: "linux", architecture: "arm64" },
});
const index = buildIndex([image, arm], { attestations: true });
const NAME = "registry.test/team/app:1";
const { digest } = image.manifest.descriptor;

interface World {
  folder: string;
  registry: FakeRegistry;
  /** Copies between places whose paths are in the folder, `@`. */
  copy(
    from: string,
    to: string,
    options?: CopyImagesOptions,
  ): ReturnType<typeof copy>;
  /** Writes an archive of these members. */
  write(name: string, members: Member[]): Promise<void>;
}

function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const registry = new FakeRegistry();
    registry.add("team/app", image, "1");
    registry.add("team/other", other, "1");
    registry.add("team/app", index, "index");
    const at = (text: string) => text.replace("@/", `${folder}/`);
    await body({
      folder,
      registry,
      copy: (from, to, options) =>
        copy(at(from), at(to), {
          fetch: registry.fetch,
          cacheDir: false,
          ...options,
        }),
      write: (name, members) => writeFile(join(folder, name), tar(members)),
    });
    registry.assertNoOpenBodies();
  });
}

/** The digests of the images in a file or folder, by their names. */
async function held(path: string): Promise<Record<string, string>> {
  const { images, problems } = await verifyImage(path);
  assertEquals(problems, []);
  return Object.fromEntries(
    images.map(({ names, digest }) => [names[0], digest!]),
  );
}

test("copy() keeps digests and names, from anywhere to anywhere and back", () =>
  inWorld(async ({ folder, copy }) => {
    const steps = [
      [`docker://${NAME}`, "@/1.tar"],
      ["@/1.tar", "oci:@/2"],
      [`oci:@/2:${NAME}`, "oci-archive:@/3.tar"],
      ["oci-archive:@/3.tar", "docker-archive:@/4.tar"],
      [`docker-archive:@/4.tar:${NAME}`, "@/5/"],
      ["@/5/", "@/6.tar"],
    ] as const;
    for (const [from, to] of steps) {
      const { results } = await copy(from, to);
      assertEquals(results.map(({ named }) => named.digest), [digest]);
      const path = join(folder, /\d(?:\.tar)?/.exec(to)![0]);
      assertEquals(await held(path), { [NAME]: digest });
    }
    const [first, last] = await Promise.all(
      ["1.tar", "6.tar"].map((name) => readFile(join(folder, name))),
    );
    assertEquals(first, last);
    const { results } = await copy("@/5/", "@/6.tar");
    assertEquals(results[0]!.upToDate, true);
  }));

test("copy() gives the only image another name", () =>
  inWorld(async ({ folder, copy }) => {
    await copy(`docker://${NAME}`, "oci-archive:@/a.tar:nginx:1.27");
    const name = "docker.io/library/nginx:1.27";
    assertEquals(await held(join(folder, "a.tar")), { [name]: digest });
    await copy("@/a.tar", "oci:@/b:other.test/x");
    await copy("oci:@/b:other.test/x", "docker-archive:@/c.tar:y:2");
    assertEquals(await held(join(folder, "c.tar")), {
      "docker.io/library/y:2": digest,
    });
    const again = await copy("oci:@/b", "docker-archive:@/c.tar:y:2");
    assertEquals(again.results[0]!.upToDate, true);
    const b = (await LayoutStore.find(join(folder, "b")))!;
    // As loaders know it, and as it is asked for: word for word.
    assertEquals([...await b.names()], ["other.test/x:latest", "other.test/x"]);
    assertEquals(await b.tagged("other.test/x"), digest);
  }));

test("copy() gives an image of a layout the tag that is said, as skopeo and oras find it", () =>
  inWorld(async ({ folder, copy }) => {
    const names = { "registry.test/team/app:v2": digest };
    for (const place of ["oci:@/b:v2", "oci-archive:@/c.tar:v2"]) {
      await copy(`docker://${NAME}`, place);
      const again = await copy(`docker://${NAME}`, place);
      assertEquals(again.results[0]!.upToDate, true);
      await copy(place, "@/d.tar");
      assertEquals(await held(join(folder, "d.tar")), names);
    }
    const b = (await LayoutStore.find(join(folder, "b")))!;
    assertEquals(await b.tagged("v2"), digest);
  }));

test("copy() expands an archive that is compressed as a whole, and leaves nothing", () =>
  inWorld(async ({ folder, copy }) => {
    await copy(`docker://${NAME}`, "@/a.tar");
    const path = join(folder, "a.tar");
    await writeFile(`${path}.gz`, gzipSync(await readFile(path)));
    const cacheDir = join(folder, "cache");
    await LayoutStore.open(cacheDir);
    await copy("@/a.tar.gz", "@/b.tar", { cacheDir });
    assertEquals(await held(join(folder, "b.tar")), { [NAME]: digest });
    assertEquals(await readdir(join(cacheDir, "ingest")), []);
  }));

test("copy() brings what docker save wrote, plain layers and all", () =>
  inWorld(async ({ folder, copy, write }) => {
    for (const members of [docker(), docker2016()]) {
      await write("saved.tar", members);
      const { results: [result] } = await copy("@/saved.tar", "oci:@/layout");
      const { descriptor } = { descriptor: result!.named };
      await copy("oci:@/layout", "@/back.tar", { force: true });
      const names = await held(join(folder, "layout"));
      assert(Object.values(names).includes(descriptor.digest));
      const { loaders } = await verifyImage(join(folder, "back.tar"));
      assert(loaders.every(({ accepts }) => accepts), JSON.stringify(loaders));
    }
  }));

test("copy() takes several images along, or the one that is named", () =>
  inWorld(async ({ folder, registry, copy }) => {
    await pullImages([NAME, "registry.test/team/other:1"], {
      fetch: registry.fetch,
      cacheDir: false,
      output: join(folder, "all.tar"),
    });
    const both = {
      [NAME]: digest,
      "registry.test/team/other:1": other.manifest.descriptor.digest,
    };
    await copy("@/all.tar", "oci:@/layout");
    assertEquals(await held(join(folder, "layout")), both);
    await copy("oci:@/layout", "@/again.tar");
    assertEquals(await held(join(folder, "again.tar")), both);
    await copy("docker-archive:@/all.tar:@1", "@/one.tar");
    const one = Object.values(await held(join(folder, "one.tar")));
    assertEquals(one, [other.manifest.descriptor.digest]);
    const error = await assertRejects(
      () => copy("@/all.tar", "oci:@/x:name"),
      PlaceError,
    );
    assertEquals(error.problem, {
      code: "several-images",
      names: [NAME, "registry.test/team/other:1"],
    });
    assertEquals((await readdir(folder)).includes("x"), false);
  }));

test("copy() takes all of an index that is there as a whole, with its digest", () =>
  inWorld(async ({ folder, registry, copy }) => {
    await pull("registry.test/team/app:index", {
      fetch: registry.fetch,
      cacheDir: false,
      platform: "all",
      index: "original",
      attestations: true,
      output: join(folder, "all.tar"),
    });
    const top = index.document.descriptor.digest;
    for (
      const [from, to] of [
        ["@/all.tar", "oci:@/layout"],
        ["oci:@/layout", "@/back.tar"],
      ] as const
    ) {
      const { results: [result] } = await copy(from, to);
      assertEquals(result!.named.digest, top);
      assertEquals(result!.images.length, 2);
    }
    assertEquals(
      await readFile(join(folder, "back.tar")),
      await readFile(join(folder, "all.tar")),
    );
    const { results: [one] } = await copy("@/all.tar", "@/arm.tar", {
      platform: "linux/arm64",
    });
    assertEquals(one!.named.digest, arm.manifest.descriptor.digest);
  }));

test("copy() takes what is there of an index of which some is not", () =>
  inWorld(async ({ folder, registry, copy }) => {
    await pull("registry.test/team/app:index", {
      fetch: registry.fetch,
      cacheDir: false,
      platform: "all",
      index: "original",
      format: "oci",
      output: join(folder, "layout"),
    });
    const store = (await LayoutStore.find(join(folder, "layout")))!;
    await store.remove(image.manifest.descriptor.digest);
    const events: string[] = [];
    const { results: [result] } = await copy("oci:@/layout", "@/a.tar", {
      onEvent: ({ type }) => void events.push(type),
    });
    assertEquals(result!.images.map(({ platform }) => platform.architecture), [
      "arm64",
    ]);
    // It is carried, and not run here.
    assertEquals(events.includes("warning"), false);
  }));

test("copy() names images without a name by their digests", () =>
  inWorld(async ({ folder, copy, write }) => {
    await write("My App.tar", oci());
    const { results: [result] } = await copy("@/My App.tar", "@/a.tar");
    const { reference, named } = result!;
    assertEquals(reference, {
      registry: "localhost",
      repository: "my-app",
      digest: named.digest,
    });
    await copy("@/My App.tar", "docker-archive:@/b.tar:app:1");
    assertEquals(await held(join(folder, "b.tar")), {
      "docker.io/library/app:1": named.digest,
    });
    // A tag alone is found by itself.
    await write(
      "tagged.tar",
      oci({ "org.opencontainers.image.ref.name": "v1" }),
    );
    await copy("oci-archive:@/tagged.tar:v1", "oci:@/c:app:v1");
    assertEquals(await held(join(folder, "c")), {
      "docker.io/library/app:v1": named.digest,
    });
  }));

test("copy() refuses what is no source or target, and writes nothing", () =>
  inWorld(async ({ folder, copy, write }) => {
    await write("good.tar", docker());
    await write("twice.tar", [...docker(), ["manifest.json", "[]"]]);
    await write("outside.tar", [...docker(), ["../x", "x"]]);
    await writeFile(join(folder, "text"), "hello ".repeat(200));
    const cases: [string, string, string][] = [
      ["@/none.tar", "@/a.tar", "ENOENT"],
      ["@/text", "@/a.tar", "no-archive"],
      ["@/twice.tar", "@/a.tar", "duplicate"],
      ["@/outside.tar", "@/a.tar", "outside"],
      ["oci:@/good.tar", "@/a.tar", "no-layout"],
      ["oci-archive:@/good.tar", "@/a.tar", "no-index"],
      ["oci-archive:@/", "@/a.tar", "EISDIR"],
      ["@/", "@/a.tar", "no-layout"],
      ["docker-archive:@/good.tar:nginx", "@/a.tar", "no-such-image"],
      ["docker-archive:@/good.tar:@7", "@/a.tar", "no-such-number"],
      ["r.test/a/", "@/a.tar", "not-a-source"],
      ["@/good.tar", "oci:@/a:@0", "number-to-write"],
      ["@/good.tar", "oci:@/a:A B", "bad-name"],
      ["@/good.tar", "@/text", "not-an-archive"],
      ["@/good.tar", "oci:@/", "not-a-layout"],
      ["@/good.tar", "@/a/b/", "none"],
    ];
    const before = (await readdir(folder)).sort();
    for (const [from, to, code] of cases) {
      let found = "none";
      await copy(from, to).catch((error) => {
        assert(
          error instanceof PlaceError || error instanceof ArchiveError ||
            error instanceof StorageError,
          error,
        );
        found = error.code;
      });
      assertEquals(found, code, `${from} → ${to}`);
    }
    assertEquals((await readdir(folder)).sort(), ["a", ...before]);
  }));

test("copy() asks what is meant where a file is called like an image", () =>
  inWorld(async ({ folder }) => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      await writeFile(join(folder, "nginx"), "x");
      for (const [from, to] of [["nginx", "./a.tar"], ["./a.tar", "nginx"]]) {
        const error = await assertRejects(() => copy(from!, to!), PlaceError);
        assertEquals([error.code, error.input], ["file-or-image", "nginx"]);
      }
    } finally {
      process.chdir(before);
    }
  }));

test("copy() tells what is missing, and a size that lies", () =>
  inWorld(async ({ folder, copy, write }) => {
    const members = oci();
    const [name] = members[2]!;
    await write("a.tar", members.toSpliced(2, 1));
    const gone = await assertRejects(
      () => copy("@/a.tar", "@/b.tar"),
      ArchiveError,
    );
    const digest = name.slice("blobs/".length).replace("/", ":");
    assertEquals(gone.problem, { code: "missing-file", name: digest });
    await write("a.tar", members.toSpliced(2, 1, [name, "short"]));
    const short = await assertRejects(
      () => copy("@/a.tar", "@/b.tar"),
      ContentMismatchError,
    );
    assertEquals([short.code, short.actual.size], ["size", 5]);
    const { failures, images } = await importFiles([join(folder, "a.tar")], {
      cacheDir: join(folder, "cache"),
    });
    assertEquals([failures.length, images], [1, []]);
    assertEquals((await readdir(folder)).includes("b.tar"), false);
  }));

test("copy() writes nothing of a source that is damaged", () =>
  inWorld(async ({ folder, copy }) => {
    await copy(`docker://${NAME}`, "@/a.tar");
    const path = join(folder, "a.tar");
    const bytes = await readFile(path);
    const layer = image.blobs.get(image.layers[1]!.digest)!;
    bytes[bytes.indexOf(layer) + 300_000]! ^= 1;
    await writeFile(path, bytes);
    await assertRejects(() => copy("@/a.tar", "@/b.tar"), ContentMismatchError);
    await assertRejects(() => copy("@/a.tar", "oci:@/c"), ContentMismatchError);
    const left = await readdir(folder);
    assertEquals(left.includes("b.tar"), false);
    const c = (await LayoutStore.find(join(folder, "c")))!;
    assertEquals([...await c.names()], []);
  }));

test("docker-pull copy takes platforms and an index as a pull does", () =>
  inWorld(async ({ folder, registry }) => {
    const served = await registry.serve();
    const from = `docker://${served.host}/team/app:index`;
    const out = join(folder, "a.tar");
    const platformsIn = async (
      args: string[],
      env: Record<string, string> = {},
    ) => {
      const argv = ["copy", "--no-cache", "--force", ...args, from, out];
      const { code, stderr } = await run(argv, undefined, { env });
      assertEquals(code, 0, stderr);
      const { images } = await verifyImage(out);
      return images.map(({ platform }) => platform).sort();
    };
    try {
      const both = ["linux/amd64", "linux/arm64"];
      assertEquals(await platformsIn(["--platform", "all"]), both);
      assertEquals(await platformsIn(["--platform", both.join()]), both);
      assertEquals(
        await platformsIn([], { DOCKER_DEFAULT_PLATFORM: "linux/arm64" }),
        ["linux/arm64"],
      );
      const one = ["--platform", "linux/amd64"];
      assertEquals(await platformsIn(one), ["linux/amd64"]);
      // The manifests of the others are there, and their layers are not.
      assertEquals(await platformsIn([...one, "--index", "original"]), both);
    } finally {
      await served.close();
    }
  }));

test("docker-pull copy tells what was copied, and what went wrong", () =>
  inWorld(async ({ folder, write }) => {
    await write("saved.tar", docker());
    const at = (name: string) => join(folder, name);
    const argv = ["copy", "--no-cache", at("saved.tar")];
    const { code, stdout, stderr } = await run([...argv, `oci:${at("a")}`]);
    assertEquals(code, 0, stderr);
    assert(stdout.includes("docker.io/team/app:1, linux/amd64"), stdout);
    assert(stdout.includes("Copied:"), stdout);
    const quiet = await run([...argv, "-q", at("b.tar")]);
    assertEquals([quiet.stdout, quiet.stderr], [`${at("b.tar")}\n`, ""]);
    const cases: [string[], number, string][] = [
      [["copy"], 2, "are named"],
      [["copy", "a"], 2, "are named"],
      [["copy", "a", "b", "c"], 2, '"c" is too much'],
      [["copy", "dir:a", "b"], 2, "skopeo copy brings it"],
      [[...argv, `oci:${at("a")}:@1`], 2, "has a name, and no number"],
      [
        ["copy", `docker-archive:${at("saved.tar")}:x`, at("c.tar")],
        5,
        "team/app:1",
      ],
      [["copy", at("none.tar"), at("c.tar")], 10, "check the path"],
    ];
    for (const [argv, code, words] of cases) {
      const found = await run(argv);
      assertEquals(found.code, code, found.stderr);
      assert(found.stderr.includes(words), found.stderr);
    }
  }));

test("copy() hands an image to a daemon under the name that is given", () =>
  inWorld(async ({ folder, copy }) => {
    await copy(`docker://${NAME}`, "@/a.tar");
    const fake = await startFakeDaemon(folder);
    try {
      const { config, diffIds } = image;
      fake.images = {};
      fake.onLoad = () => {
        fake.images!["own/name:2"] = { id: config.descriptor.digest, diffIds };
      };
      const { results } = await copy("@/a.tar", "docker-daemon:own/name:2", {
        daemon: fake.url,
      });
      assertEquals(results.map(({ path }) => path), [fake.url]);
      const posts = fake.log.filter((line) => line.startsWith("POST"));
      assertEquals(posts.length, 1);
      await assertLeft(fake);
    } finally {
      await fake.close();
    }
  }));

for (
  const [store, from] of [
    ["a graph driver", "@/a.tar"],
    ["a graph driver", `docker://${NAME}`],
    ["containerd's store", `oci:@/both:${NAME}`],
  ] as const
) {
  test(`copy() sends a daemon what it lacks: ${store}, ${from}`, () =>
    inWorld(async ({ folder, registry, copy }) => {
      const base = await buildImage({ layers: [{}] });
      registry.add("team/base", base, "1");
      await copy(`docker://${NAME}`, "@/a.tar");
      // What a layout knows of other images tells what those have.
      for (const name of [NAME, "registry.test/team/base:1"]) {
        await copy(`docker://${name}`, "oci:@/both");
      }
      const fake = await startFakeDaemon(folder);
      try {
        const { config, diffIds, manifest } = base;
        const manifests = [manifest.descriptor.digest];
        const there = { id: config.descriptor.digest, diffIds, manifests };
        fake.images = { "base:1": there };
        if (store !== "a graph driver") {
          const type = ["driver-type", "io.containerd.snapshotter.v1"];
          fake.info = { DriverStatus: [type] };
        }
        let archive: Uint8Array = new Uint8Array();
        let refused = 0;
        fake.onLoad = (bytes) => {
          archive = bytes;
          const { config, diffIds } = image;
          if (refused-- > 0) return;
          fake.images!["own:2"] = { id: config.descriptor.digest, diffIds };
        };
        const options = { daemon: fake.url };
        const send = () => copy(from, "docker-daemon:own:2", options);
        const { loaded } = await send();
        const [shared, own] = image.layers.map(({ digest }) =>
          digest.replace("sha256:", "blobs/sha256/")
        );
        const names = () => [...membersOf(archive).keys()];
        assertEquals(
          [names().includes(shared!), names().includes(own!)],
          [false, true],
        );
        assertEquals(loaded, {
          sent: archive.length,
          spared: image.layers[0]!.size,
        });
        const again = await send();
        assertEquals(again.loaded, { sent: 0, spared: 0 });
        assertEquals(again.results[0]!.upToDate, true);
        await copy(from, "docker-daemon:own:2", { ...options, force: true });
        assert(names().includes(shared!));
        // What it should turn out to lack is sent after all.
        delete fake.images["own:2"];
        refused = 1;
        const whole = await send();
        assert(names().includes(shared!));
        assertEquals(whole.loaded, { sent: archive.length, spared: 0 });
        await assertLeft(fake);
      } finally {
        await fake.close();
      }
    }));
}

test("copy() reads an image that a daemon writes, and leaves nothing of it", () =>
  inWorld(async ({ folder, copy }) => {
    await copy(`docker://${NAME}`, "@/a.tar");
    const archive = await readFile(join(folder, "a.tar"), "latin1");
    const fake = await startFakeDaemon(folder, {
      raw: {
        "/images/own/app:2/get":
          `HTTP/1.1 200 OK\r\nContent-Length: ${archive.length}\r\n\r\n${archive}`,
        "/images/none:latest/get":
          "HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\n{}",
      },
    });
    try {
      const daemon = fake.url;
      await copy("docker-daemon:own/app:2", "@/b.tar", { daemon });
      const [a, b] = await Promise.all(
        ["a.tar", "b.tar"].map((name) => readFile(join(folder, name))),
      );
      assertEquals(b, a);
      const error = await assertRejects(
        () => copy("docker-daemon:none", "@/c.tar", { daemon }),
        DaemonError,
      );
      assertEquals(error.problem, { code: "no-image", name: "none:latest" });
    } finally {
      await fake.close();
    }
    assertEquals(
      (await readdir(folder)).filter((name) => name.startsWith("c")),
      [],
    );
  }));

test("manifests that are listed beside their index, as oras backup has it, are its parts", () =>
  inWorld(async ({ folder, registry, copy }) => {
    const path = join(folder, "backup");
    await pull("registry.test/team/app:index", {
      fetch: registry.fetch,
      cacheDir: false,
      platform: "all",
      attestations: true,
      format: "oci",
      output: path,
    });
    const file = join(path, "index.json");
    const listed = JSON.parse(await readFile(file, "utf8"));
    const parts = JSON.parse(new TextDecoder().decode(index.document.bytes));
    listed.manifests.push(...parts.manifests);
    await writeFile(file, JSON.stringify(listed));
    const { results } = await copy("oci:@/backup", "oci:@/copied");
    assertEquals(results.map(({ digest }) => digest), [
      index.document.descriptor.digest,
    ]);
    const cacheDir = join(folder, "cache");
    const { images } = await importFiles([path], { cacheDir });
    assertEquals(images.length, 2);
    assert(images.every(({ names }) => names.length > 0));
    // Each can be had by its number.
    const one = await copy("oci:@/backup:@1", "oci:@/one");
    assertEquals(one.results.map(({ digest }) => digest), [digest]);
  }));
