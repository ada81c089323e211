/**
 * The record beside a file that is being filled: which of its bytes are
 * safely there. It grows line by line, so that keeping it costs next to
 * nothing; a line that was torn by a crash, and what follows it, counts as
 * not written. When it has become much longer than what it says, it is written
 * anew beside itself and takes its own place, so that it stays short however
 * long a pull lasts.
 */

import type { Stats } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { openPlain } from "./plain_file.ts";
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

/** So many bytes, besides a multiple of what it says, a record may have. */
const SLACK_BYTES = 64 * 1024;
const MULTIPLE = 4;
/** No line of ours is longer, in characters. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** A record that is being kept. */
export class RangeRecord {
  readonly #path: string;
  readonly #header: RecordHeader;
  readonly #slack: number;
  /** All that was noted. */
  readonly #known: RecordedRanges;
  /** What was noted and is not written yet, in its order. */
  #pending: (RangeSet | Exclude<Line, Range>)[] = [];
  #handle: FileHandle | undefined;
  /** Whether there is one whose loss would be one. */
  #replaces: boolean;
  /** How many bytes it has, and how many it may have. */
  #size = 0;
  #limit = 0;
  #writing: Promise<void> = Promise.resolve();

  /**
   * Writes nothing yet.
   *
   * @param path The record's path.
   * @param header What it is about.
   * @param found What holds from before; without it, there is no record yet.
   * @param slack How many bytes are too few to write it anew; for tests.
   */
  constructor(
    path: string,
    header: RecordHeader,
    found?: RecordedRanges,
    slack = SLACK_BYTES,
  ) {
    this.#path = path;
    this.#header = header;
    this.#replaces = found !== undefined;
    this.#slack = slack;
    this.#known = {
      written: new RangeSet(found?.written.ranges),
      synced: new RangeSet(found?.synced.ranges),
    };
  }

  /**
   * Reads the record that an earlier run has left.
   *
   * @param mayCount Whether such a file may be believed.
   * @returns What it says; nothing where there is none about these bytes.
   */
  static async read(
    path: string,
    header: RecordHeader,
    mayCount: (status: Stats) => boolean = () => true,
  ): Promise<RecordedRanges | undefined> {
    let handle: FileHandle | undefined;
    try {
      const file = await openPlain(path);
      handle = file.handle;
      return mayCount(file.status)
        ? await interpret(linesOf(handle), header)
        : undefined;
    } catch {
      return undefined; // it cannot be read
    } finally {
      await handle?.close();
    }
  }

  /** Notes bytes that were given to the system. */
  add(start: number, end: number): void {
    this.#known.written.add(start, end);
    let last = this.#pending.at(-1);
    if (!(last instanceof RangeSet)) this.#pending.push(last = new RangeSet());
    last.add(start, end);
  }

  /** Notes bytes that do not count any more. */
  forget(start: number, end: number): void {
    this.#known.written.remove(start, end);
    this.#known.synced.remove(start, end);
    this.#pending.push({ forgotten: [start, end] });
  }

  /** Notes what is on the disk. */
  sync(ranges: Range[]): void {
    this.#known.synced = new RangeSet(ranges);
    this.#pending.push({ synced: ranges });
  }

  /** Writes what was noted. What could not be written is written next time. */
  async flush(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    // One that is to replace another says what that one said, at least.
    if (this.#pending.length === 0 && (this.#handle || !this.#replaces)) return;
    if (!this.#handle) return await this.#writeAnew();
    const text = textOf(
      this.#pending.flatMap((entry): Line[] =>
        entry instanceof RangeSet ? entry.ranges : [entry]
      ),
    );
    if (this.#size + text.length > this.#limit) {
      // Where that cannot be, as on a full disk, the long one goes on.
      if (await this.#writeAnew().then(() => true, () => false)) return;
      this.#limit = 2 * (this.#size + text.length);
    }
    this.#pending = [];
    this.#size += text.length;
    try {
      await this.#handle.appendFile(text);
    } catch (error) {
      // Nothing counts that follows a torn line.
      await this.#drop();
      throw error;
    }
  }

  /** Writes all that is known beside the record, which it then becomes. */
  async #writeAnew(): Promise<void> {
    const { written, synced } = this.#known;
    const pending = this.#pending;
    this.#pending = [];
    const text = textOf([
      this.#header,
      ...(synced.total > 0 ? [{ synced: synced.ranges }] : []),
      ...written.ranges,
    ]);
    const path = renewedPath(this.#path);
    let handle: FileHandle | undefined;
    try {
      // Made anew, so that a link in its place leads nowhere.
      await rm(path, { force: true });
      handle = await open(path, "ax");
      await handle.appendFile(text);
      // Else a power cut may leave neither the old one nor this. Where that
      // would lose nothing, it is not waited for: a kill meanwhile would.
      if (this.#replaces && synced.total > 0) await handle.datasync();
      await rename(path, this.#path);
    } catch (error) {
      this.#pending = [...pending, ...this.#pending];
      await handle?.close();
      if (handle) await rm(path, { force: true }).catch(() => {});
      throw error;
    }
    await this.#drop();
    this.#handle = handle;
    this.#replaces = true;
    this.#size = text.length;
    this.#limit = this.#slack + (1 + MULTIPLE) * text.length;
  }

  async #drop(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => {});
  }

  /** Ends the writing. */
  async close(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#drop();
  }
}

/** The path of a record on its way to take another's place. */
export function renewedPath(path: string): string {
  return `${path}~`;
}

function textOf(lines: (RecordHeader | Line)[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** What the lines of a record say, up to the first that was torn. */
async function interpret(
  lines: AsyncIterable<string>,
  header: RecordHeader,
): Promise<RecordedRanges | undefined> {
  const written = new RangeSet();
  let synced = new RangeSet();
  let found: Partial<RecordHeader> | undefined;
  for await (const text of lines) {
    if (!found) {
      found = parse(text) as Partial<RecordHeader> | undefined;
      if (found?.id !== header.id || found.size !== header.size) return;
      continue;
    }
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
  if (!found) return undefined;
  const running = header.boot !== undefined && found.boot === header.boot;
  return { written: running ? written : new RangeSet(), synced };
}

/** The lines of a file; what follows the last end of line is torn. */
async function* linesOf(handle: FileHandle): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(64 * 1024);
  let rest = "";
  while (rest.length <= MAX_LINE_BYTES) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    const bytes = buffer.subarray(0, bytesRead);
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
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
