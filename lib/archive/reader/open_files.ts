/** Opens what images can be read from: a tar, compressed or not, or a layout. */

import { type FileHandle, stat } from "node:fs/promises";
import { onDisk } from "../../disk/io.ts";
import { openPlain } from "../../disk/plain_file.ts";
import { ArchiveError } from "../../image/errors.ts";
import { compressionOf } from "../../compression/compression.ts";
import type { ArchiveFiles, HeldFiles } from "./files.ts";
import { openFolder } from "./folder_files.ts";
import { expandArchive, type SpoolOptions } from "./spool.ts";
import { listTar, readAt } from "./tar_entries.ts";
import { openTar } from "./tar_files.ts";

/** How files are opened. */
export interface OpenFilesOptions {
  /** Ends the reading. */
  signal?: AbortSignal;
  /**
   * Where an archive that is compressed as a whole is expanded to.
   *
   * @default {undefined} It is refused.
   */
  spool?: SpoolOptions;
}

/**
 * Opens an archive or a layout.
 *
 * @throws {StorageError} If it cannot be read.
 * @throws {ArchiveError} If it is neither of both, or cannot be expanded.
 * @throws {InvalidDocumentError} If it has too many entries.
 */
export async function openFiles(
  path: string,
  options: OpenFilesOptions = {},
): Promise<HeldFiles> {
  const { signal } = options;
  const status = await onDisk("read", path, () => stat(path));
  return status.isDirectory()
    ? await openFolder(path, signal)
    : await openArchive(path, options);
}

/**
 * Opens an archive.
 *
 * @throws {StorageError} If it cannot be read.
 * @throws {ArchiveError} If it is none, or cannot be expanded.
 * @throws {InvalidDocumentError} If it has too many entries.
 */
export async function openArchive(
  path: string,
  options: OpenFilesOptions = {},
): Promise<ArchiveFiles> {
  const { signal } = options;
  const { handle, status } = await openPlain(path, { follow: true });
  try {
    const listing = await listTar(handle, status.size, signal);
    if (listing) return await openTar(path, path, handle, signal, listing);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return await openExpanded(path, handle, options);
}

/** Opens what is no tar: one inside, where it is compressed, or nothing. */
async function openExpanded(
  path: string,
  handle: FileHandle,
  { signal, spool }: OpenFilesOptions,
): Promise<ArchiveFiles> {
  try {
    const head = await readAt(handle, 0, 6);
    const compression = compressionOf(head);
    if (compression === "none") {
      const isZip = head[0] === 0x50 && head[1] === 0x4b && head[2]! < 9;
      throw new ArchiveError(path, { code: isZip ? "zip" : "no-archive" });
    }
    if (!spool) throw new ArchiveError(path, { code: "expand", compression });
    const expanded = await expandArchive(
      path,
      handle,
      compression,
      spool,
      signal,
    );
    try {
      const files = await openTar(
        path,
        expanded.path,
        expanded.handle,
        signal,
        await listTar(expanded.handle, expanded.size, signal),
      );
      return { ...files, close: expanded.remove };
    } catch (error) {
      await expanded.remove();
      throw error;
    }
  } finally {
    await handle.close();
  }
}
