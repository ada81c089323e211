/** Expands an archive that is compressed as a whole, within bounds. */

import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { expand } from "../../compression/expand.ts";
import { makeFolders } from "../../disk/folders.ts";
import { onDisk } from "../../disk/io.ts";
import { ArchiveError } from "../../image/errors.ts";
import { canExpand, isBomb, MAX_RATIO } from "./expansion.ts";
import { listTar, readAt } from "./tar_entries.ts";

/** The bytes that are read at a time. */
const CHUNK_BYTES = 256 * 1024;
/** So much tells whether there is a tar in it. */
const BLOCK = 512;

/** Where an archive is expanded to. */
export interface SpoolOptions {
  /** The folder; it is made where it is missing. */
  folder: string;
  /**
   * As many bytes may come out of it whatever it has itself; for tests.
   *
   * @default {2 ** 30}
   */
  limit?: number;
}

/** An archive that was expanded. */
export interface ExpandedArchive {
  /** Where it is. */
  path: string;
  /** It is open. */
  handle: FileHandle;
  /** Its size in bytes. */
  size: number;
  /** Closes and removes it. */
  remove(): Promise<void>;
}

/**
 * Expands an archive into a file, in one pass and a few pieces of memory. That
 * it is one is found out from its first bytes; how large it says that it is is
 * not believed.
 *
 * @param path What the user calls it.
 * @param handle It is read from the beginning.
 * @throws {ArchiveError} If it is not what it seems, or there is no end to it.
 * @throws {StorageError} If the disk is full.
 */
export async function expandArchive(
  path: string,
  handle: FileHandle,
  compression: string,
  { folder, limit }: SpoolOptions,
  signal?: AbortSignal,
): Promise<ExpandedArchive> {
  if (!canExpand(compression)) {
    throw new ArchiveError(path, { code: "expand", compression });
  }
  await onDisk("write", folder, () => makeFolders(folder));
  // What is left of it by a kill is swept away by that name.
  const place = join(folder, `archive.${crypto.randomUUID()}.tmp`);
  const output = await onDisk("write", place, () => open(place, "wx+", 0o600));
  const remove = async () => {
    await output.close().catch(() => {});
    await rm(place, { force: true }).catch(() => {});
  };
  let read = 0;
  let size = 0;
  /** What is no fault of the archive's. */
  let failure: unknown;
  const input = stored(
    path,
    handle,
    (bytes) => read += bytes,
    (error) => failure = error,
  );
  const pieces = expand(input, { compression, algorithm: "sha256", signal });
  try {
    while (true) {
      const { value: bytes, done } = await pieces.next().catch((error) => {
        signal?.throwIfAborted();
        if (failure !== undefined) throw failure;
        const { message: words } = error as Error;
        throw new ArchiveError(path, { code: "broken", words }, {
          cause: error,
        });
      });
      if (done) return { path: place, handle: output, size, remove };
      if (isBomb(read, size + bytes.length, limit)) {
        throw new ArchiveError(path, { code: "bomb", ratio: MAX_RATIO });
      }
      await writeAll(place, output, bytes, size);
      const first = size < BLOCK;
      size += bytes.length;
      if (first && size >= BLOCK && !await listTar(output, BLOCK)) {
        throw new ArchiveError(path, { code: "no-archive" });
      }
    }
  } catch (error) {
    await remove();
    throw error;
  } finally {
    await pieces.return("");
  }
}

async function writeAll(
  path: string,
  output: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await onDisk(
      "write",
      path,
      () => output.write(bytes, done, bytes.length - done, position + done),
    );
    done += bytesWritten;
  }
}

/** The bytes of a file as they are stored. */
async function* stored(
  path: string,
  handle: FileHandle,
  onRead: (bytes: number) => void,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let position = 0;;) {
    const bytes = await onDisk(
      "read",
      path,
      () => readAt(handle, position, CHUNK_BYTES, buffer),
    ).catch((error) => {
      onFailure(error);
      throw error;
    });
    if (bytes.length === 0) return;
    position += bytes.length;
    onRead(bytes.length);
    yield bytes;
  }
}
