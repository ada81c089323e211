/** A cache that pulls have filled, in a folder of its own. */

import { join } from "node:path";
import { pull } from "../../lib/copy/pull.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage } from "../fixtures/mod.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

/** Two images with one layer in common. */
export const images = await Promise.all(
  ["one", "two"].map((seed) =>
    buildImage({ seed, layers: [{ seed: "base" }, { seed }] })
  ),
);

/** Where they are to be had. */
export const ONE = "registry.test/team/one:1";
export const TWO = "registry.test/team/two:1";

/** A registry, and a cache that has nothing yet. */
export interface World {
  registry: FakeRegistry;
  folder: string;
  cacheDir: string;
  /** Pulls by way of the cache. */
  pull(name: string, options?: PullOptions): Promise<unknown>;
}

/** Runs a test in it. */
export function inCacheWorld(
  body: (world: World) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const registry = new FakeRegistry();
    registry.add("team/one", images[0]!, "1");
    registry.add("team/two", images[1]!, "1");
    const cacheDir = join(folder, "cache");
    await body({
      registry,
      folder,
      cacheDir,
      pull: (name, options) =>
        pull(name, {
          fetch: registry.fetch,
          cacheDir,
          platform: "linux/amd64",
          output: join(folder, `${name.replace(/\W/g, "_")}.tar`),
          force: true,
          threads: false,
          ...options,
        }),
    });
  });
}
