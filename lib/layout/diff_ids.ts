/**
 * Which blobs of a layout are layers of which diffID, as far as that was found
 * out from their bytes. A layer that is stored as it is expanded is known by
 * its digest; the others are written down, beside what others have written.
 */

import { readOwnText } from "../disk/plain_file.ts";
import { join } from "node:path";
import { isDigest } from "../image/digest.ts";
import { lockIn, replaceFile } from "./layout_files.ts";
import type { Descriptor } from "../image/types.ts";

/** The file in the layout's folder. */
const RECORD = "diff_ids.json";
/** Whoever writes it holds this lock. */
const LOCK = "diff_ids.lock";
/** So many are remembered: the newest. */
const MOST = 20_000;

/** What a diffID stands for: type, digest and size of the blob. */
export type StoredLayer = Pick<Descriptor, "mediaType" | "digest" | "size">;

/** By diffID. */
type Known = Map<string, StoredLayer>;

/**
 * Reads what is written down in a layout.
 *
 * @param root The layout's folder.
 * @returns Nothing that another user could have written: he could make one
 * layer pass for another.
 */
export async function readDiffIds(root: string): Promise<Known> {
  const known: Known = new Map();
  try {
    const text = await readOwnText(join(root, RECORD)) ?? "{}";
    const { layers } = JSON.parse(text) as { layers?: object };
    for (const [diffId, layer] of Object.entries(layers ?? {})) {
      const { mediaType, digest, size } = layer as StoredLayer;
      const isRight = isDigest(diffId) && isDigest(digest) &&
        typeof mediaType === "string" && Number.isSafeInteger(size) &&
        size >= 0;
      if (isRight) known.set(diffId, { mediaType, digest, size });
    }
  } catch {
    // What cannot be understood is found out anew.
  }
  return known;
}

/**
 * Writes down what was found out, one process after the other.
 *
 * @param root The layout's folder.
 * @param found By diffID.
 * @throws {StorageError} If it cannot be written.
 */
export async function addDiffIds(
  root: string,
  found: ReadonlyMap<string, StoredLayer>,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  if (found.size === 0) return;
  const lock = await lockIn(root, LOCK, options);
  try {
    const known = await readDiffIds(root);
    let isNew = false;
    for (const [diffId, { mediaType, digest, size }] of found) {
      isNew ||= known.get(diffId)?.digest !== digest;
      known.delete(diffId);
      known.set(diffId, { mediaType, digest, size });
    }
    if (!isNew) return;
    const layers = Object.fromEntries([...known].slice(-MOST));
    await replaceFile(root, RECORD, `${JSON.stringify({ layers })}\n`);
  } finally {
    await lock.release();
  }
}
