import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { verifyImage } from "../../lib/verify/verify.ts";
import { missing, missingRoot } from "../e2e/servers/daemon.ts";
import { makePodman, runTool, startDockerd } from "../e2e/servers/engines.ts";
import { Workspace } from "../e2e/workspace.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import {
  change,
  dockerMembers,
  inVerifyWorld,
  takers,
  takersOfFolder,
  tar,
} from "./world.ts";

const workspace = new Workspace();
const dockerd = workspace.share(({ folder }) =>
  startDockerd(join(folder, "docker"))
);
const DOCKER =
  "docker-classic docker-containerd containerd podman skopeo-docker-archive";

/** What others have written is verified, and taken by who they say. */
async function assertGood(path: string, taken: string): Promise<void> {
  const report = await verifyImage(path);
  assertEquals(report.problems, [], path);
  assertEquals(report.images.map(({ ok, layers }) => [ok, layers]), [[
    true,
    3,
  ]]);
  assertEquals(takers(report), taken, path);
}

test(
  "verifyImage() takes what skopeo writes",
  { skip: missing("skopeo") },
  () =>
    inVerifyWorld(async ({ folder, path }) => {
      const copy = async (from: string, to: string, taken: string) => {
        const [kind, tag = ""] = to.split("=");
        const target = join(folder, `by-skopeo-${kind}`);
        const out = `${kind}:${target}${tag && `:${tag}`}`;
        runTool(["skopeo", "copy", "-q", `${from}:${path}`, out], folder);
        await assertGood(target, taken);
      };
      await copy("docker-archive", "docker-archive=team/app:1", DOCKER);
      // It has no name, of which ctr makes nothing.
      const both = "docker-containerd podman skopeo-oci";
      await copy("oci-archive", "oci-archive", both);
      await copy("oci-archive", "oci", takersOfFolder(folder));
    }),
);

test(
  "verifyImage() refuses what skopeo refuses",
  { skip: missing("skopeo") },
  () =>
    inVerifyWorld(async ({ folder, path, image, verify }) => {
      const verdicts = async () => {
        const { loaders } = await verify();
        const told = loaders.slice(4).map(({ accepts }) => accepts);
        const done = ["docker-archive", "oci-archive"].map((kind) => {
          try {
            const to = `dir:${join(folder, kind)}`;
            runTool(["skopeo", "copy", "-q", `${kind}:${path}`, to], folder);
            return true;
          } catch {
            return false;
          }
        });
        assertEquals(told, done);
        return told;
      };
      assertEquals(await verdicts(), [true, true]);
      const good = await readFile(path);
      // The content of the last layer, which is the last of the archive's.
      await change(path, (bytes) => void (bytes[bytes.length - 4000]! ^= 1));
      assertEquals(await verdicts(), [false, false]);
      await writeFile(path, good.subarray(0, good.length - 4000));
      assertEquals(await verdicts(), [false, false]);
      const members = dockerMembers(image);
      await writeFile(path, tar(members));
      assertEquals(await verdicts(), [true, false]);
      members[2] = [members[2]![0], "", {
        type: "2",
        target: "../0/layer.tar",
      }];
      await writeFile(path, tar(members));
      assertEquals(await verdicts(), [false, false]);
    }, { layers: [{}, {}, { size: 50_000 }] }),
);

test("verifyImage() takes what docker save writes", {
  skip: missingRoot("dockerd", "containerd", "docker"),
}, () =>
  inVerifyWorld(async ({ path, folder }) => {
    const docker = await dockerd.get();
    docker.run("load", "-i", path);
    const saved = join(folder, "saved.tar");
    docker.run("save", "-o", saved, "registry.test/team/app:1");
    await assertGood(saved, DOCKER);
  }));

test("verifyImage() takes what podman save writes", {
  skip: missingRoot("podman"),
}, () =>
  inVerifyWorld(async ({ path, folder }) => {
    const podman = makePodman(join(workspace.folder, "podman"));
    podman.run("load", "-i", path);
    for (
      const [format, taken] of [
        ["docker-archive", DOCKER],
        ["oci-archive", "docker-containerd containerd podman skopeo-oci"],
      ] as const
    ) {
      const saved = join(folder, `${format}.tar`);
      const options = ["--format", format, "-o", saved];
      podman.run("save", ...options, "registry.test/team/app:1");
      await assertGood(saved, taken);
    }
  }));

test(
  "verifyImage() takes what crane pull writes",
  { skip: missing("crane") },
  async () => {
    const folder = workspace.makeFolder();
    const registry = new FakeRegistry();
    registry.add("team/app", await buildImage({ layers: 3 }), "1");
    const served = await registry.serve();
    try {
      for (
        const [format, taken] of [
          ["tarball", DOCKER],
          ["legacy", DOCKER],
          ["oci", takersOfFolder(folder)],
        ] as const
      ) {
        const target = join(folder, format);
        const image = `${served.host}/team/app:1`;
        const child = spawn("crane", [
          "pull",
          "--format",
          format,
          image,
          target,
        ]);
        child.stdout.resume();
        child.stderr.resume();
        const [status] = await once(child, "close");
        assertEquals(status, 0, format);
        await assertGood(target, taken);
      }
    } finally {
      await served.close();
    }
  },
);

workspace.stopAtEnd();
