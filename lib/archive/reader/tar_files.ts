/** The files of a tar, which stays as it is: nothing is ever unpacked. */

import type { FileHandle } from "node:fs/promises";
import { posix } from "node:path";
import { identityOf } from "../../disk/file_identity.ts";
import { onDisk } from "../../disk/io.ts";
import { ArchiveError } from "../../image/errors.ts";
import type { ContainerNote } from "../../image/problems.ts";
import {
  type ArchiveFiles,
  type ContainerProblem,
  readChunks,
} from "./files.ts";
import { listTar, readAt, type TarEntry } from "./tar_entries.ts";

/**
 * Takes a tar for the files in it.
 *
 * @param path What the user calls it.
 * @param place Where its bytes are.
 * @param listing Its headers, as they were read.
 * @throws {ArchiveError} If it is no tar.
 */
export async function openTar(
  path: string,
  place: string,
  handle: FileHandle,
  signal: AbortSignal | undefined,
  listing: Awaited<ReturnType<typeof listTar>>,
): Promise<ArchiveFiles> {
  if (!listing) throw new ArchiveError(path, { code: "no-archive" });
  const entries = new Map<string, TarEntry>();
  const problems: ContainerProblem[] = [];
  const notes: ContainerNote[] = [];
  let dotted = 0;
  for (const entry of listing.entries) {
    const name = plainName(entry.name);
    if (name === undefined) {
      problems.push({
        code: "name",
        subject: entry.name,
        fault: { code: "outside" },
      });
      continue;
    }
    if (name !== entry.name && entry.type !== "folder") dotted++;
    if (entry.type === "folder") continue;
    if (entries.has(name)) {
      problems.push({
        code: "duplicate",
        subject: name,
        fault: { code: "twice" },
      });
      continue;
    }
    entries.set(name, { ...entry, name });
  }
  if (dotted) notes.push({ code: "roundabout", count: dotted });
  if (listing.endless) notes.push({ code: "endless" });
  if (listing.failure) {
    problems.push({
      code: "truncated",
      subject: "the archive",
      fault: listing.failure,
    });
  }
  const identity = identityOf(await handle.stat());
  return {
    kind: "archive",
    entries,
    problems,
    notes,
    read(name) {
      const { offset, size } = entries.get(name)!;
      return readChunks(path, handle, offset, size, signal);
    },
    async readInto(bytes, name, position) {
      const { offset, size } = entries.get(name)!;
      const length = Math.max(0, Math.min(bytes.length, size - position));
      const read = await onDisk(
        "read",
        path,
        () => readAt(handle, offset + position, length, bytes),
      );
      return read.length;
    },
    region(name) {
      const { offset } = entries.get(name)!;
      return { path: place, identity, offset, writable: false, subject: path };
    },
    close: () => handle.close(),
  };
}

/** A name as it is looked up; `undefined` for one that leads elsewhere. */
function plainName(name: string): string | undefined {
  if (name.startsWith("/") || name.split("/").includes("..")) return undefined;
  return posix.normalize(name).replace(/\/$/, "");
}
