/** An archive that is compressed as a whole, by the ending of its name. */

import { type FileHandle, open, rename, rm, utimes } from "node:fs/promises";
import { dirname } from "node:path";
import type { Compression } from "../compression/compression.ts";
import { Expander } from "../compression/expand.ts";
import { makeFolders } from "../disk/folders.ts";
import { ifThere, onDisk } from "../disk/io.ts";
import { acquireLock, type Lock } from "../disk/lock.ts";
import { lockPathOf } from "../disk/leftovers.ts";
import { isUntouched, type VerifiedFiles } from "../disk/verified_files.ts";
import { syncFolder } from "../disk/sync.ts";
import { createHasher, parseDigest } from "../image/digest.ts";
import { temporaryPath } from "./archive_file.ts";
import { type ArchivePlan, planId } from "./plan.ts";
import { archiveParts } from "./stream.ts";

/** How much is read at a time, in bytes. */
const CHUNK_BYTES = 512 * 1024;

/** A file that is written from its beginning to its end. */
export class CompressedFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #lock: Lock;
  #size = 0;

  private constructor(
    path: string,
    temporary: string,
    handle: FileHandle,
    lock: Lock,
  ) {
    this.#path = path;
    this.#temporary = temporary;
    this.#handle = handle;
    this.#lock = lock;
  }

  /**
   * Makes the file, under a temporary name.
   *
   * @param path The final one.
   * @param signal Ends the waiting for another process that writes the same.
   * @throws {StorageError} If it cannot be written.
   */
  static async open(
    path: string,
    signal?: AbortSignal,
  ): Promise<CompressedFile> {
    const folder = dirname(path);
    await onDisk("write", folder, () => makeFolders(folder));
    const temporary = temporaryPath(path);
    const lock = await acquireLock(lockPathOf(temporary), {
      signal,
      subject: path,
    });
    try {
      await rm(temporary, { force: true });
      const handle = await onDisk("write", path, () => open(temporary, "wx"));
      return new CompressedFile(path, temporary, handle, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Writes the next bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const left = bytes.length - done;
      const at = this.#size + done;
      const { bytesWritten } = await onDisk(
        "write",
        this.#path,
        () => this.#handle.write(bytes, done, left, at),
      );
      done += bytesWritten;
    }
    this.#size += bytes.length;
  }

  /**
   * All is there: the file gets its final name.
   *
   * @param time What its times are set to, in seconds since 1970.
   */
  async commit(time?: number): Promise<void> {
    try {
      await onDisk("write", this.#path, () => this.#handle.datasync());
      await this.#handle.close();
      if (time !== undefined) await utimes(this.#temporary, time, time);
      await onDisk(
        "write",
        this.#path,
        () => rename(this.#temporary, this.#path),
      );
      await syncFolder(dirname(this.#path));
    } finally {
      await this.#lock.release();
    }
  }

  /** Removes it. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#temporary, { force: true }).catch(() => {});
    await this.#lock.release();
  }
}

/** What is needed to tell whether a file is there. */
export interface CompressedOptions {
  /** How it is compressed. */
  compression: Compression;
  /** The files that need not be read again. */
  verified?: VerifiedFiles;
  /** Ends the reading. */
  signal?: AbortSignal;
}

/**
 * Compares a compressed file with a plan: all of its bytes, the layers by their
 * digests; or none, where nothing has touched it since it was compared.
 */
export async function isCompressedPlan(
  path: string,
  plan: ArchivePlan,
  { compression, verified, signal }: CompressedOptions,
): Promise<boolean> {
  const id = compressedId(plan, compression);
  const expander = new Expander();
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const before = await handle.stat({ bigint: true });
    if (!before.isFile()) return false;
    if (await verified?.find(before) === id) return true;
    const chunks = expander.expand(
      chunksOf(handle, Number(before.size)),
      { compression, algorithm: "sha256", signal },
    );
    const same = await isPlan(chunks, plan).finally(() => chunks.return(""));
    if (!same) return false;
    const synced = await handle.datasync().then(() => true, () => false);
    const after = await handle.stat({ bigint: true });
    if (synced && isUntouched(before, after)) verified?.add(after, id);
    return true;
  } catch {
    signal?.throwIfAborted();
    return false; // it is written anew
  } finally {
    expander.close();
    await handle?.close();
  }
}

/** Notes that the file of a plan was written, and verified on the way. */
export async function noteCompressed(
  path: string,
  plan: ArchivePlan,
  { compression, verified }: CompressedOptions,
): Promise<void> {
  const handle = await ifThere("read", path, () => open(path, "r"));
  if (!handle) return;
  const status = await handle.stat({ bigint: true })
    .finally(() => handle.close());
  verified?.add(status, compressedId(plan, compression));
}

function compressedId(plan: ArchivePlan, compression: Compression): string {
  return `${planId(plan)}+${compression}`;
}

async function* chunksOf(
  handle: FileHandle,
  size: number,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size));
  for (let position = 0; position < size;) {
    const { bytesRead } = await handle.read(
      buffer,
      0,
      buffer.length,
      position,
    );
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

/** Whether bytes are those of a plan. */
async function isPlan(
  chunks: AsyncIterator<Uint8Array>,
  plan: ArchivePlan,
): Promise<boolean> {
  let held: Uint8Array = new Uint8Array(0);
  /** Some of the next bytes, and no more than so many; none at the end. */
  const next = async (most: number) => {
    while (held.length === 0) {
      const { value, done } = await chunks.next();
      if (done) return undefined;
      held = value;
    }
    const part = held.subarray(0, most);
    held = held.subarray(part.length);
    return part;
  };
  for (const part of archiveParts(plan)) {
    if ("bytes" in part) {
      const { bytes } = part;
      for (let done = 0; done < bytes.length;) {
        const found = await next(bytes.length - done);
        if (!found?.every((byte, i) => byte === bytes[done + i])) return false;
        done += found.length;
      }
      continue;
    }
    const { digest, size } = part.blob;
    const hasher = createHasher(parseDigest(digest).algorithm);
    for (let done = 0; done < size;) {
      const found = await next(size - done);
      if (!found) return false;
      hasher.update(found);
      done += found.length;
    }
    if (await hasher.digest() !== digest) return false;
  }
  return await next(1) === undefined;
}
