/**
 * Deltas on the programs that load them: with the base there, they give the very
 * root file system of the whole image; without it, their own check says so.
 */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  buildImage,
  type BuiltImage,
  type LayerOptions,
  push,
} from "../fixtures/mod.ts";
import { cleanEnvironment } from "../fixtures/command.ts";
import { test } from "../harness.ts";
import { findProgram, missing, missingRoot } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import {
  type Engine,
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
const LOWER: LayerOptions[] = [
  { files: { "etc/motd": "the first layer\n" } },
  { files: { "etc/second": "the second layer\n" }, size: 300_000 },
  { files: { "etc/third": "the third layer\n" } },
];
const UPPER = { files: { "etc/motd": "the new layer\n", "etc/new": "new\n" } };
const FILES = {
  "etc/motd": "the new layer\n",
  "etc/second": "the second layer\n",
  "etc/third": "the third layer\n",
  "etc/new": "new\n",
};
const base = await buildImage({ platform: HOST_PLATFORM, layers: LOWER });
const app = await buildImage({
  platform: HOST_PLATFORM,
  layers: [...LOWER, UPPER],
});

/** An engine of the tests, and how it is asked by hand. */
interface Target {
  engine: Engine;
  /** The command that the script asks by. */
  asked: string[];
  /** What it says of what it has, and the options that go with that. */
  tell(base: string): { text: string; options: string[] };
  /** Makes it forget an image. */
  forget(reference: string): void;
  /** Loads a file. */
  load(path: string): string;
  /** What the files of an image are. */
  read(reference: string): Record<string, string>;
}

function readBelow(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(folder, "etc"))) {
    const path = join(folder, "etc", name);
    if (!(name in { motd: 1, second: 1, third: 1, new: 1 })) continue;
    if (statSync(path).isFile()) {
      found[`etc/${name}`] = readFileSync(path, "utf8");
    }
  }
  return found;
}

function dockerTarget(engine: Engine, folder: string): Target {
  const socket = `unix://${join(folder, "docker.sock")}`;
  return {
    engine,
    asked: ["docker", "-H", socket],
    tell: (base) => ({
      text: engine.run("image", "inspect", base),
      options: ["--for", "docker"],
    }),
    forget: (reference) => void engine.run("rmi", reference),
    load: (path) => engine.run("load", "-i", path),
    read(reference) {
      const id = engine.run("create", "--network=none", reference).trim();
      const to = workspace.makeFolder();
      engine.run("cp", `${id}:/etc`, to);
      engine.run("rm", id);
      return readBelow(to);
    },
  };
}

function ctrTarget(engine: Engine, folder: string, client: string): Target {
  const program = findProgram(client) ?? client;
  return {
    engine,
    asked: [program, "-a", join(folder, "socket"), "-n", "tests"],
    tell: () => ({
      text: engine.run("content", "ls", "-q"),
      options: ["--for", "containerd"],
    }),
    forget: (reference) => void engine.run("images", "rm", "--sync", reference),
    load: (path) => engine.run("images", "import", path),
    read(reference) {
      const lines = engine.run("images", "check").split("\n");
      const line = lines.find((each) => each.startsWith(`${reference} `)) ?? "";
      assertStringIncludes(line, " complete ");
      const to = workspace.makeFolder();
      engine.run("images", "mount", reference, to);
      try {
        return readBelow(to);
      } finally {
        engine.run("images", "unmount", to);
      }
    },
  };
}

/** Each loader: its options, and whether it finds layers by their bytes. */
const TARGETS: {
  title: string;
  skip: string | false;
  options: string[];
  start(folder: string): Promise<Target>;
}[] = [
  ...[
    { program: "dockerd", store: "classic" as const },
    {
      program: NEW_DOCKERD,
      containerd: NEW_CONTAINERD,
      store: "classic" as const,
    },
    {
      program: NEW_DOCKERD,
      containerd: NEW_CONTAINERD,
      store: "containerd" as const,
    },
  ].map((options) => ({
    title: `${options.program}, ${options.store} store`,
    skip: missing("docker-registry", "docker") ||
      missingRoot(options.program, "containerd"),
    options: [],
    start: async (folder: string) =>
      dockerTarget(await startDockerd(folder, options), folder),
  })),
  ...[["containerd", "ctr"], [NEW_CONTAINERD, "ctr2"]].map((
    [program, client],
  ) => ({
    title: program!,
    skip: missing("docker-registry") || missingRoot(program!, client!),
    options: [],
    start: async (folder: string) =>
      ctrTarget(
        await startContainerd(folder, program!, client!),
        folder,
        client!,
      ),
  })),
];

/** Runs the script beside a file with a shell; gives its exit code and words. */
function check(shell: string[], file: string, asked: readonly string[]) {
  const [program, ...rest] = shell;
  const { status, stdout, stderr } = spawnSync(
    program!,
    [...rest, `${file}.check.sh`, ...asked],
    { encoding: "utf8", env: cleanEnvironment(dirname(file)) },
  );
  return { code: status, stdout, stderr };
}

const SHELLS = [["dash"], ["busybox", "sh"], ["bash"]].filter(([program]) =>
  findProgram(program!)
);

async function pushed(image: BuiltImage, name: string): Promise<string> {
  const { url, host } = await registry.get();
  await push(image, { url, repository: `delta/${name}`, tag: "1" });
  return `${host}/delta/${name}:1`;
}

for (const { title, skip, options, start } of TARGETS) {
  test(`a delta loads where its base is, and says where it is not: ${title}`, {
    skip,
  }, async () => {
    const [baseName, appName] = [
      await pushed(base, "base"),
      await pushed(app, "app"),
    ];
    const folder = workspace.makeFolder();
    const whole = join(folder, "base.tar");
    const file = join(folder, "app.tar");
    await pullOk(["-o", whole, baseName], folder);
    const have = ["--have", baseName, ...options];
    const told = await pullOk([...have, "-o", file, appName], folder);
    assertStringIncludes(told.stdout, "Delta:  without 3 layers");
    assert(statSync(file).size < 20_000, `${statSync(file).size}`);
    const target = await start(join(workspace.makeFolder(), "engine"));
    try {
      for (const shell of SHELLS) {
        const { code, stdout, stderr } = check(shell, file, target.asked);
        assertEquals(
          [code, stdout.match(/^missing:/gm)?.length],
          [1, 3],
          stderr,
        );
      }
      target.load(whole);
      for (const shell of SHELLS) {
        const { code, stdout, stderr } = check(shell, file, target.asked);
        assertEquals(code, 0, stdout + stderr);
        assertStringIncludes(stdout, "ok: all 3 layers");
      }
      target.load(file);
      assertEquals(target.read(appName), FILES);

      // The same by what it says of itself.
      target.forget(appName);
      const { text, options } = target.tell(baseName);
      const again = ["--have", "-", ...options, "-o", file, appName];
      const second = await pullOk(again, folder, {}, text);
      assertStringIncludes(second.stdout, "Delta:  without 3 layers");
      assertEquals(target.read(baseName)["etc/third"], FILES["etc/third"]);
      target.load(file);
      // What it has in common with its base stays when that goes.
      target.forget(baseName);
      assertEquals(target.read(appName), FILES);
    } finally {
      await target.engine.stop();
    }
  });
}

test("podman load takes a delta where its base is, and refuses it elsewhere", {
  skip: missing("docker-registry") || missingRoot("podman"),
}, async () => {
  const [baseName, appName] = [
    await pushed(base, "base"),
    await pushed(app, "app"),
  ];
  const folder = workspace.makeFolder();
  const [whole, file] = [join(folder, "base.tar"), join(folder, "app.tar")];
  await pullOk(["-o", whole, baseName], folder);
  const have = ["--have", baseName, "--for", "podman"];
  await pullOk([...have, "-o", file, appName], folder);
  const podman = makePodman(join(folder, "podman"));
  const refused = assertThrows(() => podman.run("load", "-i", file), Error);
  assertStringIncludes(refused.message, "payload does not match");
  assertEquals(podman.run("images", "-q"), "");
  podman.run("load", "-i", whole);
  podman.run("load", "-i", file);
  const mount = podman.run("image", "mount", appName).trim();
  assertEquals(readBelow(mount), FILES);
  podman.run("image", "unmount", appName);
});

workspace.stopAtEnd();
