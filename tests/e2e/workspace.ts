/** What every end-to-end test needs: a folder, shared servers, checks of output. */

import { createHash } from "node:crypto";
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { assertEquals, assertMatch } from "@std/assert";
import type { Platform } from "../../lib/image/types.ts";
import { type CommandResult, dockerPull } from "../fixtures/command.ts";
import { test } from "../harness.ts";

/** The platform that is pulled when none is named. */
export const HOST_PLATFORM: Platform = {
  os: "linux",
  architecture: process.arch === "x64" ? "amd64" : process.arch,
};

/** Something that is started at its first use. */
export interface Shared<T> {
  /** Starts it, or gives it when it runs. */
  get(): Promise<T>;
}

/** A folder of a test file, and what runs there. */
export class Workspace {
  /** The folder. */
  readonly folder: string;
  readonly #stops: (() => Promise<unknown>)[] = [];
  #count = 0;

  /** Makes the folder; it is removed when the process ends, at the latest. */
  constructor() {
    const base = join(realpathSync(tmpdir()), "docker-pull-e2e-");
    this.folder = mkdtempSync(base);
    const remove = () => this.#remove();
    process.once("exit", remove);
    // Where tests run in a worker, as in Deno, the process does not exit here.
    globalThis.addEventListener?.("unload", remove);
  }

  /** An empty folder. */
  makeFolder(): string {
    const folder = join(this.folder, `${++this.#count}`);
    mkdirSync(folder);
    return folder;
  }

  /** A server for all tests of the file, started by the first that wants it. */
  share<T extends { stop(): Promise<void> }>(
    start: (workspace: Workspace) => Promise<T>,
  ): Shared<T> {
    let started: Promise<T> | undefined;
    return {
      get: () => {
        if (started === undefined) {
          started = start(this);
          this.#stops.push(() => started!.then((server) => server.stop()));
        }
        return started;
      },
    };
  }

  /** Registers the last test of the file, which ends what the others started. */
  stopAtEnd(): void {
    test("the servers of this file stop", async () => {
      await Promise.allSettled(this.#stops.reverse().map((stop) => stop()));
      this.#remove();
    });
  }

  #remove(): void {
    try {
      rmSync(this.folder, { recursive: true, force: true });
    } catch {
      // A server that was killed may have left a mount behind.
    }
  }
}

/** Runs the command and fails with what it wrote, if it does. */
export async function pullOk(
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
  input?: string,
): Promise<CommandResult> {
  const result = await dockerPull(args, { cwd, env, input });
  assertEquals(result.code, 0, result.stderr);
  return result;
}

/** What must hold for every failure: one clear sentence, and nothing else. */
export function assertFailure(
  result: CommandResult,
  code: number,
  sentence: RegExp,
): void {
  const { stderr, stdout } = result;
  assertEquals(result.code, code, stderr);
  const errors = stderr.split("\n").filter((line) => line.startsWith("error:"));
  assertEquals(errors.length, 1, stderr);
  assertMatch(errors[0]!, sentence);
  assertEquals(/\n\s+at |\bUncaught\b|\[object /.test(stderr), false, stderr);
  assertEquals(stdout, "");
}

/** The names in a folder, the cache's own left out. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== "docker_images_cache")
    .sort();
}

/** The digest of a file. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path)) hash.update(bytes);
  return hash.digest("hex");
}
