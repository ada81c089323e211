/** The one way in which images get from a source to a target. */

import { totalSize } from "../../image/descriptors.ts";
import { DownloadLimitError } from "../../image/errors.ts";
import type { Descriptor } from "../../image/types.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import { type BlobTask, transferWith } from "../../transfer/transfer.ts";
import type { Writers } from "../../transfer/writers.ts";
import { blobTask } from "./blob_task.ts";
import { CopyJob, type Death } from "./copy_job.ts";
import type { Copy, CopyOptions, CopyResult } from "./copy_options.ts";
import { type ImageGraph, oneBlob } from "./graph.ts";
import { takeLocal, uploadLocal } from "./local_uploads.ts";
import type { ImageTarget } from "./target.ts";

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
  const [result] = await copyEach([{ graph, target }], writers, options);
  if (result!.failure) throw result!.failure.error;
  return result!;
}

/**
 * Copies graphs, each to a target of its own, as {@linkcode copy} does; a blob
 * of several is brought once, and written to each of them in the same pass.
 * Each is visible as soon as it is complete. One that fails does not keep the
 * others from coming; where nothing is left that can succeed, all ends at once.
 *
 * @param copies What, and where to.
 * @param writers What writes and hashes.
 * @returns What came of each, in their order.
 * @throws The signal's reason.
 */
export async function copyEach(
  copies: readonly Copy[],
  writers: Writers,
  options: CopyOptions,
): Promise<CopyResult[]> {
  const end = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, end.signal])
    : end.signal;
  const inner = { ...options, signal };
  // A layer that cannot be had ends the bringing, and not what is passed on of
  // those that are there.
  const lacking = new AbortController();
  const opening = AbortSignal.any(
    [options.signal ?? [], lacking.signal].flat(),
  );
  const onDead = (error: unknown, why: Death) => {
    if (options.finishRest && why !== "target") return;
    if (!jobs.every(({ alive }) => !alive)) return;
    if (why === "documents") lacking.abort(error);
    end.abort(error);
  };
  const jobs: CopyJob[] = copies.map((copy) => new CopyJob(copy, onDead));
  try {
    for (const job of jobs) await job.look(inner);
    const open = jobs.filter(({ pending }) => pending);
    // Before anything is opened, where it is known what there is.
    if (!copies.some(({ target }) => target.spares)) {
      await checkLimit(descriptorsOf(open), inner);
    }
    // Where it may be that nothing is written, it is not known yet for what.
    const late = copies.some(({ target }) => target.uploads);
    if (!late) writers.prepare(totalSize(descriptorsOf(open)));
    let reserved = 0;
    for (const job of open) {
      await job.open({ ...options, signal: opening, reserved });
      // Each is written at its full size, whoever shares its blobs.
      if (job.writer) reserved += await job.size();
    }
    await bring(open, writers, inner, late);
  } catch (error) {
    options.signal?.throwIfAborted();
    for (const job of jobs) job.fail(error);
  } finally {
    const reason = options.signal?.aborted
      ? options.signal.reason
      : end.signal.reason;
    for (const job of jobs) await job.end(reason);
    await options.cache?.verified.save();
  }
  return jobs.map((job) => job.result());
}

/** Brings the blobs of what is open, and has each visible that is complete. */
async function bring(
  jobs: readonly CopyJob[],
  writers: Writers,
  options: CopyOptions & { signal: AbortSignal },
  late: boolean,
): Promise<void> {
  const open = jobs.filter(({ writer }) => writer);
  // Where there is but one, it must not be visible before all has ended.
  const early = open.length > 1;
  const wanted = await whoWants(open, options);
  if (early) { for (const job of open) job.commitIfComplete(); }
  const wantedBlobs = descriptorsOf(open)
    .filter(({ digest }) => wanted.has(digest));
  await checkLimit(wantedBlobs, options);
  const local = await takeLocal(wanted);
  if (late) {
    const left = wantedBlobs.filter(({ digest }) => wanted.has(digest));
    if (left.length > 0) writers.prepare(totalSize(left));
  }
  const uploading = uploadLocal(local, early, options);
  const tasks = [...wanted].map(([digest, those]) => {
    const blobs = those.map(({ graph }) => graph.blobs.get(digest)!);
    return blobTask(oneBlob(blobs), those, options);
  });
  const order = open.find(({ writer }) => writer!.order)?.writer?.order;
  if (order) {
    const ranks = new Map(order.map((digest, rank) => [digest, rank]));
    const rank = ({ descriptor }: BlobTask) => ranks.get(descriptor.digest)!;
    tasks.sort((a, b) => rank(a) - rank(b));
  }
  const blobsCome = transferWith(writers, tasks, {
    ...options,
    inOrder: order !== undefined,
    onOutcome: ({ descriptor: { digest } }, outcome) => {
      for (const job of wanted.get(digest)!) {
        job.came(digest, outcome);
        if (early) job.commitIfComplete();
      }
    },
    onFailure: ({ descriptor: { digest } }, error) => {
      for (const job of wanted.get(digest)!) job.lost(digest, error);
    },
  });
  options.onTransfer?.(blobsCome);
  await Promise.all([blobsCome, uploading]);
  for (const job of open) job.commitIfComplete();
  await Promise.all(open.map(({ committed }) => committed));
}

/** Which of the blobs are to be brought, and for whom. */
async function whoWants(
  jobs: readonly CopyJob[],
  { onEvent }: CopyOptions,
): Promise<Map<string, CopyJob[]>> {
  const wanted = new Map<string, CopyJob[]>();
  for (const job of jobs) {
    const blobs = [...job.graph.blobs.values()];
    const wants = await Promise.all(
      blobs.map(({ descriptor }) => job.writer!.wants?.(descriptor) ?? true),
    );
    for (const [i, { descriptor }] of blobs.entries()) {
      const { digest } = descriptor;
      if (wants[i]) {
        wanted.set(digest, [...wanted.get(digest) ?? [], job]);
        continue;
      }
      const source = "target";
      onEvent({ type: "blob-done", descriptor, source });
      job.came(digest, { descriptor, source, downloaded: 0, resumed: 0 });
    }
  }
  return wanted;
}

/**
 * The bytes of blobs that are not in the cache, where what an earlier run has
 * left of one is.
 *
 * @param blobs The blobs, each once.
 */
export async function missingBytes(
  blobs: readonly Descriptor[],
  cache: LayoutStore | undefined,
): Promise<number> {
  let missing = 0;
  for (const blob of blobs) {
    missing += cache ? await cache.roomFor(blob) : blob.size;
  }
  return missing;
}

/** Refuses what would fetch more than is allowed. */
async function checkLimit(
  blobs: readonly Descriptor[],
  { maxBytes, cache }: CopyOptions,
): Promise<void> {
  if (maxBytes === undefined) return;
  const needed = await missingBytes(blobs, cache);
  if (needed > maxBytes) throw new DownloadLimitError(needed, maxBytes);
}

function descriptorsOf(jobs: readonly CopyJob[]) {
  const blobs = new Map(
    jobs.flatMap(({ graph, lacks }) =>
      [...graph.blobs].filter(([digest]) => !lacks.has(digest))
    ),
  );
  return [...blobs.values()].map(({ descriptor }) => descriptor);
}
