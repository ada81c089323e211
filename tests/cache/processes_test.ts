/** Pulls and prunings of one cache, in processes of their own, some of them killed. */

import { assertEquals } from "@std/assert";
import type { ChildProcess } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { listCache } from "../../lib/cache/list.ts";
import { verifyCache } from "../../lib/cache/verify.ts";
import { pruneCache } from "../../lib/cache/prune.ts";
import { dockerPull } from "../fixtures/command.ts";
import { test } from "../harness.ts";
import { inCacheWorld } from "./world.ts";

/** When a process is killed, in milliseconds after its start. */
const KILLED_AFTER = [120, 180, 240, 300, 360, 420];

test("a cache outlives prunings and pulls that are killed at any moment", () =>
  inCacheWorld(async ({ cacheDir, folder, registry }) => {
    const served = await registry.serve();
    registry.latency = 5;
    const cwd = folder;
    const cache = ["--cache-dir", cacheDir];
    const pull = (name: string, onStart?: (child: ChildProcess) => void) =>
      dockerPull([
        ...["-q", ...cache, "--platform", "linux/amd64", "--force"],
        ...["-o", join(folder, `${name}.tar`), `${served.host}/team/${name}:1`],
      ], { cwd, onStart });
    const prune = (onStart?: (child: ChildProcess) => void) =>
      dockerPull(["cache", "prune", "--max-size", "0", ...cache], {
        cwd,
        onStart,
      });
    const killAfter = (ms: number) => (child: ChildProcess) => {
      const timer = setTimeout(() => child.kill("SIGKILL"), ms);
      child.once("close", () => clearTimeout(timer));
    };
    try {
      for (const ms of KILLED_AFTER) {
        let over = false;
        const pruning = (async () => {
          for (; !over; await delay(1)) {
            await pruneCache({ cacheDir, maxSize: 0, unused: true });
          }
        })();
        const results = await Promise.all([
          pull("one").finally(() => over = true),
          prune(),
          delay(ms / 2).then(() => prune(killAfter(ms))),
          pull("two", killAfter(ms)),
        ]);
        await pruning;
        const [whole, pruned] = results;
        assertEquals([whole!.code, whole!.stderr], [0, ""]);
        assertEquals([pruned!.code, pruned!.stderr], [0, ""]);
        const { images } = await listCache({ cacheDir });
        assertEquals(images.flatMap(({ missing }) => missing), []);
        assertEquals((await verifyCache({ cacheDir })).damaged, []);
        await rm(join(folder, "one.tar"));
      }
      // No lock and no use is left that keeps anything.
      const { inUse, left } = await pruneCache({ cacheDir, maxSize: 0 });
      assertEquals([inUse, left], [[], 0]);
    } finally {
      await served.close();
    }
  }));
