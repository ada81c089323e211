/** A blob on its way into the cache. */

import { lstat } from "node:fs/promises";
import { type Lock, wasTakenOver } from "../disk/lock.ts";
import { isAt } from "../disk/file_identity.ts";
import { FileSlot } from "../disk/file_slot.ts";
import type { PartialFile } from "../disk/partial_file.ts";
import type { VerifiedFiles } from "../disk/verified_files.ts";

/** To hash so many bytes takes others longer than to be told at once. */
const WORTH_TELLING_BYTES = 4 * 1024 * 1024;

/**
 * A place for one blob. It is held by one process at a time, and keeps its
 * bytes for the next one until they are committed or discarded.
 */
export class StoreIngest extends FileSlot {
  #finalPath: string;
  #lock: Lock;
  #note: (() => Promise<void>) | undefined;

  /** Made by {@linkcode LayoutStore.ingest}. */
  constructor(file: PartialFile, finalPath: string, lock: Lock, size: number) {
    super(file, 0, size);
    this.#finalPath = finalPath;
    this.#lock = lock;
  }

  /**
   * Has it noted that the bytes are right, once they are committed: they have
   * been hashed on their way here. Whoever waits for them can read that.
   *
   * @param verified Where that is noted.
   * @param digest What they are.
   */
  noteIn(verified: VerifiedFiles, digest: string): void {
    this.#note = async () => {
      const path = this.#finalPath;
      const state = await lstat(path, { bigint: true });
      if (!await isAt(this.file.identity, path)) return;
      // To have the disk hold them would take its time.
      await verified.addUnsynced(state, digest);
      if (this.size >= WORTH_TELLING_BYTES) await verified.save();
    };
  }

  /** The bytes are right: they become an entry. */
  override async commit(): Promise<void> {
    try {
      await this.file.commit(this.#finalPath).then(
        // What is not noted is read again, no more.
        () => this.#note?.().catch(() => {}),
        (error) => this.#yield(error),
      );
    } finally {
      await this.#lock.release();
    }
  }

  /** Another has taken over, while this process was asleep, and was faster. */
  async #yield(error: unknown): Promise<void> {
    const found = await lstat(this.#finalPath).catch(() => undefined);
    const there = found?.isFile() && found.size === this.size;
    if (!wasTakenOver(error) || !there) throw error;
  }

  /** The bytes are wrong: nothing is kept. */
  override async discard(): Promise<void> {
    try {
      await this.file.discard();
    } finally {
      await this.#lock.release();
    }
  }

  /** Ends the work for now; what is there is kept for the next one. */
  async close(): Promise<void> {
    try {
      await this.file.close();
    } finally {
      await this.#lock.release();
    }
  }
}
