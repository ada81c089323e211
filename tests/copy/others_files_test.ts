/** Files of the programs that write such ones: imported, and copied from. */
import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { copy } from "../../lib/copy/copy_places.ts";
import { importFiles } from "../../lib/copy/import/import_files.ts";
import { pull } from "../../lib/copy/pull.ts";
import { openLayoutHolder } from "../../lib/copy/sources/layout.ts";
import { parseConfig, parseManifest } from "../../lib/image/manifest.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { findProgram, missing, missingRoot } from "../e2e/servers/daemon.ts";
import {
  type Engine,
  makePodman,
  NEW_CONTAINERD,
  NEW_DOCKERD,
  runTool,
  startDockerd,
} from "../e2e/servers/engines.ts";
import { Workspace } from "../e2e/workspace.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

const NAME = "registry.test/team/app:1";
const workspace = new Workspace();
const image = await buildImage({
  layers: [{}, { size: 200_000 }, {}],
  platform: {
    os: "linux",
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
  },
});
const other = await buildImage({
  layers: 1,
  platform: { os: "linux", architecture: "s390x" },
});

const registry = new FakeRegistry();
registry.add("team/app", image, "1");
registry.add("team/app", buildIndex([image, other]), "index");

/** What a test works with. */
interface World {
  /** A folder of its own. */
  folder: string;
  /** An archive of the image, by this program. */
  ours: string;
  /** The registry, as `host:port/team/app`. */
  repository: string;
  /** Runs a program while the registry answers. */
  run(program: string, ...args: string[]): Promise<void>;
}

/** A program, and the place that it has written the image to. */
interface Writer {
  title: string;
  skip: string | false;
  /** @returns The place. */
  write(world: World): Promise<string> | string;
  /** How its layers are: as the registry has them, or compressed once more. */
  layers?: "kept" | "anew";
  /** What it is called there, where that is not its own name. */
  unnamed?: boolean;
}

const classic = workspace.share(({ folder }) =>
  startDockerd(join(folder, "docker"))
);
const today = (store: "classic" | "containerd") =>
  workspace.share(({ folder }) =>
    startDockerd(join(folder, `docker-${store}`), {
      program: NEW_DOCKERD,
      containerd: NEW_CONTAINERD,
      store,
    })
  );
const [todayClassic, todayContainerd] = [today("classic"), today("containerd")];

const saved =
  (engine: { get(): Promise<Engine> }) => async ({ folder, ours }: World) => {
    const docker = await engine.get();
    docker.run("load", "-i", ours);
    docker.run("save", "-o", join(folder, "saved.tar"), NAME);
    return join(folder, "saved.tar");
  };

const skopeo = (program: string, kind: string, tail = ""): Writer => ({
  title: `${program} copy to ${kind}:`,
  skip: missing(program),
  layers: kind === "docker-archive" ? undefined : "kept",
  unnamed: tail === "",
  write({ folder, ours }) {
    const from = kind === "docker-archive" ? "docker-archive" : "oci-archive";
    const place = `${kind}:${join(folder, "copied")}${tail}`;
    runTool(
      [program, "copy", "-q", "--insecure-policy", `${from}:${ours}`, place],
      folder,
    );
    return place;
  },
});

const crane = (format: string): Writer => ({
  title: `crane pull --format ${format}`,
  skip: missing("crane"),
  layers: format === "legacy" ? undefined : "kept",
  unnamed: true,
  async write({ folder, repository, run }) {
    const path = join(folder, "pulled");
    const args = ["pull", "--format", format, `${repository}:1`, path];
    await run("crane", ...args);
    return format === "oci" ? `oci:${path}` : `docker-archive:${path}`;
  },
});

const podman = (format: string): Writer => ({
  title: `podman save --format ${format}`,
  skip: missingRoot("podman"),
  layers: format === "docker-archive" ? undefined : "anew",
  write({ folder, ours }) {
    const podman = makePodman(join(workspace.folder, "podman"));
    podman.run("load", "-i", ours);
    const path = join(folder, "saved");
    podman.run("save", "--format", format, "-o", path, NAME);
    return format === "oci-dir" ? `oci:${path}` : `${format}:${path}`;
  },
});

const missingToday = missingRoot(NEW_DOCKERD, NEW_CONTAINERD, "docker");

const WRITERS: Writer[] = [
  {
    title: "docker save of Docker 20.10",
    skip: missingRoot("dockerd", "containerd", "docker"),
    write: saved(classic),
  },
  {
    title: "docker save of today, classic store",
    skip: missingToday,
    write: saved(todayClassic),
  },
  {
    title: "docker save of today, containerd store",
    skip: missingToday,
    layers: "kept",
    write: saved(todayContainerd),
  },
  ...["docker-archive", "oci-archive", "oci-dir"].map(podman),
  ...["skopeo", "skopeo-new"].flatMap((program) => [
    skopeo(program, "docker-archive", ":registry.test/team/app:1"),
    skopeo(program, "oci-archive"),
    skopeo(program, "oci-archive", ":registry.test/team/app:1"),
    skopeo(program, "oci", ":registry.test/team/app:1"),
  ]),
  ...["tarball", "legacy", "oci"].map(crane),
  {
    title: "regctl image export",
    skip: missing("regctl"),
    layers: "kept",
    unnamed: true,
    async write({ folder, repository, run }) {
      const path = join(folder, "exported.tar");
      const [host] = repository.split("/");
      const reg = `reg=${host},tls=disabled`;
      await run(
        "regctl",
        "--host",
        reg,
        "image",
        "export",
        `${repository}:1`,
        path,
      );
      return path;
    },
  },
  {
    title: "oras copy --to-oci-layout",
    skip: missing("oras"),
    layers: "kept",
    unnamed: true,
    async write({ folder, repository, run }) {
      const path = join(folder, "layout");
      const from = ["--from-plain-http", `${repository}:index`];
      await run("oras", "copy", ...from, "--to-oci-layout", `${path}:v1`);
      return `oci:${path}:v1`;
    },
  },
];

/** The diffIDs of the first image of a layout that is for this machine. */
async function diffIdsIn(folder: string): Promise<string[]> {
  const holder = await openLayoutHolder(folder);
  const found: string[][] = [];
  const visit = async (digest: string): Promise<void> => {
    const document = await holder.document(digest);
    if (!document) return;
    const { manifests } = JSON.parse(new TextDecoder().decode(document.bytes));
    for (const { digest } of manifests ?? []) await visit(digest);
    if (manifests) return;
    const manifest = parseManifest(document);
    const blob = await holder.blob(manifest.config);
    const bytes = new Uint8Array(manifest.config.size);
    await blob!.read(bytes, 0);
    await blob!.close();
    const config = parseConfig(
      { descriptor: manifest.config, bytes },
      manifest,
    );
    if (config.architecture === image.platform.architecture) {
      found.push(config.rootfs.diff_ids);
    }
  };
  for (const { descriptor } of await holder.images()) {
    await visit(descriptor.digest);
  }
  return found[0] ?? [];
}

for (const { title, skip, write, layers = "plain", unnamed } of WRITERS) {
  test(`what ${title} writes is imported, and copied from`, {
    skip: skip || !("Deno" in globalThis) && "asked under Deno",
  }, async () => {
    const folder = workspace.makeFolder();
    const served = await registry.serve();
    try {
      const ours = join(folder, "ours.tar");
      await pull(NAME, {
        fetch: registry.fetch,
        output: ours,
        cacheDir: false,
      });
      const place = await write({
        folder,
        ours,
        repository: `${served.host}/team/app`,
        async run(program, ...args) {
          const child = spawn(findProgram(program)!, args, { cwd: folder });
          let words = "";
          child.stdout.resume();
          child.stderr.on("data", (text) => words += text);
          const [status] = await once(child, "close");
          assertEquals(status, 0, words);
        },
      });
      const path = /^(?:[a-z-]+:)?([^:]+)/.exec(place)![1]!;

      // Into the cache.
      const cacheDir = join(folder, "cache");
      const { images, failures, plain } = await importFiles([path], {
        cacheDir,
      });
      assertEquals(failures, []);
      assert(images.length >= 1 && images.every(({ isWhole }) => isWhole));
      const cache = (await LayoutStore.find(cacheDir))!;
      const there = await Promise.all(
        image.layers.map((layer) => cache.has(layer)),
      );
      assertEquals(new Set(there), new Set([layers === "kept"]));
      for (const diffId of image.diffIds) {
        if (layers !== "plain") continue;
        assertEquals((await cache.byDiffId(diffId))?.digest, diffId);
      }
      assertEquals(plain.blobs, layers === "plain" ? 3 : 0);
      const names = [...await cache.names()];
      if (!unnamed) assert(names.includes(NAME), names.join());

      // To a layout, and on to an archive that all loaders take.
      const layout = join(folder, "copied-layout");
      await copy(place, `oci:${layout}:${NAME}`, { cacheDir: false });
      assertEquals(await diffIdsIn(layout), image.diffIds);
      const out = join(folder, "copied.tar");
      await copy(`oci:${layout}:${NAME}`, out, {
        cacheDir: false,
        platform: image.platform,
      });
      const { problems, loaders } = await verifyImage(out);
      assertEquals(problems, []);
      assertEquals(loaders.filter(({ accepts }) => !accepts), []);
    } finally {
      await served.close();
    }
  });
}

test("docker load takes what was copied from a layout of plain layers", {
  skip: missingRoot("dockerd", "containerd", "docker"),
}, async () => {
  const folder = workspace.makeFolder();
  await mkdir(folder, { recursive: true });
  const docker = await classic.get();
  const ours = join(folder, "ours.tar");
  await pull(NAME, { fetch: registry.fetch, output: ours, cacheDir: false });
  docker.run("load", "-i", ours);
  const id = docker.run("image", "inspect", "-f", "{{.Id}}", NAME).trim();
  const saved = join(folder, "saved.tar");
  docker.run("save", "-o", saved, NAME);
  docker.run("rmi", "-f", NAME);
  await copy(saved, `oci:${join(folder, "layout")}`, { cacheDir: false });
  const back = `docker-archive:${join(folder, "back.tar")}:other.test/name:2`;
  await copy(`oci:${join(folder, "layout")}`, back, { cacheDir: false });
  docker.run("load", "-i", join(folder, "back.tar"));
  const name = "other.test/name:2";
  assertEquals(
    docker.run("image", "inspect", "-f", "{{.Id}}", name).trim(),
    id,
  );
});

workspace.stopAtEnd();
