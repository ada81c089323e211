/**
 * One attempt to read a stream, from the library or from the command, and what
 * comes between: each byte is held against the file that is to come.
 */

import { type ChildProcess, spawn } from "node:child_process";
import type { FileHandle } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals } from "@std/assert";
import { archiveStream } from "../../lib/copy/archive_stream.ts";
import type { PullImagesOptions } from "../../lib/copy/pull_options.ts";
import { DockerPullError } from "../../lib/image/errors.ts";
import type { Random } from "../faults/random.ts";
import { cleanEnvironment, commandLine } from "../fixtures/command.ts";
import { HANG } from "./process.ts";

/** What ends a stream before its time; a slow reader alone does not. */
export const MISHAPS = ["gone", "stopped", "killed", "slow"] as const;
/** One of them. */
export type Mishap = typeof MISHAPS[number];

/** What is streamed, and how. */
export interface Stream {
  /** The images. */
  references: string[];
  /** How they are pulled. */
  options: PullImagesOptions;
  /** What chance decides. */
  random: Random;
  /** The file whose bytes are to come, and how many they are. */
  expected: { handle: FileHandle; size: number };
}

/** How one attempt ended. */
export interface Attempt {
  /** The bytes that were read, all of them right. */
  read: number;
  /** Whether it says that all is there. */
  ended: boolean;
  /** Why not, where something was wrong. */
  error?: Error;
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
export async function runLibrary(
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
export async function runCommand(
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
