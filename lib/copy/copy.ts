/** The one way in which images get from a source to a target. */

import { totalSize } from "../image/descriptors.ts";
import type { OnEvent } from "../image/events.ts";
import { StoreEntry } from "../layout/entry.ts";
import {
  type BlobOutcome,
  type BlobTask,
  type SharedOptions,
  transferWith,
} from "../transfer/transfer.ts";
import type { Writers } from "../transfer/writers.ts";
import type { GraphBlob, ImageGraph } from "./graph.ts";
import type { ImageTarget, TargetOptions, TargetWriter } from "./target.ts";

/** How a graph is copied. */
export interface CopyOptions extends SharedOptions, TargetOptions {
  /** Ends it all; what has come stays where it can be resumed. */
  signal?: AbortSignal;
  /**
   * Settles when nothing is expected any more that would make the layers of no
   * use; they are not asked for before.
   */
  ready?: Promise<unknown>;
  /** Told what goes on. */
  onEvent: OnEvent;
  /** Called when the target is open, and the blobs are about to come. */
  onOpen?: () => void;
  /** Given what brings the blobs, once that has begun. */
  onTransfer?: (blobs: Promise<unknown>) => void;
}

/** What came of a copy. */
export interface CopyResult {
  /** Whether all was there already, and nothing was written. */
  upToDate: boolean;
  /** What became of each blob, in the graph's order. */
  outcomes: BlobOutcome[];
}

/**
 * Copies images: what the target lacks is opened, every blob is brought and
 * verified, and then all of it is made visible at once.
 *
 * @param graph What.
 * @param target Where to.
 * @param writers What writes and hashes.
 * @throws {DockerPullError} What was written by then stays where it can be
 * resumed, and nothing is visible.
 */
export async function copy(
  graph: ImageGraph,
  target: ImageTarget,
  writers: Writers,
  options: CopyOptions,
): Promise<CopyResult> {
  const { force, ready } = options;
  if (!force && await target.holds(graph, options)) {
    return { upToDate: true, outcomes: [] };
  }
  const blobs = [...graph.blobs.values()];
  writers.prepare(totalSize(blobs.map(({ descriptor }) => descriptor)));
  await ready;
  const writer = await target.open(graph, options);
  try {
    options.onOpen?.();
    const tasks = blobs.map((blob) => blobTask(blob, writer, options));
    const blobsCome = transferWith(writers, tasks, options);
    options.onTransfer?.(blobsCome);
    const outcomes = await blobsCome;
    await writer.commit(graph);
    return { upToDate: false, outcomes };
  } catch (error) {
    await writer.close(error);
    throw error;
  }
}

/**
 * A blob's way: from the cache, or over the network into it, and into its
 * place in the target in the same pass.
 */
function blobTask(
  { descriptor, source }: GraphBlob,
  writer: TargetWriter,
  { cache, trustCache, onEvent }: CopyOptions,
): BlobTask {
  const store = cache ?? writer.store;
  const sink = writer.sink?.(descriptor);
  return {
    descriptor,
    source,
    async open(_attempt, { signal, onWait }) {
      if (!store) return { primary: sink!, copies: [], source: "registry" };
      const kept = await store.entry(descriptor) ??
        await store.ingest(descriptor, {
          signal,
          onWait: () => {
            onWait();
            onEvent({ type: "blob-wait", descriptor });
          },
        });
      const hit = kept instanceof StoreEntry;
      return {
        primary: kept,
        copies: sink ? [sink] : [],
        source: hit ? "cache" : "registry",
        // What lies in a layout has never been a cache's.
        trusted: hit && cache !== undefined && trustCache,
      };
    },
  };
}
