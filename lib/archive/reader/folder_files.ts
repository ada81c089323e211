/** The files of a layout's folder, of which no link is followed. */

import { readdir, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { onDisk } from "../../disk/io.ts";
import { openPlain } from "../../disk/plain_file.ts";
import { ArchiveError, InvalidDocumentError } from "../../image/errors.ts";
import type { ContainerNote } from "../../image/problems.ts";
import { type HeldFile, type HeldFiles, readChunks } from "./files.ts";
import { MAX_ENTRIES } from "./tar_entries.ts";

/**
 * Takes a folder for the files of the layout in it.
 *
 * @throws {StorageError} If it cannot be read.
 * @throws {ArchiveError} If it is no layout.
 * @throws {InvalidDocumentError} If it has too many files.
 */
export async function openFolder(
  path: string,
  signal?: AbortSignal,
): Promise<HeldFiles> {
  const entries = new Map<string, HeldFile>();
  const notes: ContainerNote[] = [];
  const visit = async (folder: string, wanted?: string[]) => {
    signal?.throwIfAborted();
    const found = await onDisk(
      "read",
      join(path, folder),
      () => readdir(join(path, folder), { withFileTypes: true }),
    );
    for (const item of found.sort((a, b) => a.name < b.name ? -1 : 1)) {
      if (wanted && !wanted.includes(item.name)) continue;
      const name = posix.join(folder, item.name);
      // Only blobs/<algorithm>/ has anything to do with the layout.
      if (item.isDirectory()) {
        if (name.split("/").length < 3) await visit(name);
        continue;
      }
      if (entries.size === MAX_ENTRIES) {
        throw new InvalidDocumentError(
          "the layout",
          { code: "too-many-entries", limit: MAX_ENTRIES },
        );
      }
      const type = item.isFile()
        ? "file"
        : item.isSymbolicLink()
        ? "symlink"
        : "special";
      const size = type === "file"
        ? (await onDisk("read", join(path, name), () => stat(join(path, name))))
          .size
        : 0;
      entries.set(name, { name, type, size });
    }
  };
  await visit("", ["blobs", "index.json", "oci-layout"]);
  if (!entries.has("index.json") && !entries.has("oci-layout")) {
    throw new ArchiveError(path, { code: "no-layout" });
  }
  return {
    kind: "layout",
    entries,
    problems: [],
    notes,
    async *read(name) {
      const file = join(path, name);
      const { handle } = await openPlain(file);
      try {
        const { size } = entries.get(name)!;
        yield* readChunks(file, handle, 0, size, signal);
      } finally {
        await handle.close();
      }
    },
    close: () => Promise.resolve(),
  };
}
