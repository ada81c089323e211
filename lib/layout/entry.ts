/** A blob in the cache, opened for reading. */

import type { FileHandle } from "node:fs/promises";
import { rm } from "node:fs/promises";
import { onDisk, readAt } from "../disk/io.ts";
import { RangeSet } from "../disk/ranges.ts";
import type { BlobSink, FileRegion } from "../image/types.ts";

/** A blob that is there already: a sink that lacks nothing. */
export class StoreEntry implements BlobSink {
  /** Where it is. */
  readonly path: string;
  /** Which bytes are there: all. */
  readonly present: RangeSet;
  /** Where the bytes lie. */
  readonly region: FileRegion;
  #handle: FileHandle;
  #closed = false;

  /** Made by {@linkcode LayoutStore.entry}. */
  constructor(
    path: string,
    handle: FileHandle,
    size: number,
    identity: FileRegion["identity"],
  ) {
    this.path = path;
    this.region = { path, identity, offset: 0, writable: false, subject: path };
    this.present = new RangeSet([[0, size]]);
    this.#handle = handle;
  }

  /** Nothing is missing, so nothing is ever written. */
  write(): void {
    throw new TypeError("Cannot write to a blob that is complete");
  }

  /** Reads bytes; returns how many there were. */
  read(bytes: Uint8Array, position: number): Promise<number> {
    return readAt(this.#handle, bytes, position, this.path);
  }

  /** The bytes are right: they stay. */
  commit(): Promise<void> {
    return this.close();
  }

  /**
   * The bytes are wrong: the entry is removed.
   *
   * @throws {StorageError} If it cannot be.
   */
  async discard(): Promise<void> {
    await this.close();
    // One that stays would be found again and again.
    await onDisk("remove", this.path, () => rm(this.path, { force: true }));
  }

  /** Ends the reading. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }
}
