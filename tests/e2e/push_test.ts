/** Pushes to a real registry, by the command; what other tools read there. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  buildImage,
  buildIndex,
  push as pushFixture,
} from "../fixtures/mod.ts";
import { dockerPull } from "../fixtures/command.ts";
import { test } from "../harness.ts";
import { missing } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import { runTool } from "./servers/engines.ts";
import { pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const registry = workspace.share(({ folder }) =>
  startDockerRegistry({ folder })
);
const skip = missing("docker-registry");
const skipTool = skip || missing("skopeo");

const layers = [{ size: 20_000_000, seed: "large" }, { seed: "small" }];
const amd64 = await buildImage({ layers });
const arm64 = await buildImage({
  layers,
  platform: { os: "linux", architecture: "arm64" },
});
const index = buildIndex([amd64, arm64]);

/** The digest of what a name stands for in the registry. */
async function digestAt(host: string, repository: string, tag: string) {
  const { headers } = await fetch(
    `http://${host}/v2/${repository}/manifests/${tag}`,
    {
      method: "HEAD",
      headers: {
        accept: [
          "application/vnd.oci.image.index.v1+json",
          "application/vnd.oci.image.manifest.v1+json",
          "application/vnd.docker.distribution.manifest.v2+json",
        ].join(", "),
      },
    },
  );
  return headers.get("docker-content-digest");
}

test("push brings a file to a registry, and nothing the next time", {
  skip,
}, async () => {
  const { url, host } = await registry.get();
  await pushFixture(index, { url, repository: "src/app", tag: "1" });
  const folder = workspace.makeFolder();
  const file = join(folder, "app.tar");
  await pullOk(
    [
      "--platform",
      "all",
      "--index",
      "original",
      "-o",
      file,
      `${host}/src/app:1`,
    ],
    folder,
  );
  const push = ["push", file, `${host}/mirror/`];
  const first = await dockerPull(push, { cwd: folder });
  assertEquals(first.code, 0, first.stderr);
  const digest = index.document.descriptor.digest;
  assertEquals(await digestAt(host, "mirror/src/app", "1"), digest);
  // Its layers and configurations are in the same registry.
  assertStringIncludes(
    first.stdout,
    "0 B in 0 blobs sent; 0 there already, 4 mounted",
  );
  const second = await dockerPull(push, { cwd: folder });
  assertStringIncludes(second.stdout, "There: ");
  assertStringIncludes(second.stdout, "nothing sent");
  const copy = await dockerPull(
    [
      ...["copy", "--platform", "all", "--index", "original", "--no-cache"],
      ...[`docker://${host}/mirror/src/app:1`, `docker://${host}/copied:2`],
    ],
    { cwd: folder },
  );
  assertEquals(copy.code, 0, copy.stderr);
  assertEquals(await digestAt(host, "copied", "2"), digest);
});

test("skopeo reads what was pushed, and what skopeo wrote is pushed", {
  skip: skipTool,
}, async () => {
  const { url, host } = await registry.get();
  await pushFixture(amd64, { url, repository: "src/one", tag: "1" });
  const folder = workspace.makeFolder();
  const at = (form: string) => `${form}:${join(folder, form)}.tar:x/y:1`;
  for (const form of ["docker-archive", "oci-archive"]) {
    const copying = ["copy", "--insecure-policy", "--src-tls-verify=false"];
    const places = [`docker://${host}/src/one:1`, at(form)];
    runTool(["skopeo", ...copying, ...places], folder);
    const { code, stderr } = await dockerPull(
      ["push", `${form}.tar`, `${host}/from/${form}:1`],
      { cwd: folder },
    );
    assertEquals(code, 0, stderr);
    const back = spawnSync("skopeo", [
      ...["inspect", "--tls-verify=false", "--format", "{{.Digest}}"],
      `docker://${host}/from/${form}:1`,
    ], { encoding: "utf8" });
    assertEquals(back.status, 0, back.stderr);
    const digest = await digestAt(host, `from/${form}`, "1");
    assertEquals(back.stdout.trim(), digest);
    if (form === "oci-archive") {
      assertEquals(digest, amd64.manifest.descriptor.digest);
    }
  }
});

test(
  "a file that is damaged is told of, and not pushed",
  { skip },
  async () => {
    const { url, host } = await registry.get();
    await pushFixture(amd64, { url, repository: "src/two", tag: "1" });
    const folder = workspace.makeFolder();
    await pullOk(
      ["--no-cache", "--format", "oci", "-o", "layout", `${host}/src/two:1`],
      folder,
    );
    const layer = amd64.layers[0]!.digest.slice(7);
    writeFileSync(
      join(folder, "layout/blobs/sha256", layer),
      new Uint8Array(amd64.layers[0]!.size),
    );
    const other = await startDockerRegistry({ folder });
    try {
      const { code, stderr } = await dockerPull(
        ["push", "layout", `${other.host}/damaged:1`],
        { cwd: folder },
      );
      assertEquals(code, 9, stderr);
      assert(stderr.includes(layer), stderr);
      assertEquals(await digestAt(other.host, "damaged", "1"), null);
    } finally {
      await other.stop();
    }
  },
);

workspace.stopAtEnd();
