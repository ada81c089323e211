/** Finds out what is at a path, and opens it as a place to serve from. */

import { stat } from "node:fs/promises";
import { onDisk } from "../disk/io.ts";
import { ArchiveError } from "../image/errors.ts";
import { LayoutStore } from "../layout/layout_store.ts";
import { archiveShelf } from "./archive_shelf.ts";
import { layoutShelf } from "./layout_shelf.ts";
import type { Shelf } from "./shelf.ts";

/**
 * Opens an archive, a layout or the cache.
 *
 * @throws {StorageError} If it cannot be read.
 * @throws {ArchiveError} If it is a folder and no layout.
 */
export async function openShelf(path: string): Promise<Shelf> {
  const status = await onDisk("read", path, () => stat(path));
  if (!status.isDirectory()) return archiveShelf(path);
  const layout = await LayoutStore.find(path);
  if (!layout) throw new ArchiveError(path, { code: "no-layout" });
  return layoutShelf(layout);
}
