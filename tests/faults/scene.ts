/** What the tests of disk and system need: a registry, images, odd folders. */

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import process from "node:process";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { findProgram } from "../e2e/servers/daemon.ts";
import { HOST_PLATFORM, type Workspace } from "../e2e/workspace.ts";
import type { CommandResult } from "../fixtures/command.ts";
import { buildImage } from "../fixtures/mod.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import type { ServedRegistry } from "../registry_server/serve.ts";

/** The exit code of whatever is wrong with files and folders. */
export const DISK = 10;

/** The repositories, by what is in them. */
export const SMALL = "faults/small:1";
/** Two layers of 3 MB each. */
export const MEDIUM = "faults/medium:1";

/** A registry with both images, over loopback. */
export async function serveImages(): Promise<
  { registry: FakeRegistry; served: ServedRegistry; stop(): Promise<void> }
> {
  const registry = new FakeRegistry();
  const small = await buildImage({
    layers: [{ files: { "etc/motd": "hello\n" } }, { size: 20_000 }],
    platform: HOST_PLATFORM,
  });
  const medium = await buildImage({
    layers: [{ size: 3_000_000, seed: "a" }, { size: 3_000_000, seed: "b" }],
    platform: HOST_PLATFORM,
  });
  registry.add("faults/small", small, "1");
  registry.add("faults/medium", medium, "1");
  const served = await registry.serve();
  return { registry, served, stop: () => served.close() };
}

/** Counts the bytes that a registry sends from now on. */
export function sentFrom(registry: FakeRegistry): () => number {
  const begin = registry.requests.length;
  return () =>
    registry.requests.slice(begin).reduce((sum, { sent }) => sum + sent, 0);
}

/** Fails unless it ended with that code and one clear sentence. */
export function assertSentence(
  { code, stderr, stdout }: CommandResult,
  expected: number,
  sentence: RegExp,
): void {
  assertEquals(code, expected, stderr);
  const errors = stderr.split("\n").filter((line) => line.startsWith("error:"));
  assertEquals(errors.length, 1, stderr);
  assertMatch(errors[0]!, sentence);
  assert(!/\n\s+at |\bUncaught\b|\[object /.test(stderr), stderr);
  assertEquals(stdout, "");
}

/** Everything in a folder, but for what the cache holds in peace. */
export function everythingIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) =>
      !/^docker_images_cache(\/(blobs|ingest|oci-layout|index\.json|verified\.json|used(\/.*)?|blobs\/.*))?$/
        .test(name)
    )
    .sort();
}

/** Why nothing can be mounted here, if so. */
export function missingMount(): string | false {
  if (process.getuid?.() !== 0) return "not root";
  const { status } = spawnSync("unshare", ["-m", "true"]);
  return status !== 0 && "nothing can be mounted";
}

/** A small file system of its own, for as long as the body runs. */
export async function onSmallDisk(
  workspace: Workspace,
  size: string,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = `${workspace.makeFolder()}/disk`;
  mkdirSync(folder);
  mount(["-t", "tmpfs", "-o", `size=${size}`, "none", folder]);
  try {
    await body(folder);
  } finally {
    spawnSync(findProgram("umount")!, ["-l", folder]);
  }
}

/** Runs `mount`. */
export function mount(args: string[]): void {
  const { status, stderr } = spawnSync(findProgram("mount")!, args, {
    encoding: "utf8",
  });
  assertEquals(status, 0, stderr);
}
