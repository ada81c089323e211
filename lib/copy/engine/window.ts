/**
 * A folder for blobs that have come before their turn in a stream, where there
 * is no cache: each is removed once it has been passed on.
 */

import { tmpdir } from "node:os";
import { checkSpace, freeSpace } from "../../archive/archive_file.ts";
import { orAborted } from "../../image/abort.ts";
import type { Descriptor } from "../../image/types.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import { Waiters } from "../../transfer/waiters.ts";
import { openScratch } from "./scratch.ts";

/** So many bytes lie in a window, or the one blob that is larger. */
const WINDOW_BYTES = 1024 * 1024 * 1024;
/** What is left free on the disk for others, in bytes. */
const SPARE_BYTES = 16 * 1024 * 1024;

/** A place for a part of the blobs at a time. */
export interface Window {
  /** Where they lie. */
  readonly store: LayoutStore;
  /** Waits until there is room for one more, in the order of the blobs. */
  room(blob: Descriptor, signal: AbortSignal): Promise<void>;
  /** One has been passed on. */
  release(blob: Descriptor): Promise<void>;
  /** Removes it all. */
  close(): Promise<void>;
}

/** How a window is opened. */
export interface WindowOptions {
  /**
   * Where its folder is made.
   *
   * @default {tmpdir()}
   */
  folder?: string;
  /**
   * How many bytes lie in it, but for one blob that is larger.
   *
   * @default {1_073_741_824}
   */
  bytes?: number;
}

/**
 * Opens a window, and clears away those of processes that were killed.
 *
 * @param blobs What is going to pass through it, in order.
 * @throws {StorageError} If there is no room for the largest of them, or none
 * can be made.
 */
export async function openWindow(
  blobs: readonly Descriptor[],
  options: WindowOptions = {},
): Promise<Window> {
  const { folder = tmpdir(), bytes = WINDOW_BYTES } = options;
  const largest = Math.max(0, ...blobs.map(({ size }) => size));
  const { store, close } = await openScratch(folder, {
    check: () => checkSpace(folder, largest, folder),
  });
  const free = await freeSpace(folder) ?? Infinity;
  const most = Math.min(bytes, free - SPARE_BYTES);
  const ranks = new Map(blobs.map(({ digest }, rank) => [digest, rank]));
  const changed = new Waiters();
  let entered = 0;
  let used = 0;
  return {
    store,
    async room({ digest, size }, signal) {
      const rank = ranks.get(digest)!;
      // One that came in before an earlier one could keep that out for ever.
      const waits = () =>
        rank > entered || used > 0 && used + size > most && rank === entered;
      while (waits()) await orAborted(changed.wait(), signal);
      // It may be asked for again, after wrong bytes.
      if (rank < entered) return;
      entered++;
      used += size;
      changed.wakeAll();
    },
    async release({ digest, size }) {
      await store.remove(digest);
      used -= size;
      changed.wakeAll();
    },
    close,
  };
}
