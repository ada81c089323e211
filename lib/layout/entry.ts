/** A blob in the cache, opened for reading. */

import type { FileHandle } from "node:fs/promises";
import { rm } from "node:fs/promises";
import { onDisk, readAt } from "../disk/io.ts";
import { RangeSet } from "../disk/ranges.ts";
import {
  type FileState,
  isUntouched,
  type VerifiedFiles,
} from "../disk/verified_files.ts";
import type { BlobSink, FileRegion } from "../image/types.ts";

/** What was written so lately, in milliseconds, may not be on the disk yet. */
const SETTLED_MS = 60_000;

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
  /** What it was when it was opened, and where it is noted that it is right. */
  #found: { state: FileState; note?: () => Promise<void> } | undefined;

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

  /**
   * Whether it was verified, and nothing has touched it since. One that was not
   * is noted once it has been found to be right.
   *
   * @param verified Where that is noted.
   * @param digest What it is.
   */
  async wasVerified(
    verified: VerifiedFiles,
    digest: string,
  ): Promise<boolean> {
    const state = await this.#handle.stat({ bigint: true });
    this.#found = { state };
    if (await verified.find(state) === digest) return true;
    // To have the disk hold what was written just now would take its time.
    const age = Date.now() - Number(state.mtimeNs / 1_000_000n);
    this.#found.note = age > SETTLED_MS
      ? async () => {
        await this.#handle.datasync();
        if (await this.isUntouched()) verified.add(state, digest);
      }
      : async () => {
        if (await this.isUntouched()) await verified.addUnsynced(state, digest);
      };
    return false;
  }

  /** Whether nothing has touched it since it was asked whether it was verified. */
  async isUntouched(): Promise<boolean> {
    const state = await this.#handle.stat({ bigint: true });
    return this.#found !== undefined && isUntouched(this.#found.state, state);
  }

  /** The bytes are right: they stay. */
  async commit(): Promise<void> {
    // What is not noted is read again, no more.
    await this.#found?.note?.().catch(() => {});
    await this.close();
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
