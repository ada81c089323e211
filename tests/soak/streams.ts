/**
 * The story of a stream: a set of images goes to a reader as one archive, while
 * things break, the process is killed or stopped, and readers are slow or go
 * away. What was read is always the beginning of the very file, and all of it
 * where the stream has ended well.
 */

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals } from "@std/assert";
import { pullImages } from "../../lib/copy/pull.ts";
import type { PullImagesOptions } from "../../lib/copy/pull_options.ts";
import { createTransport } from "../../lib/net/transport.ts";
import { FaultProxy } from "../faults/fault_proxy.ts";
import { randomFrom } from "../faults/random.ts";
import { FAULTS, makeSchedule } from "../faults/schedule.ts";
import { checkCache } from "./check.ts";
import { REPOSITORY } from "./images.ts";
import type { SetStoryResult } from "./sets.ts";
import type { StoryContext } from "./story.ts";
import {
  type Mishap,
  MISHAPS,
  runCommand,
  runLibrary,
} from "./stream_attempt.ts";

const MOST_ATTEMPTS = 25;
/** Plays the story of a seed; throws where something is wrong. */
export async function playStreamStory(
  seed: string,
  context: StoryContext,
): Promise<SetStoryResult> {
  const random = randomFrom("stream", seed);
  const folder = mkdtempSync(join(context.folder, "stream-"));
  for (const name of ["work", "tmp"]) mkdirSync(join(folder, name));
  const images = context.images.filter(() => random.chance(0.5));
  if (images.length === 0) images.push(random.pick(context.images));
  const isCommand = random.chance(0.5);
  const cache = random.chance(0.5);
  const format = random.pick(
    ["tar", "tar", "oci-archive", "docker-legacy"] as const,
  );
  const mishaps: Mishap[] = Array.from(
    { length: random.pick(context.killsOnly ? [1, 2, 3] : [0, 1, 1, 2]) },
    () =>
      random.pick(
        MISHAPS.filter((mishap) => isCommand || mishap !== "killed"),
      ),
  );
  const budget = isCommand ? 0 : random.pick([0, 2, 4, 8]);
  const proxy = await FaultProxy.start({
    upstream: context.upstream,
    schedule: makeSchedule(seed, {
      budget,
      faults: FAULTS.filter((fault) => fault !== "moved-tag"),
    }),
    auth: random.chance(0.3),
    redirect: random.chance(0.3),
    bytesPerSecond: random.pick([20_000_000, 80_000_000]),
  });
  const references = images.map(({ tag }) =>
    `${proxy.host}/${REPOSITORY}:${tag}`
  );
  const options: PullImagesOptions = {
    platform: "linux/amd64",
    format,
    layers: format === "docker-legacy" ? "plain" : "as-is",
    cacheDir: cache && join(folder, "cache"),
    concurrency: random.pick([1, 3, 6]),
  };
  const title = [
    `${images.map(({ tag }) => tag).join(" ")} as ${format}`,
    isCommand ? "command" : "library",
    cache ? "cache" : "no cache",
    `${options.concurrency} connections`,
    mishaps.join(" ") || "no mishap",
  ].join(", ");
  const failures: string[] = [];
  let attempts = 0, kills = 0;
  const file = join(folder, "expected.tar");
  try {
    const size = await pullExpected(references, file, options, {
      from: proxy.host,
      to: context.upstream,
    });
    const handle = await open(file, "r");
    const stream = { references, options, random, expected: { handle, size } };
    try {
      for (let whole = false; !whole;) {
        attempts++;
        assert(attempts <= MOST_ATTEMPTS, `no end: ${failures.at(-1)}`);
        const mishap = mishaps.shift();
        if (mishap === "killed") kills++;
        const outcome = await (isCommand
          ? runCommand(stream, mishap, folder)
          : runLibrary(stream, mishap));
        whole = outcome.ended;
        // All of it, or its end is missing; and never anything else.
        assertEquals(outcome.ended, outcome.read === size);
        if (options.cacheDir) {
          await checkCache(options.cacheDir);
        }
        if (outcome.error) {
          failures.push(`${outcome.error.name}: ${outcome.error.message}`);
          await delay(200);
        }
        if (!isCommand) {
          continue;
        }
        assertEquals(readdirSync(join(folder, "work")), []);
        // What was killed leaves it to the next one to clear up.
        if (mishap !== "killed") {
          assertEquals(readdirSync(join(folder, "tmp")), []);
        }
      }
    } finally {
      await handle.close();
    }
    const blobs = new Map(
      images.flatMap(({ image }) =>
        [...image.blobs].map(([digest, { length }]) => [digest, length])
      ),
    );
    const wanted = [...blobs.values()].reduce<number>(
      (sum, size) => sum + Number(size),
      0,
    );
    // Without a cache, each begins anew.
    const most = wanted * (cache ? 1 : attempts) + proxy.destroyed;
    const documents = attempts * images.reduce(
      (sum, { image: { manifest } }) => sum + manifest.bytes.length,
      0,
    );
    const ratio = proxy.delivered / (most + documents);
    if (attempts === 1 && budget === 0) assert(ratio <= 1, `${ratio}`);
    return { kills, attempts, ratio };
  } catch (error) {
    throw new Error(
      [
        title,
        `faults: ${[...proxy.injected].join(" ") || "none"}`,
        `attempts: ${attempts}`,
        ...failures,
        (error as Error).stack ?? String(error),
      ].join("\n  "),
    );
  } finally {
    await proxy.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The file that is to come; all goes well with it. */
async function pullExpected(
  references: string[],
  output: string,
  options: PullImagesOptions,
  { from, to }: { from: string; to: string },
): Promise<number> {
  const transport = createTransport();
  try {
    const { results, failures } = await pullImages(references, {
      ...options,
      output,
      cacheDir: false,
      fetch: (address, init) =>
        transport.fetch(address.replace(from, to), init),
    });
    assertEquals(failures, []);
    return results[0]!.size;
  } finally {
    transport.close();
  }
}
