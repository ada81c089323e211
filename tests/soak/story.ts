/**
 * The story of one image: pulled through faults, killed and begun again until
 * it is there, and then looked at from all sides.
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
import { DockerPullError } from "../../lib/image/errors.ts";
import { pull } from "../../lib/copy/pull.ts";
import { FaultProxy } from "../faults/fault_proxy.ts";
import { randomFrom } from "../faults/random.ts";
import { type Fault, FAULTS, makeSchedule } from "../faults/schedule.ts";
import { checkArchive, checkCache, checkDebris } from "./check.ts";
import { REPOSITORY, type SoakImage } from "./images.ts";
import { HANG, pullInProcess, type SoakPull } from "./process.ts";

/** What stories need. */
export interface StoryContext {
  /** The registry's host and port. */
  upstream: string;
  /** What it holds. */
  images: SoakImage[];
  /** Where stories have their folders. */
  folder: string;
  /** Whether stories consist of kills alone. */
  killsOnly: boolean;
}

/** What happened in a story. */
export interface StoryResult {
  /** The seed's choices, for people. */
  title: string;
  /** The archive; its folder is the caller's to remove. */
  archive: string;
  /** The folder. */
  folder: string;
  /** The image that it has become. */
  image: SoakImage;
  /** Faults by kind. */
  injected: Map<Fault, number>;
  /** How often it was killed. */
  kills: number;
  /** How often it was begun. */
  attempts: number;
  /** What the attempts failed with. */
  failures: string[];
  /** Bytes that went over the network, over the image's and the destroyed. */
  ratio: number;
}

/** Every story must have come to its end by then. */
const MOST_ATTEMPTS = 25;
/** What a killed process may lose of each response under way. */
const LOST_BY_KILL = 3 * 1024 * 1024;
/** What a failed pull loses of each response under way. */
const LOST_BY_FAILURE = 512 * 1024;
const SLACK = 1.15;
/** Plays the story of a seed; throws where something is wrong. */
export async function playStory(
  seed: string,
  context: StoryContext,
): Promise<StoryResult> {
  const { killsOnly } = context;
  const random = randomFrom("story", seed);
  const candidates = killsOnly
    ? context.images.filter(({ size }) => size > 20_000_000)
    : context.images;
  const image = random.pick(candidates);
  const moved = random.pick(candidates);
  const cache = random.chance(0.6);
  // Each connection has some bytes in hand, which a kill costs.
  const concurrency = random.pick(
    killsOnly ? [1, 2, 3, 3, 4] : [1, 2, 3, 3, 6],
  );
  const speed = killsOnly
    ? random.pick([5, 10, 20]) * 1_000_000
    : random.pick([8_000_000, 30_000_000, 80_000_000]);
  const budget = killsOnly ? 0 : random.pick([0, 2, 4, 8, 16]);
  const faults = random.chance(0.5)
    ? FAULTS
    : FAULTS.filter(() => random.chance(0.4));
  let kills = killsOnly ? 1 + random.int(0, 2) : random.pick([0, 0, 0, 1, 2]);
  const auth = random.chance(0.3);
  const redirect = random.chance(0.4);
  const traits = [
    image.tag,
    `${concurrency} connections`,
    cache ? "cache" : "no cache",
    `${budget} faults`,
    `${kills} kills`,
    ...(auth ? ["tokens"] : []),
    ...(redirect ? ["redirects"] : []),
    `${speed / 1e6} MB/s`,
  ];
  const folder = mkdtempSync(join(context.folder, "story-"));
  mkdirSync(join(folder, "out"));
  const proxy = await FaultProxy.start({
    upstream: context.upstream,
    schedule: makeSchedule(seed, { budget, faults }),
    auth,
    redirect,
    bytesPerSecond: speed,
    tags: [image.tag, moved.tag],
  });
  const name = random.pick(["image.tar", "an image.tar", "Abbild ünï.tar"]);
  const archive = join(folder, "out", name);
  const options: SoakPull = {
    reference: `${proxy.host}/${REPOSITORY}:latest`,
    output: archive,
    cacheDir: cache && join(folder, "out", "cache"),
    concurrency,
    retries: random.pick([1, 3, 5]),
    timeout: 1_500,
    plainHttp: true,
    threads: random.chance(0.5),
    ...(random.chance(0.3) && { platform: "linux/amd64" }),
  };
  if (options.threads) traits.push("threads");
  const title = traits.join(", ");
  const failures: string[] = [];
  const retries: string[] = [];
  let attempts = 0;
  let killed = 0;
  try {
    while (true) {
      attempts++;
      assert(attempts <= MOST_ATTEMPTS, `no end: ${failures.at(-1)}`);
      let error: Error | undefined;
      if (kills > 0) {
        kills--;
        const most = Math.min(
          image.size / Math.min(speed * concurrency, 200e6) * 1000,
          20_000,
        );
        const outcome = await pullInProcess(
          options,
          random.next() * most,
          // Where nothing else happens, what a kill costs is what is measured.
          () => proxy.killed(killsOnly ? 0 : LOST_BY_KILL),
        );
        if (outcome.killed) {
          killed++;
          await checkBetween(options);
          continue;
        }
        error = outcome.error;
      } else {
        error = await pullHere(options, retries);
      }
      if (!error) break;
      failures.push(`${error.name}: ${error.message}`);
      // Whoever tries again after an outage waits for its end.
      if (error.name === "NetworkError") await delay(200);
      await checkBetween(options);
    }
    const result = await checkArchive(archive, [image, moved]);
    if (options.cacheDir) await checkCache(options.cacheDir);
    checkDebris(join(folder, "out"), name);
    if (result === image && proxy.injected.get("moved-tag") === undefined) {
      checkIngest(options.cacheDir, killed);
    }
    const wanted = proxy.injected.has("moved-tag")
      ? image.size + moved.size
      : image.size;
    // Without a cache, each attempt asks for the documents.
    const documents = attempts * 2 * documentsOf([image, moved]);
    // A pull that gives up loses what is under way on its other connections.
    const dropped = failures.length *
      Math.min(concurrency * LOST_BY_FAILURE, wanted);
    const allowed = wanted * SLACK + proxy.destroyed + documents + dropped;
    assert(
      proxy.delivered <= allowed,
      `${proxy.delivered} bytes were fetched: ${wanted} wanted, ${proxy.destroyed} destroyed`,
    );
    return {
      title,
      archive,
      folder,
      image: result,
      injected: proxy.injected,
      kills: killed,
      attempts,
      failures,
      ratio: proxy.delivered /
        (wanted + proxy.destroyed + documents + dropped),
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const happened = [...proxy.injected].map(([fault, count]) =>
      `${count} ${fault}`
    );
    throw new Error(
      [
        title,
        `faults: ${happened.join(", ") || "none"}`,
        `attempts: ${attempts}, killed: ${killed}`,
        ...failures,
        ...retries.map((reason) => `tried again: ${reason}`),
        (error as Error).stack ?? String(error),
      ].join("\n  "),
    );
  } finally {
    await proxy.close();
  }
}

/** The size of the largest image's manifest and configuration. */
function documentsOf(images: SoakImage[]): number {
  return Math.max(
    ...images.map(({ image: { manifest, config } }) =>
      manifest.bytes.length + config.bytes.length
    ),
  );
}

/** Pulls in this process. */
async function pullHere(
  options: SoakPull,
  retries: string[],
): Promise<Error | undefined> {
  const { reference, others: _, ...rest } = options;
  const signal = AbortSignal.timeout(HANG);
  try {
    await pull(reference, {
      ...rest,
      signal,
      onEvent(event) {
        if (event.type === "retry") retries.push(event.error.message);
      },
      sleep: (wait, signal) =>
        delay(Math.min(wait, 30), undefined, { ...(signal && { signal }) }),
    });
    return undefined;
  } catch (error) {
    assert(!signal.aborted, "the pull hangs");
    if (error instanceof DockerPullError) return error;
    throw error;
  }
}

/** After a failure: no finished archive, no wrong blob. */
async function checkBetween({ output, cacheDir }: SoakPull): Promise<void> {
  // A process may be killed when all is done.
  if (existsSync(output!)) return;
  if (cacheDir) await checkCache(cacheDir);
}

/**
 * What was being fetched has become an entry. A process that is killed while
 * it renames a file may leave one, which goes when it is an hour old.
 */
function checkIngest(cacheDir: string | false, killed: number): void {
  if (!cacheDir) return;
  const left = readdirSync(join(cacheDir, "ingest"));
  const momentary = left.filter((name) => name.endsWith(".tmp"));
  assert(momentary.length <= killed, momentary.join());
  assertEquals(left.filter((name) => !momentary.includes(name)), []);
}
