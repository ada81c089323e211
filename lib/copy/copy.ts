/** The one way in which images get from a source to a target. */

import { totalSize } from "../image/descriptors.ts";
import { StorageError } from "../image/errors.ts";
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
    const blobsCome = bring(blobs, writer, writers, options);
    options.onTransfer?.(blobsCome);
    const outcomes = await blobsCome;
    await writer.commit(graph);
    return { upToDate: false, outcomes };
  } catch (error) {
    await writer.close(error);
    throw error;
  }
}

/** Brings those of the blobs that the target has not. */
async function bring(
  blobs: readonly GraphBlob[],
  writer: TargetWriter,
  writers: Writers,
  options: CopyOptions,
): Promise<BlobOutcome[]> {
  const { order, ended } = writer;
  const wanted = await Promise.all(
    blobs.map(({ descriptor }) => writer.wants?.(descriptor) ?? true),
  );
  const outcomes = new Map<string, BlobOutcome>();
  const tasks: BlobTask[] = [];
  for (const [i, blob] of blobs.entries()) {
    const { descriptor } = blob;
    if (wanted[i]) {
      tasks.push(blobTask(blob, writer, options));
      continue;
    }
    const source = "target";
    options.onEvent({ type: "blob-done", descriptor, source });
    const outcome = { descriptor, source, downloaded: 0, resumed: 0 } as const;
    outcomes.set(descriptor.digest, outcome);
  }
  if (order) {
    const ranks = new Map(order.map((digest, rank) => [digest, rank]));
    const rank = ({ descriptor }: BlobTask) => ranks.get(descriptor.digest)!;
    tasks.sort((a, b) => rank(a) - rank(b));
  }
  const brought = await transferWith(writers, tasks, {
    ...options,
    signal: anyOf(options.signal, ended),
    inOrder: order !== undefined,
  });
  for (const outcome of brought) {
    outcomes.set(outcome.descriptor.digest, outcome);
  }
  return blobs.map(({ descriptor }) => outcomes.get(descriptor.digest)!);
}

/** Aborts with the first of those that there are. */
function anyOf(a?: AbortSignal, b?: AbortSignal): AbortSignal | undefined {
  return a && b ? AbortSignal.any([a, b]) : a ?? b;
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
    done: async () =>
      await writer.deliver?.(descriptor, async () => {
        const kept = await store?.entry(descriptor);
        if (kept) return kept;
        // Somebody has cleared it away in the meantime.
        const path = store?.blobPath(descriptor.digest) ?? descriptor.digest;
        throw new StorageError("read", path, "ENOENT");
      }),
    async open(_attempt, { signal, onWait }) {
      if (!store) return { primary: sink!, copies: [], source: "registry" };
      if (!cache) await writer.room?.(descriptor, signal);
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
