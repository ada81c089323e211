/** What is expanded, and how far. */

import * as zlib from "node:zlib";
import type { Compression } from "../../compression/compression.ts";

/** What expands further is no image, but made to fill a disk. */
export const MAX_RATIO = 200;
/** As many bytes are expanded in any case. */
const MIN_LIMIT_BYTES = 2 ** 30;

/** Whether this runtime can expand it. */
export function canExpand(compression: string): compression is Compression {
  return compression === "gzip" ||
    compression === "zstd" && typeof zlib.createZstdDecompress === "function";
}

/** Whether so many bytes of so few are more than any image's are. */
export function isBomb(
  stored: number,
  expanded: number,
  limit: number = MIN_LIMIT_BYTES,
): boolean {
  return expanded > limit && expanded > MAX_RATIO * stored;
}
