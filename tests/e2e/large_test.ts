/** A pull that is large enough for its transfers to go on in threads. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { dockerPull } from "../fixtures/command.ts";
import { assembleImage, MEDIA_TYPES, sha256 } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { fileDigest, HOST_PLATFORM, pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const SIZES = [180_000_000, 60_000_000, 40_000_000];

/** Bytes of which no two runs are alike. */
function layerOf(size: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(size / 4);
  for (let i = 0; i < words.length; i++) words[i] = i * 2_654_435_761 + size;
  return new Uint8Array(words.buffer);
}

test("a large image comes in threads, from the registry and from the cache", async () => {
  const layers = SIZES.map(layerOf);
  const descriptors = layers.map((bytes) => ({
    mediaType: MEDIA_TYPES.oci.none,
    digest: sha256(bytes),
    size: bytes.length,
  }));
  const digests = descriptors.map(({ digest }) => digest);
  const image = assembleImage(descriptors, digests, {
    platform: HOST_PLATFORM,
  });
  const registry = new FakeRegistry();
  registry.chunkSize = 1 << 20;
  registry.add("app", image, "1");
  for (const [i, bytes] of layers.entries()) {
    registry.repository("app").blobs.set(digests[i]!, bytes);
  }
  const served = await registry.serve();
  const cwd = workspace.makeFolder();
  const archives: string[] = [];
  try {
    for (
      const [name, args] of [
        ["without.tar", ["--no-cache"]],
        ["cold.tar", []],
        ["warm.tar", []],
      ] as const
    ) {
      const path = join(cwd, name);
      await pullOk([`${served.host}/app:1`, "-o", name, ...args], cwd);
      const { code, stderr } = await dockerPull(["verify", name], { cwd });
      assertEquals(code, 0, stderr);
      archives.push(await fileDigest(path));
      rmSync(path);
    }
  } finally {
    await served.close();
  }
  assertEquals(new Set(archives).size, 1);
  const sent = registry.requests.reduce((sum, { sent }) => sum + sent, 0);
  const size = SIZES.reduce((a, b) => a + b, 0);
  assert(sent >= 2 * size && sent < 2.05 * size, `${sent} bytes`);
});

workspace.stopAtEnd();
