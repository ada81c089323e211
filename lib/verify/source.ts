/** The files of an archive or of a layout's folder, without following a link. */

import { type FileHandle, readdir, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { compressionOf } from "../compression/compression.ts";
import { onDisk, storageError } from "../disk/io.ts";
import { openPlain } from "../disk/plain_file.ts";
import { InvalidDocumentError } from "../image/errors.ts";
import type { VerifyProblem } from "./report.ts";
import { listTar, MAX_ENTRIES, readAt, type TarEntry } from "./tar_entries.ts";

/** The bytes that are read at a time. */
const CHUNK_BYTES = 256 * 1024;

/** A file of an archive or a layout; `name` is without `./`. */
export type SourceEntry = Omit<TarEntry, "offset">;

/** Where the files come from. */
export interface Source {
  /** What it is. */
  readonly kind: "archive" | "layout";
  /** The files and links, by name. */
  readonly entries: ReadonlyMap<string, SourceEntry>;
  /** What is wrong with the container itself. */
  readonly problems: VerifyProblem[];
  /** What is worth to be known. */
  readonly notes: string[];
  /** The bytes of a file; each piece is gone when the next one is asked for. */
  read(name: string): AsyncIterable<Uint8Array>;
  /** Ends the reading. */
  close(): Promise<void>;
}

/**
 * Opens an archive or a layout.
 *
 * @throws {StorageError} If it cannot be read, or is neither of both.
 * @throws {InvalidDocumentError} If it has too many entries.
 */
export async function openSource(
  path: string,
  signal?: AbortSignal,
): Promise<Source> {
  const status = await onDisk("read", path, () => stat(path));
  if (status.isDirectory()) return await openLayout(path, signal);
  const { handle } = await openPlain(path, { follow: true });
  try {
    return await openArchive(path, handle, status.size, signal);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openArchive(
  path: string,
  handle: FileHandle,
  length: number,
  signal?: AbortSignal,
): Promise<Source> {
  const listing = await listTar(handle, length, signal);
  if (!listing) {
    const how = compressionOf(await readAt(handle, 0, 6));
    const reason = how === "none"
      ? "it is neither a tar nor a layout"
      : `it is compressed with ${how} as a whole, which docker load takes; ` +
        "expand it to have it verified";
    throw storageError("verify", path, new Error(reason));
  }
  const entries = new Map<string, TarEntry>();
  const problems: VerifyProblem[] = [];
  const notes: string[] = [];
  let dotted = 0;
  for (const entry of listing.entries) {
    const name = plainName(entry.name);
    if (name === undefined) {
      problems.push({
        code: "name",
        subject: entry.name,
        message: "the name leads out of the archive",
      });
      continue;
    }
    if (name !== entry.name && entry.type !== "folder") dotted++;
    if (entry.type === "folder") continue;
    if (entries.has(name)) {
      problems.push({
        code: "duplicate",
        subject: name,
        message:
          "it is there more than once, and loaders differ in which to take",
      });
      continue;
    }
    entries.set(name, { ...entry, name });
  }
  if (dotted) {
    notes.push(`${dotted} names are written in a roundabout way, as ./name`);
  }
  if (listing.endless) notes.push("the archive has no end mark");
  if (listing.failure) {
    const { failure } = listing;
    problems.push({
      code: "truncated",
      subject: "the archive",
      message: failure,
    });
  }
  return {
    kind: "archive",
    entries,
    problems,
    notes,
    read(name) {
      const { offset, size } = entries.get(name)!;
      return readChunks(path, handle, offset, size, signal);
    },
    close: () => handle.close(),
  };
}

async function openLayout(path: string, signal?: AbortSignal): Promise<Source> {
  const entries = new Map<string, SourceEntry>();
  const notes: string[] = [];
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
    throw storageError("verify", path, new Error("it is no image layout"));
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

async function* readChunks(
  path: string,
  handle: FileHandle,
  offset: number,
  size: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size));
  for (let position = 0; position < size;) {
    signal?.throwIfAborted();
    const wanted = Math.min(CHUNK_BYTES, size - position);
    const bytes = await onDisk(
      "read",
      path,
      () => readAt(handle, offset + position, wanted, buffer),
    );
    if (bytes.length) yield bytes;
    if (bytes.length < wanted) return;
    position += bytes.length;
  }
}

/** A name as it is looked up; `undefined` for one that leads elsewhere. */
function plainName(name: string): string | undefined {
  if (name.startsWith("/") || name.split("/").includes("..")) return undefined;
  return posix.normalize(name).replace(/\/$/, "");
}
