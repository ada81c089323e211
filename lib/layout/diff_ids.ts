/**
 * Which blobs of a layout are layers of which diffID, as far as that was found
 * out from their bytes. A layer that is stored as it is expanded is known by
 * its digest; the others are written down.
 */

import { TextRecord } from "../disk/text_record.ts";
import { isDigest } from "../image/digest.ts";
import type { Descriptor } from "../image/types.ts";
import { recordIn } from "./layout_files.ts";

/** What a diffID stands for: type, digest and size of the blob. */
export type StoredLayer = Pick<Descriptor, "mediaType" | "digest" | "size">;

/**
 * The record in a layout, by diffID.
 *
 * @param root The layout's folder.
 */
export function diffIdsOf(root: string): TextRecord<StoredLayer> {
  return new TextRecord(recordIn(root, "diff_ids", { locked: true }), {
    field: "layers",
    most: 20_000,
    parse(value, diffId) {
      const { mediaType, digest, size } = value as StoredLayer;
      const isRight = isDigest(diffId) && isDigest(digest) &&
        typeof mediaType === "string" && Number.isSafeInteger(size) &&
        size >= 0;
      return isRight ? { mediaType, digest, size } : undefined;
    },
  });
}
