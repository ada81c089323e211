/** Cuts an archive into parts of a size, between its blobs where they fit. */

import type { ArchivePlan } from "./plan.ts";

/** A stretch of an archive. */
export interface Range {
  /** Where it begins. */
  start: number;
  /** One past its last byte. */
  end: number;
}

/**
 * Says where each part begins and ends. A blob that fits into a part, with the
 * header before it, is in one part; a larger one fills up the part that it
 * begins in. The same archive and limit give the same parts.
 *
 * @param plan The archive, of which only sizes matter.
 * @param limit The most bytes of a part.
 */
export function partsOf(plan: ArchivePlan, limit: number): Range[] {
  const headers = new Map(
    plan.regions.map(({ offset, bytes }) => [offset + bytes.length, offset]),
  );
  const blobs = [...plan.blobs.values()].sort((a, b) => a.offset - b.offset);
  const parts: Range[] = [];
  let start = 0;
  const cut = (at: number) => {
    parts.push({ start, end: at });
    start = at;
  };
  const fill = (to: number) => {
    while (to - start > limit) cut(start + limit);
  };
  for (const { offset, descriptor: { size } } of blobs) {
    const begin = headers.get(offset) ?? offset;
    const end = offset + size;
    fill(begin);
    if (end - start <= limit) continue;
    if (end - begin <= limit) cut(begin);
    else fill(end);
  }
  fill(plan.size);
  cut(plan.size);
  return parts;
}

/**
 * The name of a part: the archive's own, and its number from 1 on, in as many
 * digits as all have, so that `cat` takes them in their order.
 */
export function partPath(path: string, index: number, count: number): string {
  const digits = Math.max(3, `${count}`.length);
  return `${path}.${`${index + 1}`.padStart(digits, "0")}`;
}
