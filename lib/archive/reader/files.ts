/** Files of an archive or of a layout's folder, found and read by name. */

import type { FileHandle } from "node:fs/promises";
import { posix } from "node:path";
import { onDisk } from "../../disk/io.ts";
import { MAX_DOCUMENT_SIZE } from "../../image/document_fields.ts";
import { InvalidDocumentError } from "../../image/errors.ts";
import type { ContainerFault, ContainerNote } from "../../image/problems.ts";
import type { FileRegion } from "../../image/types.ts";
import { readAt, type TarEntry } from "./tar_entries.ts";

/** The bytes that are read at a time. */
const CHUNK_BYTES = 256 * 1024;
/** As many links lead from one to the next in an archive. */
const MAX_LINKS = 8;

/** A file of an archive or a layout; `name` is without `./`. */
export type HeldFile = Omit<TarEntry, "offset">;

/** What is wrong with the container itself. */
export interface ContainerProblem {
  /**
   * A name that leads out of it, one that stands there twice, or that it
   * breaks off.
   */
  code: "name" | "duplicate" | "truncated";
  /** The file in it, or the archive itself. */
  subject: string;
  /** What is wrong with it. */
  fault: ContainerFault;
}

/** Files that are read by name. */
export interface HeldFiles {
  /** What they are in. */
  readonly kind: "archive" | "layout";
  /** The files and links, by name; of two with one name, the first. */
  readonly entries: ReadonlyMap<string, HeldFile>;
  /** What is wrong with the container itself. */
  readonly problems: ContainerProblem[];
  /** What is worth to be known. */
  readonly notes: ContainerNote[];
  /** The bytes of a file; each piece is gone when the next one is asked for. */
  read(name: string): AsyncIterable<Uint8Array>;
  /** Ends the reading, and removes what was made for it. */
  close(): Promise<void>;
}

/** Files of an archive, whose bytes lie in one file of this machine. */
export interface ArchiveFiles extends HeldFiles {
  /** Reads bytes of a file at a position; returns how many there were. */
  readInto(
    bytes: Uint8Array<ArrayBuffer>,
    name: string,
    position: number,
  ): Promise<number>;
  /** Where the bytes of a file lie. */
  region(name: string): FileRegion;
}

/**
 * Finds a file. A link in an archive is only looked up in the archive, as
 * Docker's of 2016 have the same layer once; in a folder there is none.
 *
 * @returns The file, and whether a link led there; nothing where there is none.
 */
export function findFile(
  { entries, kind }: Pick<HeldFiles, "entries" | "kind">,
  name: string,
): { entry: HeldFile; linked: boolean } | undefined {
  let entry = entries.get(posix.normalize(name));
  if (kind === "layout") {
    return entry?.type === "file" ? { entry, linked: false } : undefined;
  }
  // A circle ends as a chain without end does.
  for (let links = 0; entry && links <= MAX_LINKS; links++) {
    if (entry.type === "file") return { entry, linked: links > 0 };
    if (entry.target === undefined) return undefined;
    const target: string = entry.type === "symlink"
      ? posix.join(posix.dirname(entry.name), entry.target)
      : posix.normalize(entry.target);
    entry = entries.get(target);
  }
  return undefined;
}

/**
 * Reads a document.
 *
 * @throws {InvalidDocumentError} If it is too large for one; then nothing is read.
 */
export async function readDocument(
  files: Pick<HeldFiles, "read">,
  entry: HeldFile,
): Promise<Uint8Array<ArrayBuffer>> {
  const { name, size } = entry;
  if (size > MAX_DOCUMENT_SIZE) {
    throw new InvalidDocumentError(
      name,
      { code: "too-large", size, limit: MAX_DOCUMENT_SIZE },
    );
  }
  const bytes = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of files.read(name)) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  return bytes.subarray(0, filled);
}

/** Reads a part of a file; each piece is gone when the next one is asked for. */
export async function* readChunks(
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
