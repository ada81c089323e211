/**
 * A file of known size whose bytes come in any order, under a temporary name.
 * A record beside it says which of them are safely there, so that a later run
 * goes on where this one ended. The record never claims more than the disk
 * holds: bytes that were written but not yet synced count only as long as the
 * system has not been started anew since.
 */

import { type FileHandle, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError } from "../image/errors.ts";
import type { FileRegion } from "../image/types.ts";
import { identityOf, isAt } from "./file_identity.ts";
import { onDisk, readAt, storageError } from "./io.ts";
import { TAKEN_OVER } from "./lock.ts";
import { bootId } from "./process_mark.ts";
import { RangeRecord, type RecordHeader } from "./range_record.ts";
import { RangeSet } from "./ranges.ts";
import { makeAnew, openLeft } from "./partial_opening.ts";
import { SaveClock } from "./save_clock.ts";
import { recordPath } from "./leftovers.ts";
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
  readonly #clock: SaveClock;
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
    this.#clock = new SaveClock(size, found.present.total, {
      durable: found.durable,
      restarts: found.boot !== undefined,
    });
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
    const { handle, status } = left ?? await makeAnew(path, size, subject);
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
    this.#clock.unsaved += end - start;
    if (this.#closed || (!this.#record && !this.#durable)) return;
    if (
      !this.#syncing &&
      this.#clock.isSyncDue(this.present.total, this.#synced.total)
    ) {
      this.#syncing = this.#sync().catch(() => {}).finally(() => {
        this.#syncing = undefined;
      });
    }
    if (!this.#record) return;
    if (!this.#saving && this.#clock.isSaveDue(this.#recorded)) {
      this.#saving = this.#save().catch(() => {}).finally(() => {
        this.#saving = undefined;
      });
    }
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
    this.#clock.synced();
    await this.#handle.datasync();
    // What was forgotten in the meantime has been taken out of it.
    this.#record?.sync(synced.ranges);
  }

  async #save(): Promise<void> {
    this.#clock.saved();
    this.#recorded = true;
    await this.#record!.flush();
  }
}
