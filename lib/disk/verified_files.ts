/**
 * Remembers which files were verified, so that one that has not been touched
 * since need not be read again. A file is known by its device and inode, not
 * by its path: other names of it, by hard links, are the same file. Whatever
 * changes its bytes changes its times, too, and the second of them cannot be
 * set by anybody.
 */

import type { BigIntStats } from "node:fs";
import { bootId } from "./process_mark.ts";
import { type RecordText, TextRecord } from "./text_record.ts";

/** What is known of a file; times are in nanoseconds. */
export type FileState = Pick<
  BigIntStats,
  "dev" | "ino" | "size" | "mtimeNs" | "ctimeNs"
>;

/** How many files are remembered: the newest. */
const MOST_FILES = 2_000;
/**
 * A file system that keeps whole seconds may keep every other one only. Deno
 * tells milliseconds of the first time and seconds of the second.
 */
const COARSE_NS = 2_000_000_000n;

/** Between what a file was and the start of the system that it holds for. */
const WHILE = " while ";

/** By device and inode: size, both times, and what the file was. */
type Known = Map<string, string>;

/** The files that were verified. */
export class VerifiedFiles {
  readonly #record: TextRecord<string>;
  readonly #now: () => number;
  readonly #boot: () => Promise<string | undefined>;
  readonly #added: Known = new Map();
  #known: Promise<Known> | undefined;
  #saving: Promise<void> = Promise.resolve();

  /**
   * Reads nothing yet.
   *
   * @param text Where it is written down.
   * @param now The time, in milliseconds since 1970.
   * @param boot Names the time since the system was started, where it can.
   */
  constructor(
    text: RecordText,
    now: () => number = Date.now,
    boot: () => Promise<string | undefined> = bootId,
  ) {
    this.#record = new TextRecord(text, {
      field: "verified",
      most: MOST_FILES,
      parse: (value) => typeof value === "string" ? value : undefined,
    });
    this.#now = now;
    this.#boot = boot;
  }

  /**
   * What a file was when it was verified, such as a digest; nothing where it
   * never was, or has been touched since.
   */
  async find(state: FileState): Promise<string | undefined> {
    this.#known ??= this.#record.read();
    const key = keyOf(state);
    const value = this.#added.get(key) ?? (await this.#known).get(key);
    const head = `${headOf(state)} `;
    if (!value?.startsWith(head)) return undefined;
    const [id, boot] = value.slice(head.length).split(WHILE);
    // What the system has not written out yet, only a restart can lose.
    return boot === undefined || boot === await this.#boot() ? id : undefined;
  }

  /** Has the next look see what other processes have written down since. */
  refresh(): void {
    this.#known = undefined;
  }

  /**
   * Notes that a file was verified, and is on the disk.
   *
   * @param state Its state before it was read, and after it.
   * @param id What it is.
   */
  add(state: FileState, id: string): void {
    this.#add(state, id);
  }

  /**
   * Notes that a file was verified that may not be on the disk yet: it holds
   * until the system is started anew. Where that cannot be told, nothing is
   * noted.
   *
   * @param state Its state before it was read, or since it was written.
   * @param id What it is.
   */
  async addUnsynced(state: FileState, id: string): Promise<void> {
    const boot = await this.#boot();
    if (boot !== undefined) this.#add(state, `${id}${WHILE}${boot}`);
  }

  #add(state: FileState, id: string): void {
    // Where the time of a change is coarse, it may change once more without a
    // new one; the time of the last writing is anybody's to set back.
    const coarse = state.ctimeNs % 1_000_000_000n === 0n;
    const age = BigInt(Math.round(this.#now())) * 1_000_000n - state.ctimeNs;
    if (coarse && age < COARSE_NS) return;
    this.#added.set(keyOf(state), `${headOf(state)} ${id}`);
  }

  /** Writes down what was added since, beside what others have written. */
  save(): Promise<void> {
    return this.#saving = this.#saving.then(() => this.#save());
  }

  async #save(): Promise<void> {
    if (this.#added.size === 0) return;
    const added = new Map(this.#added);
    try {
      this.#known = Promise.resolve(await this.#record.add(added));
      for (const [key, value] of added) {
        // More may have come while that was written.
        if (this.#added.get(key) === value) this.#added.delete(key);
      }
    } catch {
      // The files are read again then.
    }
  }
}

/** Whether nothing has touched a file between two looks at it. */
export function isUntouched(before: FileState, after: FileState): boolean {
  return keyOf(before) === keyOf(after) && headOf(before) === headOf(after);
}

function keyOf({ dev, ino }: FileState): string {
  return `${dev}:${ino}`;
}

function headOf({ size, mtimeNs, ctimeNs }: FileState): string {
  return `${size} ${mtimeNs} ${ctimeNs}`;
}
