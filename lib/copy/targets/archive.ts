/** An archive file, which each layer is written into at its own place. */

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import {
  ArchiveFile,
  checkSpace,
  isOneFileSystem,
  occupiedByArchive,
  tidyArchive,
} from "../../archive/archive_file.ts";
import type { ArchiveForm } from "../../archive/content.ts";
import { hybridMembers } from "../../archive/forms/hybrid.ts";
import type { ArchivePlan } from "../../archive/plan.ts";
import { isUpToDate, mayBeUpToDate } from "../../archive/up_to_date.ts";
import { InvalidDocumentError } from "../../image/errors.ts";
import type { Descriptor } from "../../image/types.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import { outlineOf, wholePlan } from "../engine/archive_plan.ts";
import type { ImageGraph } from "../engine/graph.ts";
import type {
  ImageTarget,
  TargetOptions,
  TargetWriter,
} from "../engine/target.ts";

/**
 * An archive as a target.
 *
 * @param path Where it goes, links followed.
 * @param form What its members are.
 */
export function archiveTarget(
  path: string,
  form: ArchiveForm = hybridMembers,
): ImageTarget {
  return {
    sizeOf: (graph) => outlineOf(graph, form).size,
    holds: (graph, options) => holds(path, form, graph, options),
    open: (graph, options) => openArchive(path, form, graph, options),
  };
}

/**
 * Whether the very archive is there. Without a cache there is no place to
 * remember that, and it is read each time.
 */
async function holds(
  path: string,
  form: ArchiveForm,
  graph: ImageGraph,
  { cache, signal }: TargetOptions,
): Promise<boolean> {
  if (!await mayBeUpToDate(path, outlineOf(graph, form))) return false;
  const plan = await wholePlan(graph, form);
  const verified = cache?.verified;
  const held = await isUpToDate(path, plan, { verified, signal });
  await verified?.save();
  if (held) await tidyArchive(path);
  return held;
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

async function openArchive(
  path: string,
  form: ArchiveForm,
  graph: ImageGraph,
  { cache, trustCache, signal, reserved = 0 }: TargetOptions,
): Promise<TargetWriter> {
  const plan = outlineOf(graph, form);
  await checkRoom(path, plan, cache, reserved);
  // With a cache, the bytes are there for a later run anyway.
  const resumable = cache === undefined;
  const archive = await ArchiveFile.open(path, plan, { resumable, signal });
  return {
    sink: ({ digest }: Descriptor) => archive.slot(digest)!,
    async commit(graph) {
      await archive.complete(await wholePlan(graph, form));
      // What was not read is not known to be right.
      const verified = trustCache ? undefined : cache?.verified;
      await archive.commit(verified);
      await verified?.save();
    },
    async close(error) {
      await archive.close();
      // No next try makes an image of what is none.
      if (error instanceof InvalidDocumentError) await tidyArchive(path);
    },
  };
}

/** Fails at once where the archive and the cache do not fit on the disk. */
async function checkRoom(
  path: string,
  plan: ArchivePlan,
  cache: LayoutStore | undefined,
  reserved: number,
): Promise<void> {
  const folder = dirname(path);
  // What an earlier run has left takes its room already.
  const size = reserved +
    Math.max(0, plan.size - await occupiedByArchive(path));
  if (!cache) return await checkSpace(folder, size, path);
  let missing = 0;
  for (const { descriptor } of plan.blobs.values()) {
    missing += await cache.roomFor(descriptor);
  }
  const together = await isOneFileSystem(folder, cache.path);
  await checkSpace(folder, size + (together ? missing : 0), path);
  if (!together) await checkSpace(cache.path, missing, cache.path);
}
