/**
 * The story of a set: images that share layers are pulled through faults, into
 * one archive or a file each, killed and begun again until all are there.
 */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals } from "@std/assert";
import { verifyImage } from "../../lib/verify/verify.ts";
import { FaultProxy } from "../faults/fault_proxy.ts";
import { randomFrom } from "../faults/random.ts";
import { FAULTS, makeSchedule } from "../faults/schedule.ts";
import { checkArchive, checkCache } from "./check.ts";
import { REPOSITORY, type SoakImage } from "./images.ts";
import { pullInProcess, type SoakPull } from "./process.ts";
import type { StoryContext } from "./story.ts";

/** A story that takes more tries than that has no end. */
const MOST_ATTEMPTS = 25;

/** What happened. */
export interface SetStoryResult {
  /** How often it was killed. */
  kills: number;
  /** How often it was begun. */
  attempts: number;
  /** Bytes of blobs that came, over those of the blobs and the destroyed. */
  ratio: number;
}

/** Plays the story of a seed; throws where something is wrong. */
export async function playSetStory(
  seed: string,
  context: StoryContext,
): Promise<SetStoryResult> {
  const random = randomFrom("set", seed);
  const folder = mkdtempSync(join(context.folder, "set-"));
  const out = join(folder, "out");
  mkdirSync(out);
  const images = context.images.filter(() => random.chance(0.6));
  if (images.length < 2) images.splice(0, 2, ...context.images.slice(0, 2));
  const together = random.chance(0.5);
  const cache = random.chance(0.6);
  let kills = context.killsOnly
    ? 1 + random.int(0, 2)
    : random.pick([0, 0, 1, 2]);
  const moved = new Set(["moved-tag"]);
  const proxy = await FaultProxy.start({
    upstream: context.upstream,
    schedule: makeSchedule(seed, {
      budget: context.killsOnly ? 0 : random.pick([0, 2, 4, 8]),
      faults: FAULTS.filter((fault) => !moved.has(fault)),
    }),
    auth: random.chance(0.3),
    redirect: random.chance(0.3),
    bytesPerSecond: random.pick([20_000_000, 80_000_000]),
  });
  const [reference, ...others] = images.map(({ tag }) =>
    `${proxy.host}/${REPOSITORY}:${tag}`
  );
  const archive = join(out, "all.tar");
  const pull: SoakPull = {
    reference: reference!,
    others,
    ...(together ? { output: archive } : { folder: join(out, "files") }),
    cacheDir: cache && join(out, "cache"),
    concurrency: random.pick([1, 3, 6]),
    retries: 3,
    timeout: 3_000,
    plainHttp: true,
    threads: random.chance(0.5),
  };
  const failures: string[] = [];
  let attempts = 0, killed = 0;
  try {
    for (;;) {
      attempts++;
      assert(attempts <= MOST_ATTEMPTS, `no end: ${failures.at(-1)}`);
      const outcome = await pullInProcess(
        pull,
        kills-- > 0 ? random.next() * 3_000 : undefined,
      );
      if (outcome.killed) killed++;
      await checkBetween(out, images);
      if (pull.cacheDir) await checkCache(pull.cacheDir);
      if (outcome.killed) continue;
      if (!outcome.error) break;
      failures.push(`${outcome.error.name}: ${outcome.error.message}`);
      if (outcome.error.name === "NetworkError") await delay(200);
    }
    const names = readdirSync(out).filter((name) => name !== "cache");
    assertEquals(names, [together ? "all.tar" : "files"]);
    const files = together ? [] : readdirSync(join(out, "files"));
    assertEquals(files.length, together ? 0 : images.length);
    assertEquals(files.filter((name) => name.startsWith(".")), []);
    if (together) {
      const report = await verifyImage(archive);
      assertEquals([report.problems, report.images.length], [
        [],
        images.length,
      ]);
    }
    const blobs = new Map(
      images.flatMap(({ image }) =>
        [...image.blobs].map(([digest, { length }]) =>
          [digest, length] as const
        )
      ),
    );
    const wanted = [...blobs.values()].reduce((sum, size) => sum + size, 0);
    return {
      kills: killed,
      attempts,
      ratio: proxy.delivered / (wanted + proxy.destroyed),
    };
  } catch (error) {
    throw new Error(
      [
        `${images.length} images, ${together ? "together" : "each"}, ` +
        `${cache ? "cache" : "no cache"}, ${pull.concurrency} connections`,
        `faults: ${[...proxy.injected].join(" ") || "none"}`,
        `attempts: ${attempts}, killed: ${killed}`,
        ...failures,
        (error as Error).stack ?? String(error),
      ].join("\n  "),
    );
  } finally {
    await proxy.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whatever has a final name is whole, at any moment. */
async function checkBetween(out: string, images: SoakImage[]): Promise<void> {
  const archive = join(out, "all.tar");
  if (existsSync(archive)) {
    assertEquals((await verifyImage(archive)).problems, []);
  }
  const files = join(out, "files");
  if (!existsSync(files)) return;
  for (const name of readdirSync(files)) {
    if (!name.startsWith(".")) await checkArchive(join(files, name), images);
  }
}
