/** An archive that is written as parts of a size, or one of them alone. */

import { dirname } from "node:path";
import { checkSpace } from "../../archive/archive_file.ts";
import type { ArchiveForm } from "../../archive/content.ts";
import { hybridMembers } from "../../archive/forms/hybrid.ts";
import { PartFiles, refuseOthers } from "../../archive/part_files.ts";
import { partPath, partsOf } from "../../archive/parts.ts";
import { StorageError } from "../../image/errors.ts";
import { MOST_PARTS } from "../../image/options.ts";
import { outlineOf } from "../engine/archive_plan.ts";
import type { ImageGraph } from "../engine/graph.ts";
import type { ImageTarget } from "../engine/target.ts";
import { openInOrder } from "./stream.ts";

/** How an archive is cut. */
export interface PartsOptions {
  /** The most bytes of a part. */
  split: number;
  /** The number of the only part that is written, from 1 on. */
  part?: number;
}

/**
 * The parts of an archive as a target. For one of them alone, no blob is
 * brought that has no byte in it.
 *
 * @param path What the archive is called that they are together; each has its
 * number behind that.
 * @param options How it is cut.
 * @param form What its members are.
 */
export function partsTarget(
  path: string,
  { split, part }: PartsOptions,
  form: ArchiveForm = hybridMembers,
): ImageTarget {
  const rangesOf = (graph: ImageGraph) => {
    const ranges = partsOf(outlineOf(graph, form), split);
    if (ranges.length > MOST_PARTS) {
      throw new StorageError("write", path, "too-many-parts");
    }
    if (part !== undefined && part > ranges.length) {
      throw new StorageError("write", path, "no-such-part");
    }
    return ranges;
  };
  const indexes = (count: number) =>
    part === undefined
      ? Array.from({ length: count }, (_, i) => i)
      : [part - 1];
  return {
    sizeOf(graph) {
      const ranges = rangesOf(graph);
      return indexes(ranges.length)
        .reduce((sum, i) => sum + ranges[i]!.end - ranges[i]!.start, 0);
    },
    parts(graph) {
      const { length } = rangesOf(graph);
      return indexes(length).map((i) => partPath(path, i, length));
    },
    // Nothing remembers what is in them.
    holds: () => Promise.resolve(false),
    async open(graph, options) {
      const ranges = rangesOf(graph);
      const { signal } = options;
      const only = part === undefined ? undefined : part - 1;
      const range = only === undefined ? undefined : ranges[only];
      if (!options.force) await refuseOthers(path, this.parts!(graph)!);
      await checkSpace(dirname(path), await this.sizeOf(graph), path);
      return await openInOrder(form, graph, options, async () => {
        const files = await PartFiles.open(path, ranges, only, signal);
        return {
          write: (bytes) => files.write(bytes),
          close: () => files.commit(),
          abort: () => files.close(),
          borrows: true,
        };
      }, range);
    },
  };
}
