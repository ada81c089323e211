/** Archives through pipes into real loaders, and images handed to real daemons. */

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { commandLine, run } from "../fixtures/command.ts";
import {
  assembleImage,
  buildImage,
  type BuiltImage,
  digestOf,
  push,
} from "../fixtures/mod.ts";
import { putLayout } from "../serve/world.ts";
import { test } from "../harness.ts";
import { missing, missingRoot, startDaemon } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import {
  makePodman,
  NEW_CONTAINERD,
  NEW_DOCKERD,
  startContainerd,
  startDockerd,
} from "./servers/engines.ts";
import { HOST_PLATFORM, pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const registry = workspace.share(({ folder }) =>
  startDockerRegistry({ folder })
);

/** What all tests load: the second has the layers of the first, and one more. */
const LAYERS = [
  { files: { "etc/motd": "a file of the first layer\n" } },
  { size: 900_000, seed: "big" },
  { size: 50_000, seed: "twice" },
  { empty: true },
  { size: 50_000, seed: "twice" },
];
const base = await buildImage({ platform: HOST_PLATFORM, layers: LAYERS });
const more = await buildImage({
  platform: HOST_PLATFORM,
  layers: [...LAYERS, { size: 300_000, seed: "own" }],
});

/** Pushes both, and gives their names. */
async function names(): Promise<{ first: string; second: string }> {
  const { url, host } = await registry.get();
  await push(base, { url, repository: "stream/base", tag: "1" });
  await push(more, { url, repository: "stream/more", tag: "2" });
  return { first: `${host}/stream/base:1`, second: `${host}/stream/more:2` };
}

/** Runs the command with its output piped into a program, as a shell does it. */
async function pipeInto(args: string[], loader: string): Promise<string> {
  const cwd = workspace.makeFolder();
  const command = [...commandLine(), ...args].map((word) => `'${word}'`)
    .join(" ");
  const script = `set -o pipefail; ${command} | ${loader}`;
  const { code, stdout, stderr } = await run(["bash", "-c", script], { cwd });
  assertEquals(code, 0, stderr);
  return stdout;
}

interface Engine {
  title: string;
  /** Why it cannot be tried here. */
  skip: string | false;
  /** Which of an image's digests is its ID there. */
  idOf: (image: BuiltImage) => string;
  /** Its socket, once it runs. */
  socket: () => Promise<string>;
}

const classic = ({ config }: BuiltImage) => config.descriptor.digest;
const content = ({ manifest }: BuiltImage) => manifest.descriptor.digest;

function docker(
  title: string,
  program: string,
  store: "classic" | "containerd",
): Engine {
  const folder = join(workspace.folder, title.replaceAll(" ", "-"));
  const old = program === "dockerd";
  const daemon = workspace.share(() =>
    startDockerd(folder, {
      program,
      containerd: old ? undefined : NEW_CONTAINERD,
      store,
    })
  );
  return {
    title,
    skip: missing("docker-registry", "docker") ||
      missingRoot(program, "containerd"),
    idOf: store === "classic" ? classic : content,
    socket: () => daemon.get().then(() => join(folder, "docker.sock")),
  };
}

const podmanFolder = join(workspace.folder, "podman");
makePodman(podmanFolder);
const service = workspace.share(() =>
  startDaemon([
    "podman",
    "--storage-driver=vfs",
    `--root=${join(podmanFolder, "root")}`,
    `--runroot=${join(podmanFolder, "run")}`,
    `--tmpdir=${join(podmanFolder, "tmp")}`,
    "--events-backend=none",
    "--cgroup-manager=cgroupfs",
    ...["system", "service", "-t", "0"],
    `unix://${join(podmanFolder, "socket")}`,
  ], {
    logFile: join(podmanFolder, "log"),
    ready: () => inspect(join(podmanFolder, "socket"), "none").then(() => true),
  })
);

const ENGINES: Engine[] = [
  docker("docker", "dockerd", "classic"),
  docker("a current docker, classic", NEW_DOCKERD, "classic"),
  docker("a current docker, containerd", NEW_DOCKERD, "containerd"),
  {
    title: "podman",
    skip: missing("docker-registry") || missingRoot("podman"),
    idOf: classic,
    socket: () => service.get().then(() => join(podmanFolder, "socket")),
  },
];

/** The ID of an image in a daemon, asked for without any code of ours. */
async function inspect(
  socket: string,
  name: string,
): Promise<string | undefined> {
  const { code, stdout } = await run([
    "curl",
    ...["-s", "-m", "10", "--unix-socket", socket],
    `http://d/images/${name}/json`,
  ], { cwd: workspace.folder });
  if (code !== 0) throw new Error(`curl ends with ${code}`);
  return JSON.parse(stdout).Id;
}

async function remove(socket: string, name: string): Promise<void> {
  await run([
    "curl",
    ...["-s", "-X", "DELETE", "--unix-socket", socket],
    `http://d/images/${name}?force=1`,
  ], { cwd: workspace.folder });
}

for (const { title, skip, idOf, socket } of ENGINES) {
  for (const option of ["--quiet", "--no-cache"]) {
    test(`-o - ${option} | load, into ${title}`, {
      skip: skip || missing("curl", "bash"),
    }, async () => {
      const { first } = await names();
      const path = await socket();
      const loader = title === "podman"
        ? `curl -s -X POST -H 'Content-Type: application/x-tar' -T - ` +
          `--unix-socket '${path}' http://d/images/load`
        : `docker -H 'unix://${path}' load`;
      const told = await pipeInto([option, first, "-o", "-"], loader);
      assertStringIncludes(told, `Loaded image: ${first}`);
      assertEquals(await inspect(path, first), idOf(base));
      await remove(path, first);
    });
  }

  test(`--load sends ${title} what it lacks`, {
    skip: skip || missing("curl"),
  }, async () => {
    const { first, second } = await names();
    const path = await socket();
    const folder = workspace.makeFolder();
    const load = async (...args: string[]) => {
      const env = { DOCKER_HOST: `unix://${path}` };
      const { stdout } = await pullOk(args, folder, env);
      return stdout;
    };
    assertStringIncludes(await load("--load", first), `Loaded: ${first} into`);
    assertEquals(await inspect(path, first), idOf(base));
    const delta = await load("--load", second);
    assertStringIncludes(delta, "were there already");
    assertEquals(await inspect(path, second), idOf(more));
    assertStringIncludes(
      await load("--load", second),
      `Up to date: ${second} in`,
    );
    // All of it is there, and not merely its name.
    const saved = await run([
      "curl",
      ...["-sf", "-o", join(folder, "saved.tar"), "--unix-socket", path],
      `http://d/images/${second}/get`,
    ], { cwd: folder });
    assertEquals(saved.code, 0);
    const verified = await run([
      ...commandLine(),
      ...["verify", join(folder, "saved.tar")],
    ], { cwd: folder });
    assertEquals(verified.code, 0, verified.stdout + verified.stderr);
    for (const name of [first, second]) await remove(path, name);
  });

  test(`copy sends ${title} what it lacks, from anywhere`, {
    skip: skip || missing("curl"),
  }, async () => {
    const { first, second } = await names();
    const path = await socket();
    const folder = workspace.makeFolder();
    const env = { DOCKER_HOST: `unix://${path}` };
    await pullOk(["--format", "oci", "-o", "both", first, second], folder);
    await pullOk(["-q", "-o", "more.tar", second], folder);
    const copy = async (from: string, name: string) => {
      const { code, stdout, stderr } = await run(
        [...commandLine(), "copy", from, `docker-daemon:${name}`],
        { cwd: folder, env },
      );
      assertEquals(code, 0, stderr);
      return stdout;
    };
    await copy(`oci:both:${first}`, "own/base:1");
    assertEquals(await inspect(path, "own/base:1"), idOf(base));
    const froms = [`oci:both:${second}`, "./more.tar", `docker://${second}`];
    for (const [i, from] of froms.entries()) {
      const name = `own/more:${i}`;
      assertStringIncludes(await copy(from, name), "were there already", from);
      assertEquals(await inspect(path, name), idOf(more));
      const saved = join(folder, `${i}.tar`);
      const url = `http://d/images/${name}/get`;
      const got = ["curl", "-sf", "-o", saved, "--unix-socket", path, url];
      assertEquals((await run(got, { cwd: folder })).code, 0);
      const verify = [...commandLine(), "verify", saved];
      const { code, stdout, stderr } = await run(verify, { cwd: folder });
      assertEquals(code, 0, stdout + stderr);
      // The next one finds no more there than this one did.
      await remove(path, name);
    }
    await remove(path, "own/base:1");
  });
}

for (const { title, skip, socket } of ENGINES) {
  test(`a layer that is no tar is one sentence each time: ${title}`, {
    skip: skip || missing("curl"),
  }, async () => {
    const bytes = new Uint8Array(5000).fill(7);
    const digest = digestOf(bytes);
    const mediaType = "application/vnd.oci.image.layer.v1.tar";
    const layer = { mediaType, digest, size: bytes.length };
    const platform = HOST_PLATFORM;
    const image = assembleImage([layer], [digest], { platform });
    image.blobs.set(digest, bytes);
    const folder = workspace.makeFolder();
    const name = "own/broken:1";
    await putLayout(join(folder, "broken"), [{ content: image, name }]);
    const path = await socket();
    // What could not be unpacked may be there by its name.
    for (let i = 0; i < 2; i++) {
      const { code, stdout, stderr } = await run(
        [...commandLine(), "copy", "oci:broken", `docker-daemon:${name}`],
        { cwd: folder, env: { DOCKER_HOST: `unix://${path}` } },
      );
      assertEquals(code, 1, stdout + stderr);
      assertEquals(stdout, "");
      const lines = stderr.split("\n");
      for (const word of ["error: ", "hint: "]) {
        assertEquals(lines.filter((line) => line.startsWith(word)).length, 1);
      }
      assertStringIncludes(stderr, `error: Cannot load into unix://${path}: `);
    }
    await remove(path, name);
  });
}

test("--load reaches a daemon by ssh", {
  skip: ENGINES[0]!.skip || missing("curl"),
}, async () => {
  const { first } = await names();
  const path = await ENGINES[0]!.socket();
  const folder = workspace.makeFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const ssh = join(bin, "ssh");
  // What the other end would do, done here; what it was told is kept.
  writeFileSync(
    ssh,
    `#!/bin/sh\necho "$@" >>'${folder}/told'\n` +
      'while [ "$1" != -- ]; do shift; done; shift 2\nexec sh -c "$*"\n',
  );
  chmodSync(ssh, 0o755);
  const env = { PATH: `${bin}:${process.env.PATH}` };
  const url = `ssh://me@server:2222${path}`;
  const { stdout } = await pullOk(["--load-to", url, first], folder, env);
  assertStringIncludes(stdout, `Loaded: ${first} into Docker`);
  assertEquals(await inspect(path, first), classic(base));
  const told = (await run(["cat", join(folder, "told")], { cwd: folder }))
    .stdout.split("\n");
  assertEquals(
    told[0],
    `-o ConnectTimeout=30 -T -l me -p 2222 -- server docker --host unix://${path} system dial-stdio`,
  );
  await remove(path, first);
});

test("-o - | ctr images import", {
  skip: missing("docker-registry", "bash") || missingRoot("containerd", "ctr"),
}, async () => {
  const folder = join(workspace.folder, "containerd");
  const containerd = await startContainerd(folder, "containerd", "ctr");
  try {
    const { first } = await names();
    const socket = join(folder, "socket");
    await pipeInto(
      ["-q", "--no-cache", first, "-o", "-"],
      `ctr -a '${socket}' -n tests images import --no-unpack -`,
    );
    const listed = containerd.run("images", "ls");
    assertStringIncludes(listed, `${first} `);
    assertStringIncludes(listed, content(base));
  } finally {
    await containerd.stop();
  }
});

test("-o - | podman load", {
  skip: missing("docker-registry", "bash") || missingRoot("podman"),
}, async () => {
  const { first } = await names();
  const folder = join(workspace.folder, "podman-cli");
  const own = makePodman(folder);
  const told = await pipeInto(
    ["-q", first, "-o", "-"],
    `podman --storage-driver=vfs --root='${folder}/root' ` +
      `--runroot='${folder}/run' --tmpdir='${folder}/tmp' ` +
      "--events-backend=none --cgroup-manager=cgroupfs load",
  );
  assertStringIncludes(told, `Loaded image: ${first}`);
  own.run("rmi", first);
});

workspace.stopAtEnd();
