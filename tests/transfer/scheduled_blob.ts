/** A blob for tests of the scheduler alone. */

import { RangeSet } from "../../lib/disk/ranges.ts";
import type { BlobTransfer, Segment } from "../../lib/transfer/blob.ts";

/** What a scheduler sees of a blob none of which is there. */
export function blobOf(size: number): BlobTransfer {
  const pending = new RangeSet([[0, size]]);
  return {
    pending,
    segments: new Set<Segment>(),
    ranges: true,
    get next() {
      return pending.first;
    },
  } as unknown as BlobTransfer;
}
