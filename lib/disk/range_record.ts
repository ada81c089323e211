/**
 * The record beside a file that is being filled: which of its bytes are
 * safely there. It grows line by line, so that keeping it costs next to
 * nothing; a line that was torn by a crash, and what follows it, counts as
 * not written.
 */

import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { readText } from "./io.ts";
import { type Range, RangeSet } from "./ranges.ts";

/** What a record is about. */
export interface RecordHeader {
  /** What the bytes are. */
  id: string;
  /** The file's final size. */
  size: number;
  /** When the system was started, as far as that is known. */
  boot?: string;
}

/** What a record says. */
export interface RecordedRanges {
  /** What was given to the system, which holds as long as that runs. */
  written: RangeSet;
  /** What is on the disk, whatever happens. */
  synced: RangeSet;
}

/** A line: bytes written, forgotten, or all that is synced. */
type Line = Range | { forgotten: Range } | { synced: Range[] };

/** A record that is being kept. */
export class RangeRecord {
  readonly #path: string;
  readonly #header: RecordHeader;
  readonly #replaces: boolean;
  #handle: FileHandle | undefined;
  #lines: (RecordHeader | Line)[] = [];
  #writing: Promise<void> = Promise.resolve();

  /**
   * Writes nothing yet.
   *
   * @param path The record's path.
   * @param header What it is about.
   * @param known What holds from before; without it, there is no record yet.
   */
  constructor(path: string, header: RecordHeader, known?: RecordedRanges) {
    this.#path = path;
    this.#header = header;
    this.#replaces = known !== undefined;
    if (!known) return;
    if (known.synced.total > 0) {
      this.#lines.push({ synced: known.synced.ranges });
    }
    this.#lines.push(...known.written.ranges);
  }

  /**
   * Reads the record that an earlier run has left.
   *
   * @returns What it says; nothing where there is none about these bytes.
   */
  static async read(
    path: string,
    header: RecordHeader,
  ): Promise<RecordedRanges | undefined> {
    const text = await readText(path).catch(() => undefined);
    if (text === undefined) return undefined;
    // What follows the last end of line is torn.
    const [first, ...lines] = text.split("\n").slice(0, -1);
    const found = parse(first ?? "") as Partial<RecordHeader> | undefined;
    if (found?.id !== header.id || found.size !== header.size) return undefined;
    const written = new RangeSet();
    let synced = new RangeSet();
    for (const text of lines) {
      const line = parse(text) as Partial<Line> | undefined;
      if (typeof line !== "object") break;
      if (isRange(line, header.size)) {
        written.add(...line);
      } else if ("forgotten" in line && isRange(line.forgotten)) {
        written.remove(...line.forgotten);
        synced.remove(...line.forgotten);
      } else if (
        "synced" in line && Array.isArray(line.synced) &&
        line.synced.every((range) => isRange(range, header.size))
      ) {
        synced = new RangeSet(line.synced);
      } else break;
    }
    const running = header.boot !== undefined && found.boot === header.boot;
    return { written: running ? written : new RangeSet(), synced };
  }

  /** Notes bytes that were given to the system. */
  add(start: number, end: number): void {
    const last = this.#lines.at(-1);
    if (Array.isArray(last) && last[1] === start) last[1] = end;
    else this.#lines.push([start, end]);
  }

  /** Notes bytes that do not count any more. */
  forget(start: number, end: number): void {
    this.#lines.push({ forgotten: [start, end] });
  }

  /** Notes what is on the disk. */
  sync(ranges: Range[]): void {
    this.#lines.push({ synced: ranges });
  }

  /** Writes what was noted. */
  async flush(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#lines.length === 0) return;
    if (this.#handle) return await this.#append(this.#handle);
    // Made anew, so that a link in its place leads nowhere.
    const path = this.#replaces ? `${this.#path}~` : this.#path;
    if (this.#replaces) await rm(path, { force: true });
    const handle = await open(path, "ax");
    try {
      this.#lines.unshift(this.#header);
      await this.#append(handle);
      if (this.#replaces) await rename(path, this.#path);
      this.#handle = handle;
    } catch (error) {
      await handle.close();
      await rm(path, { force: true });
      throw error;
    }
  }

  async #append(handle: FileHandle): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    await handle.appendFile(
      lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    );
  }

  /** Ends the writing. */
  async close(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#handle?.close();
    this.#handle = undefined;
  }
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // torn
  }
}

function isRange(value: unknown, size = Infinity): value is Range {
  return Array.isArray(value) && value.length === 2 &&
    value.every((end) => Number.isSafeInteger(end)) &&
    0 <= value[0] && value[0] < value[1] && value[1] <= size;
}
