import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Index, Manifest } from "../../lib/image/types.ts";
import { push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { type ImageCase, makeImages } from "./images.ts";
import { missing, missingRoot } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import {
  type Engine,
  makePodman,
  NEW_CONTAINERD,
  NEW_DOCKERD,
  runTool,
  startDockerd,
} from "./servers/engines.ts";
import { fileDigest, filesIn, pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const registry = workspace.share(({ folder }) =>
  startDockerRegistry({ folder })
);
const dockerd = workspace.share(({ folder }) =>
  startDockerd(join(folder, "docker"))
);
/** Debian's daemon, and a current one in both of its modes where there is one. */
const DOCKERS = [
  { title: "docker", store: "classic", program: "dockerd", daemon: dockerd },
  ...(["classic", "containerd"] as const).map((store) => ({
    title: `a current docker with the ${store} store`,
    store,
    program: NEW_DOCKERD,
    daemon: workspace.share(({ folder }) =>
      startDockerd(join(folder, `docker-${store}`), {
        program: NEW_DOCKERD,
        containerd: NEW_CONTAINERD,
        store,
      })
    ),
  })),
];
const podman = makePodman(join(workspace.folder, "podman"));
const archives = new Map<string, string>();
const images = await makeImages();

/** Pushes and pulls an image, once for all tests. */
async function archiveOf({ name, args, content }: ImageCase) {
  const { url, host } = await registry.get();
  const reference = `${host}/e2e/${name}:1.0`;
  let archive = archives.get(name);
  if (archive === undefined) {
    await push(content, { url, repository: `e2e/${name}`, tag: "1.0" });
    const folder = workspace.makeFolder();
    archive = join(folder, "image.tar");
    await pullOk([...args, "-o", archive, reference], folder);
    assertEquals(filesIn(folder), ["image.tar"]);
    archives.set(name, archive);
  }
  return { archive, reference };
}

interface Inspected {
  Id: string;
  Os: string;
  Architecture: string;
  Variant?: string;
  RepoTags: string[];
}

function assertLoaded(
  engine: Engine,
  reference: string,
  wanted: ImageCase,
  wantedId: string = wanted.image.config.descriptor.digest,
) {
  const { platform } = wanted.image;
  const [found]: [Inspected] = JSON.parse(
    engine.run("image", "inspect", reference),
  );
  const id = found.Id.includes(":") ? found.Id : `sha256:${found.Id}`;
  assertEquals(id, wantedId);
  assertEquals(found.Os, platform.os);
  assertEquals(found.Architecture, platform.architecture);
  assertEquals(found.RepoTags, [reference]);
}

for (const wanted of images) {
  const [path, text] = wanted.file;

  for (const { title, store, program, daemon } of DOCKERS) {
    test(`${title} load takes the image ${wanted.name}`, {
      skip: missing("docker-registry", "docker") ||
        missingRoot(program, "containerd"),
    }, async () => {
      const { archive, reference } = await archiveOf(wanted);
      const docker = await daemon.get();
      const told = docker.run("load", "-i", archive);
      assertStringIncludes(told, `Loaded image: ${reference}`);
      const { manifest, config } = wanted.image;
      // The store of containerd keeps the registry's own manifest.
      const id = store === "classic" ? config : manifest;
      assertLoaded(docker, reference, wanted, id.descriptor.digest);
      const container = docker.run("create", reference).trim();
      const copy = join(workspace.makeFolder(), "file");
      docker.run("cp", `${container}:/${path}`, copy);
      assertEquals(readFileSync(copy, "utf8"), text);
      docker.run("rm", container);
      docker.run("rmi", reference);
    });
  }

  test(`podman load takes the image ${wanted.name}`, {
    skip: missing("docker-registry") || missingRoot("podman"),
  }, async () => {
    const { archive, reference } = await archiveOf(wanted);
    podman.run("load", "-i", archive);
    assertLoaded(podman, reference, wanted);
    const mount = podman.run("image", "mount", reference).trim();
    assertEquals(readFileSync(join(mount, path), "utf8"), text);
    podman.run("image", "unmount", reference);
    podman.run("rmi", reference);
  });

  test(`skopeo reads the image ${wanted.name} in both forms`, {
    skip: missing("docker-registry", "skopeo"),
  }, async () => {
    const { archive } = await archiveOf(wanted);
    const folder = workspace.makeFolder();
    for (const kind of ["docker-archive", "oci-archive"]) {
      const to = `dir:${join(folder, kind)}`;
      runTool(["skopeo", "copy", "-q", `${kind}:${archive}`, to], folder);
      const manifest = JSON.parse(
        readFileSync(join(folder, kind, "manifest.json"), "utf8"),
      );
      const { config, layers } = wanted.image;
      assertEquals(manifest.config.digest, config.descriptor.digest);
      assertEquals(manifest.layers.length, layers.length);
      // A docker-archive has no manifest, so that only here it can be the same.
      if (kind !== "oci-archive") continue;
      assertEquals(
        manifest.layers.map((layer: { digest: string }) => layer.digest),
        layers.map(({ digest }) => digest),
      );
    }
  });

  test(`the cache names the image ${wanted.name}`, {
    skip: missing("docker-registry", "skopeo"),
  }, async () => {
    const { archive, reference } = await archiveOf(wanted);
    const folder = workspace.makeFolder();
    const cache = join(archive, "..", "docker_images_cache");
    const { manifests }: Index = JSON.parse(
      readFileSync(join(cache, "index.json"), "utf8"),
    );
    assertEquals(manifests.length, 1);
    const { mediaType, digest } = wanted.image.manifest.descriptor;
    // skopeo finds only OCI manifests by name, so a Docker manifest is named
    // by one that says the same.
    const same = !mediaType.includes("docker");
    assertEquals(manifests[0]!.digest === digest, same);
    for (const name of ["", `:${reference}`]) {
      const from = `oci:${cache}${name}`;
      const raw = runTool(["skopeo", "inspect", "--raw", from], folder);
      const text = new TextDecoder().decode(wanted.image.manifest.bytes);
      const digests = (json: string) => {
        const { config, layers } = JSON.parse(json) as Manifest;
        return [config, ...layers].map(({ digest, size }) => [digest, size]);
      };
      assertEquals(digests(raw), digests(text));
      if (same) assertEquals(raw, text);
      const copy = `oci:${join(folder, "copy")}`;
      runTool(["skopeo", "copy", "-q", from, copy], folder);
    }
  });

  test(`the archive of the image ${wanted.name} is always the same`, {
    skip: missing("docker-registry"),
  }, async () => {
    const { archive, reference } = await archiveOf(wanted);
    const first = await fileDigest(archive);
    const folder = join(archive, "..");
    const again = join(workspace.makeFolder(), "again.tar");
    for (const option of ["--quiet", "--no-cache"]) {
      const args = [...wanted.args, option, "--force", "-o", again, reference];
      const { stdout } = await pullOk(args, folder);
      assertEquals(stdout.includes(again), true, stdout);
      assertEquals(await fileDigest(again), first);
    }
  });
}

test("ctr images import takes the archive", {
  skip: missing("docker-registry", "ctr", "docker") ||
    missingRoot("dockerd", "containerd"),
}, async () => {
  await dockerd.get();
  const socket = join(
    workspace.folder,
    "docker/exec/containerd/containerd.sock",
  );
  const ctr = (...args: string[]) =>
    runTool(
      ["ctr", "-a", socket, "-n", "tests", "images", ...args],
      workspace.folder,
    );
  const wanted = images[1]!;
  const { archive, reference } = await archiveOf(wanted);
  ctr("import", "--no-unpack", archive);
  const line = ctr("list").split("\n").find((l) => l.startsWith(reference));
  assertStringIncludes(line ?? "", wanted.image.manifest.descriptor.digest);
});

workspace.stopAtEnd();
