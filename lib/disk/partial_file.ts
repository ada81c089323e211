/**
 * A file of known size whose bytes come in any order, under a temporary name.
 * A record beside it says which of them are safely there, so that a later run
 * goes on where this one ended. The record never claims more than the disk
 * holds: bytes that were written but not yet synced count only as long as the
 * system has not been started anew since.
 */

import type { Stats } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError } from "../image/errors.ts";
import type { FileRegion } from "../image/types.ts";
import { identityOf, isAt } from "./file_identity.ts";
import { onDisk, readAt, removeFile, storageError } from "./io.ts";
import { TAKEN_OVER } from "./lock.ts";
import { isOwn, openPlain, ownershipAt, type PlainFile } from "./plain_file.ts";
import { bootId } from "./process_mark.ts";
import {
  RangeRecord,
  type RecordedRanges,
  type RecordHeader,
} from "./range_record.ts";
import { RangeSet } from "./ranges.ts";
import { exists, recordPath } from "./leftovers.ts";
import { syncFolder } from "./sync.ts";

/** How a {@linkcode PartialFile} is opened. */
export interface PartialFileOptions {
  /** What the bytes are; a file that was begun for other bytes is emptied. */
  id: string;
  /** The final size in bytes. */
  size: number;
  /**
   * What an error names.
   *
   * @default {undefined} The temporary file itself.
   */
  subject?: string;
  /**
   * Whether to keep a record, and the file, for a later run.
   *
   * @default {true}
   */
  resumable?: boolean;
  /**
   * Whether the bytes are on the disk before the file gets its final name, and
   * that is there, too, when it has it.
   *
   * @default {false}
   */
  durable?: boolean;
}

/**
 * How often is recorded what was written, in milliseconds; a kill costs that
 * much, which is no more than a thousandth of the time so far.
 */
const SAVE_INTERVAL_MS = 8;
const LONGEST_SAVE_INTERVAL_MS = 1_000;
const SAVE_SHARE = 1_000;
/** How much there is before there is a record, in bytes or milliseconds. */
const FIRST_SAVE_BYTES = 256 * 1024;
const FIRST_SAVE_MS = 50;
/** How often is synced; where a restart cannot be told, that is what counts. */
const SYNC_INTERVAL_MS = 2_000;
const SHORT_SYNC_INTERVAL_MS = 200;
/**
 * How much is left to the last sync, where there is to be one, in bytes. Of
 * 1.1 GB in 3.0 s, all at the end took 0.35 s, and with this 0.02 s.
 */
const SYNC_BYTES = 128 * 1024 * 1024;

/** A file on its way to its final name. */
export class PartialFile {
  /** The temporary name. */
  readonly path: string;
  /** The final size in bytes. */
  readonly size: number;
  /** Which bytes are there. */
  readonly present: RangeSet;
  /** What an error names. */
  readonly subject: string;
  /** Its device and inode. */
  readonly identity: FileRegion["identity"];
  readonly #handle: FileHandle;
  readonly #record: RangeRecord | undefined;
  readonly #durable: boolean;
  readonly #boot: string | undefined;
  #synced: RangeSet;
  #saving: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #unsaved = 0;
  #lastSave: number;
  #lastSync: number;
  /** When it was opened, and how many bytes were there then. */
  readonly #opened: number;
  readonly #before: number;
  #closed = false;
  /** Whether there may be a record on the disk. */
  #recorded: boolean;

  private constructor(
    path: string,
    handle: FileHandle,
    size: number,
    found: {
      subject: string;
      durable: boolean;
      identity: FileRegion["identity"];
      present: RangeSet;
      synced: RangeSet;
      boot?: string;
      record?: RangeRecord;
      recorded: boolean;
    },
  ) {
    this.path = path;
    this.size = size;
    this.present = found.present;
    this.subject = found.subject;
    this.identity = found.identity;
    this.#handle = handle;
    this.#record = found.record;
    this.#durable = found.durable;
    this.#boot = found.boot;
    this.#recorded = found.recorded;
    this.#synced = found.synced;
    this.#before = found.present.total;
    this.#opened = this.#lastSave = this.#lastSync = performance.now();
  }

  /**
   * Opens the file, with what an earlier run has left in it. What others could
   * have put there, or could still change, is removed.
   *
   * @throws {StorageError} If it cannot be made, or another one not be removed.
   */
  static async open(
    path: string,
    options: PartialFileOptions,
  ): Promise<PartialFile> {
    const { id, size, resumable = true, durable = false, subject = path } =
      options;
    const boot = await bootId();
    const header: RecordHeader = { id, size, boot };
    const left = resumable ? await openLeft(path, header) : undefined;
    const { handle, status } = left ?? await make(path, size, subject);
    const found = left?.found;
    const { written, synced } = found ??
      { written: new RangeSet(), synced: new RangeSet() };
    return new PartialFile(path, handle, size, {
      subject,
      durable,
      identity: identityOf(status),
      present: new RangeSet([...synced.ranges, ...written.ranges]),
      synced,
      recorded: found !== undefined,
      record: resumable
        ? new RangeRecord(recordPath(path), header, found)
        : undefined,
      boot,
    });
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
        throw storageError("write", this.subject, error);
      }
    }
    this.wrote(position, position + bytes.length);
  }

  /** Told of bytes that were put there, by another thread perhaps. */
  wrote(start: number, end: number): void {
    this.present.add(start, end);
    this.#record?.add(start, end);
    this.#unsaved += end - start;
    if (this.#closed || (!this.#record && !this.#durable)) return;
    if (!this.#syncing && this.#isSyncDue()) {
      this.#syncing = this.#sync().catch(() => {}).finally(() => {
        this.#syncing = undefined;
      });
    }
    if (!this.#record) return;
    if (!this.#saving && this.#isSaveDue()) {
      this.#saving = this.#save().catch(() => {}).finally(() => {
        this.#saving = undefined;
      });
    }
  }

  #isSyncDue(): boolean {
    // Whoever waits for the last sync waits for what is left then.
    if (
      this.#durable && this.present.total - this.#synced.total >= SYNC_BYTES
    ) {
      return true;
    }
    const interval = this.#boot === undefined
      ? SHORT_SYNC_INTERVAL_MS
      : SYNC_INTERVAL_MS;
    return performance.now() - this.#lastSync > interval &&
      this.#timeLeft() > interval;
  }

  /**
   * How long it takes to its last byte at the speed so far: what is complete
   * before it is on the disk does not wait for that.
   */
  #timeLeft(): number {
    const { total } = this.present;
    const elapsed = performance.now() - this.#opened;
    return (this.size - total) * elapsed / (total - this.#before);
  }

  #isSaveDue(): boolean {
    const now = performance.now();
    const elapsed = now - this.#lastSave;
    const interval = Math.min(
      Math.max(SAVE_INTERVAL_MS, (now - this.#opened) / SAVE_SHARE),
      LONGEST_SAVE_INTERVAL_MS,
    );
    // A small file is complete before a record is worth making.
    return this.#recorded
      ? elapsed >= interval
      : elapsed >= FIRST_SAVE_MS || this.#unsaved >= FIRST_SAVE_BYTES;
  }

  /**
   * Reads bytes back.
   *
   * @returns How many there were.
   */
  read(bytes: Uint8Array, position: number): Promise<number> {
    return readAt(this.#handle, bytes, position, this.subject);
  }

  /** Forgets that these bytes are there. */
  forget(start: number, end: number): void {
    this.present.remove(start, end);
    this.#synced.remove(start, end);
    this.#record?.forget(start, end);
  }

  /** Gives the complete file its final name. */
  async commit(finalPath: string): Promise<void> {
    const own = await isAt(this.identity, this.path);
    // Else a power cut may leave a name without the bytes. What the syncing
    // on the way has not had yet is all that is waited for.
    if (own && this.#durable) {
      await this.#syncing;
      await onDisk("write", finalPath, () => this.#handle.datasync());
    }
    await this.#end();
    if (!own) throw new StorageError("write", finalPath, TAKEN_OVER);
    try {
      await onDisk("write", finalPath, () => rename(this.path, finalPath));
    } catch (error) {
      if (!this.#record) await this.discard();
      throw error;
    }
    if (this.#durable) await syncFolder(dirname(finalPath));
    if (this.#recorded) await rm(recordPath(this.path), { force: true });
  }

  /** Ends the work for now; what is there stays, if it is to be resumed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (!await isAt(this.identity, this.path)) return await this.#end();
    if (!this.#record || this.present.total === 0) {
      return await this.discard();
    }
    await Promise.all([this.#saving, this.#syncing]);
    // Where a restart cannot be told, only what is synced counts.
    if (this.#boot === undefined) await this.#sync().catch(() => {});
    await this.#save().catch(() => {});
    await this.#end();
  }

  /** Removes the file and its record. */
  async discard(): Promise<void> {
    const own = this.#closed || await isAt(this.identity, this.path);
    await this.#end();
    if (!own) return;
    await rm(recordPath(this.path), { force: true }).catch(() => {});
    await rm(this.path, { force: true }).catch(() => {});
  }

  async #end(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.#saving, this.#syncing]);
    await this.#record?.close();
    await this.#handle.close();
  }

  /** It takes a while, in which what is written is recorded all the same. */
  async #sync(): Promise<void> {
    const synced = new RangeSet(this.present.ranges);
    this.#synced = synced;
    this.#lastSync = performance.now();
    await this.#handle.datasync();
    // What was forgotten in the meantime has been taken out of it.
    this.#record?.sync(synced.ranges);
  }

  async #save(): Promise<void> {
    this.#unsaved = 0;
    this.#lastSave = performance.now();
    this.#recorded = true;
    await this.#record!.flush();
  }
}

/** What an earlier run of this user has left of the same bytes, if it has. */
async function openLeft(
  path: string,
  header: RecordHeader,
): Promise<PlainFile & { found: RecordedRanges } | undefined> {
  const file = await openPlain(path, { writable: true }).catch(() => undefined);
  if (!file) return undefined;
  const { handle, status } = file;
  try {
    if (status.size === header.size && await exists(recordPath(path))) {
      const own = await ownershipAt(path);
      const found = isOwn(status, own)
        ? await RangeRecord.read(
          recordPath(path),
          header,
          (status) => isOwn(status, own),
        )
        : undefined;
      if (found) return { ...file, found };
    }
  } catch {
    // What cannot be told to be ours is not.
  }
  await handle.close();
  return undefined;
}

/**
 * A new file in place of whatever is there: who lost that one while asleep may
 * still write to it, and so may whoever else has put it there. And ext4 writes
 * a file out when it is closed after being emptied.
 */
async function make(
  path: string,
  size: number,
  subject: string,
): Promise<PlainFile> {
  for (const name of [recordPath(path), path]) {
    if (await exists(name)) await removeFile(name);
  }
  const handle = await onDisk("write", subject, () => open(path, "wx+"));
  let status: Stats | undefined;
  try {
    status = await onDisk("write", subject, () => handle.stat());
    await onDisk("write", subject, () => handle.truncate(size));
    return { handle, status };
  } catch (error) {
    // Nothing is in it, as where a file may not become that large.
    if (status && await isAt(identityOf(status), path)) {
      await rm(path, { force: true }).catch(() => {});
    }
    await handle.close().catch(() => {});
    throw error;
  }
}
