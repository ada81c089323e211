/** Which manifests a layout names, in the file `index.json` of its folder. */

import { join } from "node:path";
import { readText } from "../disk/plain_file.ts";
import { InvalidDocumentError, StorageError } from "../image/errors.ts";
import type { Descriptor } from "../image/types.ts";
import { type IngestOptions, lockIn, replaceFile } from "./layout_files.ts";
import { noteReferrers, updateLayoutIndex } from "./layout_index.ts";

/** How a manifest is named. */
export interface TagOptions extends IngestOptions {
  /** The name for loaders, where it is another. */
  imageName?: string;
  /** The digest that the name stands for where the image is from. */
  sourceDigest?: string;
}

/**
 * Looks something up in `index.json`.
 *
 * @param root The layout's folder.
 * @throws {StorageError} If it cannot be read, or is none: others may have
 * put into it what is to be had nowhere else.
 */
export async function inLayoutIndex<T>(
  root: string,
  read: (text: string | undefined) => T,
): Promise<T> {
  const path = join(root, "index.json");
  const text = await readText(path);
  try {
    return read(text);
  } catch (cause) {
    if (!(cause instanceof InvalidDocumentError)) throw cause;
    throw new StorageError("use", path, "malformed", { cause });
  }
}

/** Names a manifest in the `index.json` of the layout in a folder. */
export async function tagLayout(
  root: string,
  name: string,
  manifest: Descriptor,
  options: TagOptions,
): Promise<void> {
  await changeLayoutIndex(
    root,
    (text) => updateLayoutIndex(text, name, manifest, options),
    options,
  );
}

/** Has the `index.json` of the layout in a folder say what refers to what. */
export async function noteInLayout(
  root: string,
  referrers: readonly Descriptor[],
): Promise<void> {
  await changeLayoutIndex(root, (text) => noteReferrers(text, referrers));
}

/**
 * Changes the `index.json` of a layout, one process after the other.
 *
 * @param root The layout's folder.
 * @param change Makes the new text of the present one.
 */
export async function changeLayoutIndex(
  root: string,
  change: (text: string | undefined) => string | undefined,
  options: IngestOptions = {},
): Promise<void> {
  const lock = await lockIn(root, "index.lock", options);
  try {
    const updated = await inLayoutIndex(root, (text) => {
      const updated = change(text);
      return updated === text ? undefined : updated;
    });
    if (updated !== undefined) {
      // Half of it would be no index, and an error from then on.
      await replaceFile(root, "index.json", updated, { sync: true });
    }
  } finally {
    await lock.release();
  }
}
