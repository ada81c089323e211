import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { dockerPull } from "../fixtures/command.ts";
import { buildImage, buildIndex, push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { makeAuthority } from "./servers/certificates.ts";
import { freePort, missing, missingRoot } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import { assertFailure, filesIn, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const skip = missing("docker-registry");

const registry = workspace.share(async ({ folder }) => {
  const registry = await startDockerRegistry({ folder });
  const images = await Promise.all(
    ["amd64", "arm64"].map((architecture) =>
      buildImage({
        layers: [{ size: 3_000_000 }],
        platform: { os: "linux", architecture },
      })
    ),
  );
  const { url } = registry;
  const options = { url, repository: "e2e/app", tag: "1.0" };
  await push(buildIndex(images), options);
  await push(images[0]!, { ...options, tag: "single" });
  return registry;
});

/** Pulls into an empty folder, which must stay empty. */
async function fails(
  args: string[],
  code: number,
  sentence: RegExp,
): Promise<string> {
  const cwd = workspace.makeFolder();
  const result = await dockerPull(args, { cwd });
  assertFailure(result, code, sentence);
  assertEquals(filesIn(cwd), []);
  return result.stderr;
}

test("a missing image is one sentence and exit code 5", { skip }, async () => {
  const { host } = await registry.get();
  await fails(
    [`${host}/e2e/nothing:1.0`],
    5,
    /"127\.0\.0\.1:\d+\/e2e\/nothing:1\.0".+(no repository|no such)/,
  );
});

test("a missing tag is one sentence and exit code 5", { skip }, async () => {
  const { host } = await registry.get();
  await fails([`${host}/e2e/app:9.9`], 5, /e2e\/app:9\.9".+no such tag/);
});

test("a missing digest is one sentence and exit code 5", { skip }, async () => {
  const { host } = await registry.get();
  const digest = `sha256:${"0".repeat(64)}`;
  await fails([`${host}/e2e/app@${digest}`], 5, /no such digest/);
});

test("a wrong platform is one sentence and exit code 7", {
  skip,
}, async () => {
  const { host } = await registry.get();
  const args = ["--platform", "linux/s390x"];
  await fails(
    [...args, `${host}/e2e/app:1.0`],
    7,
    /linux\/s390x.+linux\/amd64, linux\/arm64/,
  );
  await fails([...args, `${host}/e2e/app:single`], 7, /linux\/amd64/);
});

test("a refused connection is one sentence and exit code 8", async () => {
  const host = `127.0.0.1:${await freePort()}`;
  await fails([`${host}/e2e/app:1.0`], 8, new RegExp(`${host}.+refused`));
});

test("an unknown host is one sentence and exit code 8", async () => {
  await fails(["no-such-host.invalid/app:1.0"], 8, /no-such-host\.invalid/);
});

test("an expired certificate is one sentence and exit code 8", {
  skip: skip || missing("openssl"),
}, async () => {
  const folder = workspace.makeFolder();
  const authority = makeAuthority(folder);
  const tls = authority.issue("expired", -1);
  const expired = await startDockerRegistry({ folder, tls });
  try {
    const args = ["--ca-cert", authority.certFile];
    await fails([...args, `${expired.host}/e2e/app:1.0`], 8, /expired/i);
  } finally {
    await expired.stop();
  }
});

/**
 * Pulls into a file system of its own, mounted where nothing else sees it;
 * gives what is left there.
 */
async function failsOnDisk(options: string, sentence: RegExp): Promise<string> {
  const { host } = await registry.get();
  const cwd = workspace.makeFolder();
  mkdirSync(join(cwd, "out"));
  const script = `mount -t tmpfs -o ${options} tmpfs out || exit 99
"$@"; code=$?; ls -A out >listing; exit $code`;
  const result = await dockerPull(
    ["--platform", "linux/amd64", "-o", "out/image.tar", `${host}/e2e/app:1.0`],
    { cwd, prefix: ["unshare", "-m", "sh", "-c", script, "sh"] },
  );
  assertFailure(result, 10, sentence);
  assertStringIncludes(result.stderr, '"out');
  return readFileSync(join(cwd, "listing"), "utf8");
}

const noMount = skip || missingRoot("unshare", "mount") ||
  (spawnSync("unshare", ["-m", "true"]).status !== 0 && "no own mounts");

test("a read-only output folder is one sentence and exit code 10", {
  skip: noMount,
}, async () => {
  assertEquals(await failsOnDisk("ro", /read-only/), "");
});

test("a full disk is one sentence and exit code 10", {
  skip: noMount,
}, async () => {
  assertEquals(await failsOnDisk("size=1m", /disk is full/), "");
});

test("an output folder that is a file is one sentence and exit code 10", {
  skip,
}, async () => {
  const { host } = await registry.get();
  const file = join(workspace.makeFolder(), "file");
  writeFileSync(file, "");
  const args = ["--platform", "linux/amd64", "-o", join(file, "image.tar")];
  const stderr = await fails([...args, `${host}/e2e/app:1.0`], 10, /Cannot/);
  assertStringIncludes(stderr, file);
});

workspace.stopAtEnd();
