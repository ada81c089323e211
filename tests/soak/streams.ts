/**
 * The story of a stream: a set of images goes to a reader as one archive, while
 * things break, the process is killed or stopped, and readers are slow or go
 * away. What was read is always the beginning of the very file, and all of it
 * where the stream has ended well.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals } from "@std/assert";
import { archiveStream } from "../../lib/copy/archive_stream.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import type { PullImagesOptions } from "../../lib/copy/pull_options.ts";
import { DockerPullError } from "../../lib/image/errors.ts";
import { createTransport } from "../../lib/net/transport.ts";
import { FaultProxy } from "../faults/fault_proxy.ts";
import { type Random, randomFrom } from "../faults/random.ts";
import { FAULTS, makeSchedule } from "../faults/schedule.ts";
import { cleanEnvironment, commandLine } from "../fixtures/command.ts";
import { checkCache } from "./check.ts";
import { REPOSITORY } from "./images.ts";
import { HANG } from "./process.ts";
import type { SetStoryResult } from "./sets.ts";
import type { StoryContext } from "./story.ts";

const MOST_ATTEMPTS = 25;
/** What ends a stream before its time; a slow reader alone does not. */
const MISHAPS = ["gone", "stopped", "killed", "slow"] as const;
type Mishap = typeof MISHAPS[number];

/** What is streamed, and how. */
interface Stream {
  references: string[];
  options: PullImagesOptions;
  random: Random;
  /** The file whose bytes are to come, and how many they are. */
  expected: { handle: FileHandle; size: number };
}

/** How one attempt ended. */
interface Attempt {
  /** The bytes that were read, all of them right. */
  read: number;
  /** Whether it says that all is there. */
  ended: boolean;
  /** Why not, where something was wrong. */
  error?: Error;
}

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

/** Holds what is read against the file. */
class Comparison {
  /** How many bytes were right so far. */
  read = 0;
  readonly #handle: FileHandle;
  #known = new Uint8Array(0);

  constructor({ handle }: Stream["expected"]) {
    this.#handle = handle;
  }

  /** Throws where the next bytes are others. */
  async take(bytes: Uint8Array): Promise<void> {
    if (this.#known.length < bytes.length) {
      this.#known = new Uint8Array(bytes.length);
    }
    for (let done = 0; done < bytes.length;) {
      const { bytesRead } = await this.#handle.read(
        this.#known,
        0,
        bytes.length - done,
        this.read,
      );
      assert(bytesRead > 0, "more came than there is");
      for (let i = 0; i < bytesRead; i++) {
        if (this.#known[i] !== bytes[done + i]) {
          throw new Error(`byte ${this.read + i} is another one`);
        }
      }
      done += bytesRead;
      this.read += bytesRead;
    }
  }
}

/** Reads the library's stream. */
async function runLibrary(
  { references, options, random, expected }: Stream,
  mishap: Mishap | undefined,
): Promise<Attempt> {
  const comparison = new Comparison(expected);
  const end = new AbortController();
  const hang = AbortSignal.timeout(HANG);
  const { cacheDir, concurrency, platform, format, layers } = options;
  const at = random.next() * expected.size;
  const reader = archiveStream(references, {
    ...{ cacheDir, concurrency, platform, format, layers },
    retries: 3,
    timeout: 3_000,
    threads: random.chance(0.5),
    signal: AbortSignal.any([end.signal, hang]),
    sleep: (wait, signal) => delay(Math.min(wait, 30), undefined, { signal }),
  }).getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return { read: comparison.read, ended: true };
      await comparison.take(value);
      if (mishap === "slow" && random.chance(0.1)) await delay(30);
      if (comparison.read < at) continue;
      if (mishap === "gone") {
        await reader.cancel("gone");
        return { read: comparison.read, ended: false };
      }
      if (mishap === "stopped") end.abort(new Error("stopped"));
    }
  } catch (error) {
    assert(!hang.aborted, "the stream hangs");
    const { read } = comparison;
    if (end.signal.aborted) return { read, ended: false };
    if (!(error instanceof DockerPullError)) throw error;
    return { read, ended: false, error };
  }
}

/** Reads what the command writes to standard output. */
async function runCommand(
  { references, options, random, expected }: Stream,
  mishap: Mishap | undefined,
  folder: string,
): Promise<Attempt> {
  const [program, ...args] = commandLine();
  const { cacheDir, format, concurrency } = options;
  const child = spawn(program!, [
    ...args,
    ...["--quiet", "-o", "-", "--platform", "linux/amd64"],
    ...["--format", format!, "--max-concurrent-downloads", `${concurrency}`],
    ...cacheDir ? ["--cache-dir", cacheDir] : ["--no-cache"],
    ...references,
  ], {
    cwd: join(folder, "work"),
    env: { ...cleanEnvironment(folder), TMPDIR: join(folder, "tmp") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const code = exitCode(child);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => stderr += text);
  const hang = setTimeout(() => child.kill("SIGKILL"), HANG);
  const comparison = new Comparison(expected);
  const at = random.next() * expected.size;
  let done = false;
  try {
    for await (const bytes of child.stdout) {
      await comparison.take(bytes);
      if (mishap === "slow" && random.chance(0.01)) await delay(30);
      if (done || comparison.read < at) continue;
      done = true;
      // It goes on reading what is in the pipe, but where it goes away itself.
      if (mishap === "gone") break;
      if (mishap === "stopped") child.kill("SIGINT");
      if (mishap === "killed") child.kill("SIGKILL");
    }
  } finally {
    child.stdout.destroy();
    clearTimeout(hang);
  }
  const { read } = comparison;
  const ended = read === expected.size;
  const wanted = { gone: 141, stopped: 130, killed: 137, slow: 0 };
  // It may have written all of it by then, into the pipe.
  const late = expected.size - read < 2 ** 20;
  const right = mishap ? [wanted[mishap], ...late ? [0] : []] : [0];
  const told = await code;
  assert(right.includes(told), `${mishap}: exit code ${told}: ${stderr}`);
  if (mishap !== "stopped") assertEquals(stderr, "");
  return { read, ended };
}

/** How a process ends, as a shell tells it. */
function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on(
      "exit",
      (code, signal) => resolve(code ?? 128 + constants.signals[signal!]),
    );
  });
}
