/** From an archive's plan to the archive: room, file, layers, name. */

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import {
  ArchiveFile,
  checkSpace,
  isOneFileSystem,
  occupiedByArchive,
  tidyArchive,
} from "../../archive/archive_file.ts";
import { type ArchivePlan, planArchive } from "../../archive/plan.ts";
import { isUpToDate, mayBeUpToDate } from "../../archive/up_to_date.ts";
import { InvalidDocumentError } from "../../image/errors.ts";
import type { ImageDocuments } from "../documents.ts";
import type { Reference } from "../../image/reference.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import { StoreEntry } from "../../layout/entry.ts";
import type { BlobOutcome, BlobTask } from "../../transfer/transfer.ts";
import type { Descriptor } from "../../image/types.ts";

/** What an archive is written with. */
export interface WriteOptions {
  /** The cache. */
  store?: LayoutStore;
  /** Whether hits are taken without computing their digests. */
  trustCache: boolean;
  /** Ends it all. */
  signal?: AbortSignal;
  /** Called when another process fetches a layer. */
  onWait: (descriptor: Descriptor) => void;
  /** Called when the file is there and the layers are about to come. */
  onOpen: () => void;
  /** Brings the layers. */
  transfer: (tasks: BlobTask[]) => Promise<BlobOutcome[]>;
}

/** What an archive is to be. */
export interface PlannedArchive {
  /** What the image is called. */
  reference: Reference;
  /** As much of the plan as follows from the manifest. */
  outline: ArchivePlan;
  /** Settles when the configuration is there. */
  whole: Promise<ImageDocuments>;
}

/**
 * Whether the very archive that is planned is there. Without a cache there is
 * no place to remember that, and it is read each time.
 */
export async function isArchiveUpToDate(
  path: string,
  archive: PlannedArchive,
  { store, signal }: Pick<WriteOptions, "store" | "signal">,
): Promise<boolean> {
  if (!await mayBeUpToDate(path, archive.outline)) return false;
  const plan = await wholePlan(archive);
  const verified = store?.verified;
  const upToDate = await isUpToDate(path, plan, { verified, signal });
  await verified?.save();
  return upToDate;
}

async function wholePlan(
  { reference, whole }: PlannedArchive,
): Promise<ArchivePlan> {
  return planArchive({ reference, ...await whole });
}

/**
 * Whether an archive is there that was verified before, so that its image may
 * be unchanged. Its layers need not be in the cache for that.
 */
export async function isVerifiedThere(
  path: string,
  { verified }: LayoutStore,
): Promise<boolean> {
  const status = await stat(path, { bigint: true }).catch(() => undefined);
  return status !== undefined && await verified.find(status) !== undefined;
}

/** Fills the archive, blob by blob, and gives it its name when all are right. */
export async function writeArchive(
  path: string,
  planned: PlannedArchive,
  options: WriteOptions,
): Promise<BlobOutcome[]> {
  const { store, signal, transfer, onOpen, trustCache } = options;
  const { outline: plan } = planned;
  await checkRoom(path, plan, store);
  const archive = await ArchiveFile.open(path, plan, {
    resumable: store === undefined,
    ...(signal && { signal }),
  });
  try {
    onOpen();
    const outcomes = await transfer(
      [...plan.blobs.values()].map(({ descriptor }) =>
        blobTask(descriptor, archive, options)
      ),
    );
    await archive.complete(await wholePlan(planned));
    // What was not read is not known to be right.
    const verified = trustCache ? undefined : store?.verified;
    await archive.commit(verified);
    await verified?.save();
    return outcomes;
  } catch (error) {
    await archive.close();
    // No next try makes an image of what is none.
    if (error instanceof InvalidDocumentError) await tidyArchive(path);
    throw error;
  }
}

/** A layer's way into the archive, and into the cache where there is one. */
function blobTask(
  descriptor: Descriptor,
  archive: ArchiveFile,
  { store, trustCache, onWait }: WriteOptions,
): BlobTask {
  const slot = archive.slot(descriptor.digest)!;
  return {
    descriptor,
    async open(_attempt, { signal, onWait: waits }) {
      if (!store) return { primary: slot, copies: [], source: "registry" };
      const place = await store.entry(descriptor) ??
        await store.ingest(descriptor, {
          signal,
          onWait: () => {
            waits();
            onWait(descriptor);
          },
        });
      return place instanceof StoreEntry
        ? {
          primary: place,
          copies: [slot],
          source: "cache",
          trusted: trustCache,
        }
        : { primary: place, copies: [slot], source: "registry" };
    },
  };
}

/** Fails at once where the archive and the cache do not fit on the disk. */
async function checkRoom(
  path: string,
  plan: ArchivePlan,
  store: LayoutStore | undefined,
): Promise<void> {
  const folder = dirname(path);
  // What an earlier run has left takes its room already.
  const size = Math.max(0, plan.size - await occupiedByArchive(path));
  if (!store) return await checkSpace(folder, size, path);
  let missing = 0;
  for (const { descriptor } of plan.blobs.values()) {
    missing += await store.roomFor(descriptor);
  }
  const together = await isOneFileSystem(folder, store.path);
  await checkSpace(folder, size + (together ? missing : 0), path);
  if (!together) await checkSpace(store.path, missing, store.path);
}
