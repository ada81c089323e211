/**
 * The story of a shared cache: eight processes pull overlapping images into
 * it at once, two of them are killed, and yet each blob comes once.
 */

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { FaultProxy } from "../faults/fault_proxy.ts";
import { randomFrom } from "../faults/random.ts";
import { makeSchedule } from "../faults/schedule.ts";
import { checkArchive, checkCache } from "./check.ts";
import { REPOSITORY } from "./images.ts";
import { pullInProcess, type SoakPull } from "./process.ts";
import type { StoryContext } from "./story.ts";

const PROCESSES = 8;
const KILLED = 2;
const CONCURRENCY = 3;
/** What a killed process loses of each blob that it was fetching. */
const LOST_BY_KILL = 3 * 1024 * 1024;

/** What happened. */
export interface SharedResult {
  /** How many processes were killed before they were through. */
  kills: number;
  /** Bytes of blobs that came, over those of the blobs. */
  ratio: number;
}

/** Plays the story of a seed; throws where something is wrong. */
export async function playSharedStory(
  seed: string,
  context: StoryContext,
): Promise<SharedResult> {
  const random = randomFrom("shared", seed);
  const folder = mkdtempSync(join(context.folder, "story-"));
  mkdirSync(join(folder, "out"));
  const proxy = await FaultProxy.start({
    upstream: context.upstream,
    schedule: makeSchedule(seed, { budget: 0 }),
    bytesPerSecond: random.pick([10_000_000, 20_000_000, 40_000_000]),
  });
  const overlapping = context.images.filter(({ tag }) =>
    ["eight", "eight2", "many", "large"].includes(tag)
  );
  const pulls = Array.from({ length: PROCESSES }, (_, i) => {
    const image = random.pick(overlapping);
    const pull: SoakPull = {
      reference: `${proxy.host}/${REPOSITORY}:${image.tag}`,
      output: join(folder, "out", `${i}.tar`),
      cacheDir: join(folder, "cache"),
      concurrency: CONCURRENCY,
      retries: 3,
      // Nothing goes wrong here, and the machine may be busy.
      timeout: 20_000,
      plainHttp: true,
      threads: i % 2 === 1,
      ...(i % 4 < 2 && { platform: "linux/amd64" }),
    };
    return { image, pull };
  });
  const duration = 60_000_000 / (40_000_000 * CONCURRENCY) * 1000;
  try {
    let kills = 0;
    const outcomes = await Promise.all(
      pulls.map(async ({ pull }, i) => {
        const outcome = await pullInProcess(
          pull,
          i < KILLED ? random.next() * duration : undefined,
        );
        if (outcome.killed) kills++;
        return outcome;
      }),
    );
    for (const { error } of outcomes) assertEquals(error, undefined);
    // Those that were killed are begun again.
    for (const [i, { killed }] of outcomes.entries()) {
      if (!killed) continue;
      const { error } = await pullInProcess(pulls[i]!.pull);
      assertEquals(error, undefined);
    }
    for (const { image, pull } of pulls) {
      await checkArchive(pull.output!, [image]);
    }
    await checkCache(join(folder, "cache"));
    assertEquals(readdirSync(join(folder, "cache", "ingest")), []);
    assertEquals(
      readdirSync(join(folder, "out")).sort(),
      pulls.map((_, i) => `${i}.tar`),
    );
    let lost = kills * CONCURRENCY;
    let wanted = 0;
    let came = 0;
    const blobs = new Map(
      pulls.flatMap(({ image: { image } }) =>
        [...image.blobs].map(([digest, { length }]) =>
          [digest, length] as const
        )
      ),
    );
    for (const [digest, size] of blobs) {
      const bytes = proxy.deliveredOf.get(digest) ?? 0;
      wanted += size;
      came += bytes;
      if (bytes > size) lost--;
      assert(lost >= 0, "more blobs came twice than were being fetched");
      assert(
        size <= bytes && bytes <= size + kills * Math.min(size, LOST_BY_KILL),
        `${digest}: ${bytes} bytes came of ${size}, with ${kills} killed`,
      );
    }
    return { kills, ratio: came / wanted };
  } finally {
    await proxy.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
