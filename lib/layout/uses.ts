/**
 * Who uses a layout at the moment, and what of it is needed. Whoever takes
 * something away holds the guard meanwhile; whoever begins to use the layout,
 * or says what it needs, does so under the guard, too. So what is needed is
 * known before any of it is looked for, and is there until the use ends, or the
 * process does.
 */

import { appendFile, lstat, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Lock, tryLock } from "../disk/lock.ts";
import { readText } from "../disk/plain_file.ts";
import { isDigest } from "../image/digest.ts";
import {
  INGEST,
  type IngestOptions,
  inIngest,
  lockIn,
} from "./layout_files.ts";

/** Whoever takes something away holds this lock. */
const GUARD = "uses.lock";
/** How the lock of a use ends, which is held as long as it lasts. */
const HELD = ".use";
/** How the file ends that says since when, and what is needed. */
const NEEDS = ".needs";
const USE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?:use|needs)$/;
/**
 * A lock whose holder cannot be seen from here shows signs of life by the
 * second; after so long without one, in milliseconds, it has none.
 */
const SILENCE_MS = 60 * 60 * 1000;

/** What is in use. */
export interface Needs {
  /** How many uses there are. */
  uses: number;
  /** What they need. */
  digests: ReadonlySet<string>;
  /**
   * Since when, by the clock of the file system, in milliseconds: what was made
   * since may be needed by one that has not said so yet.
   *
   * @default {Infinity} Nothing is in use.
   */
  since: number;
}

/** One use of a layout, by a process that runs. */
export class LayoutUse {
  readonly #root: string;
  readonly #path: string;
  readonly #lock: Lock;
  readonly #held = new Set<string>();

  private constructor(root: string, path: string, lock: Lock) {
    this.#root = root;
    this.#path = path;
    this.#lock = lock;
  }

  /** Begins a use. */
  static async begin(
    root: string,
    options: IngestOptions = {},
  ): Promise<LayoutUse> {
    const guard = await guardUses(root, options);
    try {
      // Those that were killed leave theirs.
      await needsOf(root);
      const name = crypto.randomUUID();
      const path = join(root, INGEST, name);
      const lock = await lockIn(root, `${name}${HELD}`, options);
      const needs = `${path}${NEEDS}`;
      await inIngest(root, () => writeFile(needs, "", { flag: "wx" }));
      const { mtimeMs } = await lstat(needs);
      await appendFile(needs, `${Math.floor(mtimeMs)}\n`);
      return new LayoutUse(root, path, lock);
    } finally {
      await guard.release();
    }
  }

  /** Says what is needed until the end, before it is looked for. */
  async hold(
    digests: Iterable<string>,
    options: IngestOptions = {},
  ): Promise<void> {
    const added = [...new Set(digests)].filter((each) => !this.#held.has(each));
    if (added.length === 0) return;
    const guard = await guardUses(this.#root, options);
    try {
      await appendFile(
        `${this.#path}${NEEDS}`,
        added.map((digest) => `${digest}\n`).join(""),
      );
      for (const digest of added) this.#held.add(digest);
    } finally {
      await guard.release();
    }
  }

  /** Nothing is needed any more. */
  async end(): Promise<void> {
    await rm(`${this.#path}${NEEDS}`, { force: true }).catch(() => {});
    await this.#lock.release();
  }
}

/** Has nobody begin a use, say what is needed, or take something away. */
export function guardUses(
  root: string,
  options: IngestOptions = {},
): Promise<Lock> {
  return lockIn(root, GUARD, options);
}

/**
 * What the running uses need, for whoever holds the guard. What uses have left
 * that were killed is cleared away.
 *
 * @param root The layout's folder.
 * @param now The time, in milliseconds since 1970.
 */
export async function needsOf(
  root: string,
  now: number = Date.now(),
): Promise<Needs> {
  const folder = join(root, INGEST);
  const names = await readdir(folder).catch((): string[] => []);
  const found = new Set(names.flatMap((name) => USE.exec(name)?.[1] ?? []));
  const digests = new Set<string>();
  let [uses, since] = [0, Infinity];
  for (const name of found) {
    const path = join(folder, name);
    if (await hasEnded(`${path}${HELD}`, now)) {
      await rm(`${path}${NEEDS}`, { force: true }).catch(() => {});
      continue;
    }
    uses++;
    const text = await readText(`${path}${NEEDS}`) ?? "";
    const [begun = "", ...needed] = text.split("\n");
    since = Math.min(since, Number(begun) || 0);
    for (const digest of needed) if (isDigest(digest)) digests.add(digest);
  }
  return { uses, digests, since };
}

async function hasEnded(path: string, now: number): Promise<boolean> {
  const lock = await tryLock(path);
  if (lock) {
    await lock.release();
    return true;
  }
  const status = await lstat(path).catch(() => undefined);
  if (!status) return true;
  if (now - status.mtimeMs < SILENCE_MS) return false;
  await rm(path, { force: true });
  return true;
}
