/** A registry in memory, a folder, and pulls from the one into the other. */
import { assert, assertEquals } from "@std/assert";
import { toBytes } from "@std/streams/to-bytes";
import { UntarStream } from "@std/tar/untar-stream";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PullEvent } from "../../lib/image/events.ts";
import { pull } from "../../lib/copy/pull.ts";
import type { PullResult } from "../../lib/copy/pull_result.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import { inFolder } from "../disk/folder.ts";
import { type BuiltImage, sha256 } from "../fixtures/mod.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

/** What a test works with. */
export interface PullWorld {
  /** The registry, at `registry.test`. */
  registry: FakeRegistry;
  /** A folder, in which the cache is `cache`. */
  folder: string;
  /** What the last pull told. */
  events: PullEvent[];
  /** Pulls, without waiting between tries, into `folder`. */
  pull(reference: string, options?: PullOptions): Promise<PullResult>;
  /** The paths that were asked for since the last call, with their methods. */
  asked(): string[];
}

/** Runs a test in a world of its own. */
export function inPullWorld(
  body: (world: PullWorld) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const registry = new FakeRegistry();
    const events: PullEvent[] = [];
    let seen = 0;
    await body({
      registry,
      folder,
      events,
      pull(reference, options) {
        events.length = 0;
        return pull(`registry.test/${reference}`, {
          fetch: registry.fetch,
          platform: "linux/amd64",
          output: join(folder, "image.tar"),
          cacheDir: join(folder, "cache"),
          onEvent: (event) => void events.push(event),
          ...options,
        });
      },
      asked() {
        const asked = registry.log.slice(seen);
        seen = registry.log.length;
        return asked;
      },
    });
    registry.assertNoOpenBodies();
  });
}

/** The members of an archive. */
export async function readArchive(
  path: string,
): Promise<Map<string, Uint8Array>> {
  const bytes = new Uint8Array(await readFile(path));
  const members = new Map<string, Uint8Array>();
  const stream = new Blob([bytes]).stream().pipeThrough(new UntarStream());
  for await (const { path, readable } of stream) {
    assert(readable && !members.has(path), path);
    members.set(path, await toBytes(readable));
  }
  return members;
}

/** Fails unless the archive holds the image, the whole image and no more. */
export async function assertHolds(
  path: string,
  image: BuiltImage,
): Promise<void> {
  const members = await readArchive(path);
  const blobs = [...members].filter(([name]) => name.startsWith("blobs/"));
  const digests = blobs.map(([name, bytes]) => {
    assertEquals(`blobs/sha256/${sha256(bytes).slice(7)}`, name);
    return sha256(bytes);
  });
  const expected = [image.manifest.descriptor.digest, ...image.blobs.keys()];
  assertEquals(digests.sort(), expected.sort());
  const json = (name: string) =>
    JSON.parse(new TextDecoder().decode(members.get(name)));
  const name = (digest: string) => `blobs/sha256/${digest.slice(7)}`;
  const [{ Config, Layers }] = json("manifest.json");
  assertEquals(Config, name(image.config.descriptor.digest));
  assertEquals(Layers, image.layers.map(({ digest }) => name(digest)));
  const [entry] = json("index.json").manifests;
  assertEquals(entry.digest, image.manifest.descriptor.digest);
}
