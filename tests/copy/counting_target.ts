/** A target that writes nothing and counts: what a copy would bring. */

import type { Descriptor, ReadableSink } from "../../lib/image/types.ts";
import type { ImageTarget } from "../../lib/copy/engine/target.ts";

/** What was counted. */
export interface Counted {
  /** The number of blobs. */
  blobs: number;
  /** Their bytes, as they came. */
  bytes: number;
  /** Whether all came and were right. */
  complete: boolean;
}

/** Counts into `counted`, and keeps nothing once a blob is verified. */
export function countTarget(counted: Counted): ImageTarget {
  return {
    sizeOf: () => 0,
    holds: () => Promise.resolve(false),
    open: () =>
      Promise.resolve({
        sink: (descriptor) => countingSink(descriptor, counted),
        commit: () => {
          counted.complete = true;
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      }),
  };
}

function countingSink({ size }: Descriptor, counted: Counted): ReadableSink {
  let kept: Uint8Array | undefined = new Uint8Array(size);
  return {
    present: { ranges: [] },
    write(bytes, position) {
      counted.bytes += bytes.length;
      kept!.set(bytes, position);
    },
    read(bytes, position) {
      const part = kept!.subarray(position, position + bytes.length);
      bytes.set(part);
      return Promise.resolve(part.length);
    },
    commit() {
      counted.blobs++;
      kept = undefined;
    },
    discard: () => kept = undefined,
  };
}
