/**
 * A file of known size whose bytes come in any order, under a temporary name.
 * A record beside it says which of them are safely there, so that a later run
 * goes on where this one ended. The record never claims more than the disk
 * holds: bytes that were written but not yet synced count only as long as the
 * system has not been started anew since.
 */

import { constants } from "node:fs";
import {
  type FileHandle,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import type { BlobSink } from "../types.ts";
import { onDisk, readText, storageError } from "./io.ts";
import { type Range, RangeSet } from "./ranges.ts";

/** How a {@linkcode PartialFile} is opened. */
export interface PartialFileOptions {
  /** What the bytes are; a file that was begun for other bytes is emptied. */
  id: string;
  /** The final size in bytes. */
  size: number;
  /**
   * Whether to keep a record, and the file, for a later run.
   *
   * @default {true}
   */
  resumable?: boolean;
}

interface Record {
  id: string;
  size: number;
  boot?: string;
  /** What was given to the system. */
  written: Range[];
  /** What is on the disk, whatever happens. */
  synced: Range[];
}

const SAVE_INTERVAL = 200;
const SYNC_INTERVAL = 2_000;

/** A file on its way to its final name. */
export class PartialFile {
  /** The temporary name. */
  readonly path: string;
  /** The final size in bytes. */
  readonly size: number;
  /** Which bytes are there. */
  readonly present: RangeSet;
  #handle: FileHandle;
  #id: string;
  #resumable: boolean;
  #boot: string | undefined;
  #synced: RangeSet;
  #saving: Promise<void> | undefined;
  #lastSave: number;
  #lastSync: number;
  #closed = false;
  /** Whether there may be a record. */
  #recorded: boolean;

  private constructor(
    path: string,
    handle: FileHandle,
    options: PartialFileOptions,
    found: {
      present: RangeSet;
      synced: RangeSet;
      boot?: string;
      recorded: boolean;
    },
  ) {
    this.path = path;
    this.size = options.size;
    this.present = found.present;
    this.#handle = handle;
    this.#id = options.id;
    this.#resumable = options.resumable ?? true;
    this.#boot = found.boot;
    this.#recorded = found.recorded;
    this.#synced = found.synced;
    this.#lastSave = this.#lastSync = performance.now();
  }

  /**
   * Opens the file, with what an earlier run has left in it.
   *
   * @throws {StorageError} If it cannot be made or is no plain file.
   */
  static async open(
    path: string,
    options: PartialFileOptions,
  ): Promise<PartialFile> {
    const { id, size, resumable = true } = options;
    // A link in the way is an error: what it points to is not ours.
    const flags = constants.O_RDWR | constants.O_CREAT |
      (constants.O_NOFOLLOW ?? 0);
    const handle = await onDisk(
      "open",
      path,
      () => open(path, flags, 0o666),
    );
    try {
      const boot = await bootId();
      const status = await handle.stat();
      if (!status.isFile()) {
        throw storageError("open", path, new Error("it is no plain file"));
      }
      // A torn record, or one of a run with a cache, is removed, too.
      const recorded = await exists(recordPath(path));
      const record = recorded && resumable ? await readRecord(path) : undefined;
      const fits = record?.id === id && record.size === size &&
        status.size === size;
      const synced = new RangeSet(fits ? record.synced : []);
      const present = new RangeSet(synced.ranges);
      if (fits && boot !== undefined && record.boot === boot) {
        for (const [start, end] of record.written) present.add(start, end);
      }
      if (!fits) {
        await onDisk("write", path, async () => {
          if (recorded) await rm(recordPath(path), { force: true });
          await handle.truncate(0);
          await handle.truncate(size);
        });
      }
      return new PartialFile(path, handle, options, {
        present,
        synced,
        recorded,
        ...(boot !== undefined && { boot }),
      });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Puts bytes at a position. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      try {
        const { bytesWritten } = await this.#handle.write(
          bytes,
          done,
          bytes.length - done,
          position + done,
        );
        done += bytesWritten;
      } catch (error) {
        throw storageError("write", this.path, error);
      }
    }
    this.present.add(position, position + bytes.length);
    if (
      this.#resumable && !this.#saving && !this.#closed &&
      performance.now() - this.#lastSave > SAVE_INTERVAL
    ) {
      this.#saving = this.#save(true).catch(() => {}).finally(() => {
        this.#saving = undefined;
        this.#lastSave = performance.now();
      });
    }
  }

  /**
   * Reads bytes back.
   *
   * @returns How many there were.
   */
  async read(bytes: Uint8Array, position: number): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(
        bytes,
        0,
        bytes.length,
        position,
      );
      return bytesRead;
    } catch (error) {
      throw storageError("read", this.path, error);
    }
  }

  /** Forgets that these bytes are there. */
  forget(start: number, end: number): void {
    this.present.remove(start, end);
    this.#synced.remove(start, end);
  }

  /** A place in the file for the bytes of one blob. */
  slot(offset: number, size: number): FileSlot {
    return new FileSlot(this, offset, size);
  }

  /** Gives the complete file its final name. */
  async commit(finalPath: string): Promise<void> {
    await this.#end();
    await onDisk("write", finalPath, () => rename(this.path, finalPath));
    if (this.#recorded) await rm(recordPath(this.path), { force: true });
  }

  /** Ends the work for now; what is there stays, if it is to be resumed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (!this.#resumable || this.present.total === 0) {
      return await this.discard();
    }
    await this.#saving;
    await this.#save(this.#boot === undefined).catch(() => {});
    await this.#end();
  }

  /** Removes the file and its record. */
  async discard(): Promise<void> {
    await this.#end();
    await rm(recordPath(this.path), { force: true }).catch(() => {});
    await rm(this.path, { force: true }).catch(() => {});
  }

  async #end(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#saving;
    await this.#handle.close();
  }

  async #save(maySync: boolean): Promise<void> {
    const written = this.present.ranges;
    const interval = this.#boot === undefined ? SAVE_INTERVAL : SYNC_INTERVAL;
    if (maySync && performance.now() - this.#lastSync > interval) {
      await this.#handle.datasync();
      this.#lastSync = performance.now();
      this.#synced = new RangeSet(written);
    }
    const record: Record = {
      id: this.#id,
      size: this.size,
      ...(this.#boot !== undefined && { boot: this.#boot }),
      written,
      synced: this.#synced.ranges,
    };
    const path = recordPath(this.path);
    const temporary = `${path}~`;
    // Made anew, so that a link in its place leads nowhere.
    await rm(temporary, { force: true });
    await writeFile(temporary, JSON.stringify(record), { flag: "wx" });
    await rename(temporary, path);
  }
}

/** A blob's place in a {@linkcode PartialFile}. */
export class FileSlot implements BlobSink {
  /** The file. */
  readonly file: PartialFile;
  /** Where in the file the blob begins. */
  readonly offset: number;
  /** The blob's size in bytes. */
  readonly size: number;

  /** Made by {@linkcode PartialFile.slot}. */
  constructor(file: PartialFile, offset: number, size: number) {
    this.file = file;
    this.offset = offset;
    this.size = size;
  }

  /** Which of the blob's bytes are there. */
  get present(): RangeSet {
    return this.file.present.slice(this.offset, this.offset + this.size);
  }

  /** Puts bytes at a position of the blob. */
  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.file.write(bytes, this.offset + position);
  }

  /** Reads bytes back. */
  read(bytes: Uint8Array, position: number): Promise<number> {
    const length = Math.min(bytes.length, this.size - position);
    return this.file.read(bytes.subarray(0, length), this.offset + position);
  }

  /** The bytes stay; the file as a whole is committed elsewhere. */
  commit(): void {}

  /** The bytes count as missing again. */
  discard(): void {
    this.file.forget(this.offset, this.offset + this.size);
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}

function recordPath(path: string): string {
  return `${path}.json`;
}

async function readRecord(path: string): Promise<Record | undefined> {
  try {
    const text = await readText(recordPath(path));
    const record = JSON.parse(text ?? "null") as Record;
    const valid = (ranges: unknown): ranges is Range[] =>
      Array.isArray(ranges) &&
      ranges.every((range) =>
        Array.isArray(range) && range.length === 2 &&
        range.every(Number.isSafeInteger) && range[0] >= 0 &&
        range[0] < range[1] && range[1] <= record.size
      );
    return valid(record.written) && valid(record.synced) ? record : undefined;
  } catch {
    return undefined; // no record, or a torn one: nothing is claimed
  }
}

/** Tells whether the system was started anew; unknown but on Linux. */
async function bootId(): Promise<string | undefined> {
  try {
    return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  } catch {
    return undefined;
  }
}
