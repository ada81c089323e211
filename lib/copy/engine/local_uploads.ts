/** Blobs that targets take from where they lie, without having them brought. */

import type { Descriptor, FileRegion } from "../../image/types.ts";
import type { CopyJob } from "./copy_job.ts";
import type { CopyOptions } from "./copy_options.ts";
import { localRegion } from "./local_region.ts";
import { sideBySide } from "../sets/side_by_side.ts";

/** A blob that lies in a file, and what takes it from there. */
export interface LocalUpload {
  descriptor: Descriptor;
  region: FileRegion;
  jobs: readonly CopyJob[];
}

/** Takes those out of what is wanted that need not be brought. */
export async function takeLocal(
  wanted: Map<string, CopyJob[]>,
): Promise<LocalUpload[]> {
  const uploads: LocalUpload[] = [];
  for (const [digest, jobs] of wanted) {
    if (!jobs.every(({ writer }) => writer!.upload)) continue;
    const blob = jobs[0]!.graph.blobs.get(digest)!;
    const region = await localRegion(blob);
    if (!region) continue;
    uploads.push({ descriptor: blob.descriptor, region, jobs });
    wanted.delete(digest);
  }
  return uploads.sort((a, b) => b.descriptor.size - a.descriptor.size);
}

/** Has targets take what lies in files, the largest first. */
export async function uploadLocal(
  uploads: readonly LocalUpload[],
  early: boolean,
  { concurrency = 3 }: CopyOptions,
): Promise<void> {
  await sideBySide(uploads, concurrency, async (each) => {
    const { descriptor, region, jobs } = each;
    for (const job of jobs) {
      if (!job.alive) continue;
      try {
        await job.writer!.upload!(descriptor, region);
        const source = "cache";
        const outcome = {
          descriptor,
          source,
          downloaded: 0,
          resumed: 0,
        } as const;
        job.came(descriptor.digest, outcome);
        if (early) job.commitIfComplete();
      } catch (error) {
        job.lost(descriptor.digest, error);
      }
    }
  });
}
