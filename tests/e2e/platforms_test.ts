/**
 * Sets and several platforms in one archive, from a real registry into the
 * programs that load them; which takes what stands in docs/platforms.md.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import process from "node:process";
import { buildImage, buildIndex, push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { missing, missingRoot } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import {
  makePodman,
  NEW_CONTAINERD,
  NEW_DOCKERD,
  runTool,
  startContainerd,
  startDockerd,
} from "./servers/engines.ts";
import { pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const registry = workspace.share(({ folder }) =>
  startDockerRegistry({ folder })
);
const PLATFORMS = ["amd64", "arm64", "s390x"];
const NAMES = ["a", "b", "c"];
const indexes = await Promise.all(NAMES.map(async (seed) =>
  buildIndex(
    await Promise.all(PLATFORMS.map((architecture) =>
      buildImage({
        seed,
        platform: { os: "linux", architecture },
        layers: [{ seed: "base" }, { seed: seed + architecture }],
      })
    )),
    { attestations: true },
  )
));
const TWO = ["--platform", "linux/amd64,linux/arm64"];
/** What is pulled: the names, and how. */
const FILES = {
  pruned: [NAMES.slice(0, 1), TWO],
  original: [NAMES.slice(0, 1), [...TWO, "--index", "original"]],
  set: [NAMES, ["--platform", "linux/amd64"]],
  both: [NAMES, TWO],
  attested: [NAMES.slice(0, 1), [...TWO, "--attestations"]],
} as const;
type FileName = keyof typeof FILES;

let pushed: Promise<void> | undefined;
const files = new Map<FileName, Promise<string>>();

async function pushAll(): Promise<void> {
  const { url } = await registry.get();
  for (const [i, name] of NAMES.entries()) {
    await push(indexes[i]!, { url, repository: `sets/${name}`, tag: "1" });
  }
}

async function reference(name: string): Promise<string> {
  return `${(await registry.get()).host}/sets/${name}:1`;
}

function fileOf(name: FileName): Promise<string> {
  const make = async () => {
    await (pushed ??= pushAll());
    const folder = workspace.makeFolder();
    const path = join(folder, `${name}.tar`);
    const [names, options] = FILES[name];
    const references = await Promise.all(names.map(reference));
    await pullOk([...options, "-o", path, ...references], folder);
    return path;
  };
  const file = files.get(name) ?? make();
  files.set(name, file);
  return file;
}

const dockers = [
  ["dockerd", "classic", undefined],
  [NEW_DOCKERD, "classic", NEW_CONTAINERD],
  [NEW_DOCKERD, "containerd", NEW_CONTAINERD],
] as const;
for (const [program, store, containerd] of dockers) {
  const skip = missing("docker", "docker-registry") ||
    missingRoot(program, containerd ?? "containerd");
  test(`${program} with the ${store} store takes sets and platforms`, {
    skip,
  }, async () => {
    const folder = workspace.makeFolder();
    const engine = await startDockerd(folder, { program, containerd, store });
    try {
      for (const name of Object.keys(FILES) as FileName[]) {
        engine.run("load", "-i", await fileOf(name));
        for (const each of FILES[name][0]) {
          const image = await reference(each);
          const found = JSON.parse(engine.run("image", "inspect", image));
          assertEquals(found[0].Architecture, hostArchitecture());
          engine.run("create", "--network=none", image, "/bin/true");
        }
        const digest = indexes[0]!.document.descriptor.digest;
        const byDigest = (await reference("a")).replace(":1", `@${digest}`);
        const inspect = () => engine.run("image", "inspect", byDigest);
        // The very index that the registry names is there, with its digest.
        if (store === "containerd" && name === "original") inspect();
        else if (name === "pruned") assertThrows(inspect);
        const all = engine.run("ps", "-aq").trim().split("\n");
        engine.run("rm", "-f", ...all);
        for (const each of FILES[name][0]) {
          engine.run("image", "rm", "-f", await reference(each));
        }
      }
    } finally {
      await engine.stop();
    }
  });
}

const NEW_CTR = "ctr2";
const containerds = [
  // What is imported, as k3s and kind do it, too, and what that needs.
  ["containerd", "ctr", [
    [[], true],
    [["--all-platforms"], true],
    [["--platform", "linux/arm64"], true],
    [["--all-platforms", "--digests", "--snapshotter=native"], true],
  ]],
  [NEW_CONTAINERD, NEW_CTR, [
    [[], true],
    [["--local"], true],
    [["--all-platforms"], false],
    [["--local", "--all-platforms", "--digests"], true],
    [["--all-platforms", "--no-unpack"], true],
  ]],
] as const;
for (const [program, client, ways] of containerds) {
  const skip = missing("docker-registry") || missingRoot(program, client);
  test(`${program} takes sets and platforms`, { skip }, async () => {
    const folder = workspace.makeFolder();
    const { run, stop } = await startContainerd(folder, program, client);
    let count = 0;
    try {
      for (const [options, sparse] of ways) {
        for (const name of Object.keys(FILES) as FileName[]) {
          const [names, asked] = FILES[name];
          const only = options.find((option) => option.startsWith("linux/"));
          if (only && !asked.join().includes(only)) continue;
          const path = await fileOf(name);
          // What an earlier one has brought is not found in another namespace.
          const there = (...args: string[]) =>
            run("-n", `n${count}`, "images", ...args);
          count++;
          const load = () => there("import", ...options, path);
          if (name === "original" && !sparse) {
            assertThrows(load);
            continue;
          }
          load();
          const found = there("list", "-q").split("\n");
          for (const each of names) {
            assert(found.includes(await reference(each)), `${options} ${name}`);
          }
        }
      }
    } finally {
      await stop();
    }
  });
}

test("podman takes sets and platforms", {
  skip: missing("docker-registry") || missingRoot("podman"),
}, async () => {
  const podman = makePodman(join(workspace.makeFolder(), "podman"));
  for (const name of Object.keys(FILES) as FileName[]) {
    podman.run("load", "-q", "-i", await fileOf(name));
    for (const each of FILES[name][0]) {
      podman.run("image", "inspect", await reference(each));
    }
    podman.run("rmi", "-af");
  }
});

test("skopeo takes an image of a set by its name, in both of its ways", {
  skip: missing("docker-registry", "skopeo"),
}, async () => {
  const folder = workspace.makeFolder();
  const copy = (from: string) =>
    runTool(
      ["skopeo", "--insecure-policy", "copy", "-q", from, `dir:${folder}/to`],
      folder,
    );
  for (const name of ["set", "both"] as const) {
    const path = await fileOf(name);
    for (const each of NAMES) {
      const image = await reference(each);
      copy(`docker-archive:${path}:${image}`);
      copy(`oci-archive:${path}:${image}`);
    }
    assertThrows(() => copy(`docker-archive:${path}`));
  }
});

function hostArchitecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}
