/** Each fault by itself: a pull through it ends well, and none of it is left. */

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals } from "@std/assert";
import { pull } from "../../lib/copy/pull.ts";
import { createTransport } from "../../lib/net/transport.ts";
import { buildImage } from "../fixtures/mod.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { checkArchive, checkCache } from "../soak/check.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { type Fault, FAULTS, makeSchedule } from "./schedule.ts";

const image = await buildImage({
  layers: [
    { size: 9_000_000, compression: "none" },
    { size: 300_000, seed: "b" },
    {},
  ],
});
const other = await buildImage({ layers: [{ size: 500_000, seed: "c" }] });
const size = [...image.blobs.values()].reduce(
  (sum, { length }) => sum + length,
  0,
);
const soakImages = [image, other].map((image, i) => ({
  tag: `${i}`,
  image,
  size: 0,
}));

/** What one kind of fault does to a pull, some times in a row. */
async function throughFault(
  fault: Fault,
  folder: string,
  options: {
    budget: number;
    cache: boolean;
    threads: boolean;
    /** Whether bodies come by the short way. */
    short: boolean;
    seed: string;
  },
): Promise<FaultProxy> {
  const { budget, cache, threads, short, seed } = options;
  const transport = createTransport(short ? { proxy: () => undefined } : {});
  const registry = new FakeRegistry();
  registry.add("soak/app", image, "0");
  registry.add("soak/app", other, "1");
  const served = await registry.serve();
  const proxy = await FaultProxy.start({
    upstream: served.host,
    schedule: makeSchedule(seed, { budget, density: 1, faults: [fault] }),
    auth: fault === "401",
    redirect: fault === "dead-redirect",
    tags: ["0", "1"],
    bytesPerSecond: 20_000_000,
  });
  try {
    const path = join(folder, "image.tar");
    // Two faults in a row may be more than a pull puts up with: then the next
    // one goes on.
    for (let attempt = 1;; attempt++) {
      try {
        await pull(`${proxy.host}/soak/app:latest`, {
          output: path,
          cacheDir: cache && join(folder, "cache"),
          plainHttp: true,
          threads,
          fetch: transport.fetch,
          retries: 5,
          timeout: 500,
          sleep: (wait, signal) =>
            delay(Math.min(wait, 60), undefined, { ...(signal && { signal }) }),
        });
        break;
      } catch (error) {
        assert(attempt < 4, `${fault}: ${(error as Error).stack}`);
        await delay(200);
      }
    }
    await checkArchive(path, soakImages);
    if (cache) await checkCache(join(folder, "cache"));
    assertEquals(
      readdirSync(folder).filter((name) => name !== "cache"),
      ["image.tar"],
    );
    return proxy;
  } finally {
    await proxy.close();
    transport.close();
    await served.close();
  }
}

const alone = [
  { cache: true, threads: false, short: false, name: "with a cache" },
  { cache: false, threads: false, short: false, name: "without a cache" },
];
const inThreads = [
  { cache: true, threads: true, short: false, name: "with threads" },
  { cache: false, threads: true, short: false, name: "with threads alone" },
];
const byShortWay = [
  { cache: false, threads: true, short: true, name: "by the short way" },
  { cache: true, threads: true, short: true, name: "by it, with a cache" },
];
for (const [i, fault] of FAULTS.entries()) {
  // The soak has all of them mixed.
  const ways = [...alone, inThreads[i % 2]!, ...byShortWay];
  for (const { cache, threads, short, name } of ways) {
    test(`a pull survives ${fault} ${name}`, () =>
      inFolder(async (folder) => {
        for (const budget of [1, 3]) {
          const sub = join(folder, `${budget}`);
          mkdirSync(sub);
          const proxy = await throughFault(fault, sub, {
            budget,
            cache,
            threads,
            short,
            seed: `${fault} ${budget} ${cache}`,
          });
          assert(proxy.injected.has(fault), "it did not happen");
          const allowed = size * 1.15 + proxy.destroyed + 2_000_000;
          assert(
            proxy.delivered <= allowed,
            `${proxy.delivered} bytes came, ${proxy.destroyed} destroyed`,
          );
        }
      }));
  }
}

test("the schedule of a seed is always the same", () => {
  const play = (seed: string) => {
    const schedule = makeSchedule(seed, { budget: 20 });
    return Array.from({ length: 60 }, () => schedule.decide("blob"));
  };
  assertEquals(play("a"), play("a"));
  assert(play("a").join() !== play("b").join());
  assertEquals(play("a").filter(Boolean).length, 20);
});
