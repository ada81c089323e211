/** A blob on its way into the cache. */

import { lstat } from "node:fs/promises";
import { type Lock, wasTakenOver } from "../disk/lock.ts";
import { FileSlot } from "../disk/file_slot.ts";
import type { PartialFile } from "../disk/partial_file.ts";

/**
 * A place for one blob. It is held by one process at a time, and keeps its
 * bytes for the next one until they are committed or discarded.
 */
export class StoreIngest extends FileSlot {
  #finalPath: string;
  #lock: Lock;

  /** Made by {@linkcode LayoutStore.ingest}. */
  constructor(file: PartialFile, finalPath: string, lock: Lock, size: number) {
    super(file, 0, size);
    this.#finalPath = finalPath;
    this.#lock = lock;
  }

  /** The bytes are right: they become an entry. */
  override async commit(): Promise<void> {
    try {
      await this.file.commit(this.#finalPath).catch((error) =>
        this.#yield(error)
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
