/**
 * An archive on its way: a file of its final size under a temporary name
 * beside its target, which each layer is written into at its own place.
 */

import { createHash } from "node:crypto";
import { lstat, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isAt } from "../disk/file_identity.ts";
import { makeFolders } from "../disk/folders.ts";
import { ifThere, onDisk } from "../disk/io.ts";
import {
  acquireLock,
  breakerOf,
  type Lock,
  wasTakenOver,
} from "../disk/lock.ts";
import { FileSlot } from "../disk/file_slot.ts";
import { PartialFile } from "../disk/partial_file.ts";
import { lockPathOf, occupied, removeLeftovers } from "../disk/leftovers.ts";
import type { VerifiedFiles } from "../disk/verified_files.ts";
import { StorageError } from "../image/errors.ts";
import { type ArchivePlan, planId } from "./plan.ts";
import { isUpToDate } from "./up_to_date.ts";

/** The longest name that a suffix is added to, in bytes. */
const MAX_NAME = 220;

/** How an archive's file is opened. */
export interface ArchiveFileOptions {
  /**
   * Whether what is there stays for a later run when this one fails. With a
   * cache that is not needed, as the bytes are there.
   *
   * @default {false}
   */
  resumable?: boolean;
  /** Ends the waiting for another process that writes the same file. */
  signal?: AbortSignal;
  /** Called when another process is writing the same file. */
  onWait?: () => void;
}

/** An archive that is being written. */
export class ArchiveFile {
  /** The final path. */
  readonly path: string;
  #plan: ArchivePlan;
  #file: PartialFile;
  #lock: Lock;

  private constructor(
    path: string,
    plan: ArchivePlan,
    file: PartialFile,
    lock: Lock,
  ) {
    this.path = path;
    this.#plan = plan;
    this.#file = file;
    this.#lock = lock;
  }

  /**
   * Makes the file, and writes all that is known from the plan.
   *
   * @throws {StorageError} If the folder or the file cannot be written.
   */
  static async open(
    path: string,
    plan: ArchivePlan,
    options: ArchiveFileOptions = {},
  ): Promise<ArchiveFile> {
    const { resumable = false, ...waiting } = options;
    const folder = dirname(path);
    await onDisk("write", folder, () => makeFolders(folder));
    const status = await ifThere("write", path, () => stat(path));
    if (status && !status.isFile()) {
      throw new StorageError("write", path, "not-a-file");
    }
    const temporary = temporaryPath(path);
    const lock = await acquireLock(lockPathOf(temporary), {
      ...waiting,
      subject: path,
    });
    let file: PartialFile | undefined;
    try {
      await rm(breakerOf(lockPathOf(temporary)), { force: true })
        .catch(() => {});
      file = await PartialFile.open(temporary, {
        id: planId(plan),
        size: plan.size,
        subject: path,
        resumable,
        durable: true,
      });
      for (const { bytes, offset } of plan.regions) {
        await file.write(bytes, offset);
      }
      return new ArchiveFile(path, plan, file, lock);
    } catch (error) {
      await file?.close();
      await lock.release();
      throw error;
    }
  }

  /** Writes what was not known when the file was made. */
  async complete(plan: ArchivePlan): Promise<void> {
    const known = new Set(this.#plan.regions.map(({ offset }) => offset));
    for (const { bytes, offset } of plan.regions) {
      if (!known.has(offset)) await this.#file.write(bytes, offset);
    }
    this.#plan = plan;
  }

  /** The place of a layer. */
  slot(digest: string): FileSlot | undefined {
    const blob = this.#plan.blobs.get(digest);
    return blob && new FileSlot(this.#file, blob.offset, blob.descriptor.size);
  }

  /**
   * All layers are there: the file gets its final name.
   *
   * @param verified Where it is noted that they were verified.
   */
  async commit(verified?: VerifiedFiles): Promise<void> {
    try {
      await this.#file.commit(this.path).then(
        () => verified && this.#note(verified),
        (error) => this.#yield(error),
      );
    } finally {
      await this.#lock.release();
    }
  }

  async #note(verified: VerifiedFiles): Promise<void> {
    const status = await lstat(this.path, { bigint: true }).catch(() => {});
    // Another pull may have replaced it already.
    if (status && await isAt(this.#file.identity, this.path)) {
      verified.add(status, planId(this.#plan));
    }
  }

  /** Another has taken over, while this process was asleep, and was faster. */
  async #yield(error: unknown): Promise<void> {
    if (!wasTakenOver(error) || !await isUpToDate(this.path, this.#plan)) {
      throw error;
    }
  }

  /** Ends the work for now; nothing stays but what can be resumed. */
  async close(): Promise<void> {
    try {
      await this.#file.close();
    } finally {
      await this.#lock.release();
    }
  }
}

/**
 * Removes what a process that was killed has left beside a complete archive.
 *
 * @param path The archive's path.
 */
export async function tidyArchive(path: string): Promise<void> {
  await removeLeftovers(temporaryPath(path), false);
}

/**
 * Bytes of the disk that an earlier run's part of an archive takes already.
 *
 * @param path The archive's path.
 */
export function occupiedByArchive(path: string): Promise<number> {
  return occupied(temporaryPath(path));
}

/** A path beside the final one, with room for a suffix in 255 bytes. */
export function temporaryPath(path: string): string {
  const name = basename(path);
  const short = new TextEncoder().encode(name).length <= MAX_NAME
    ? name
    : createHash("sha256").update(name).digest("hex");
  return join(dirname(path), `.${short}.partial`);
}

/**
 * Fails at once where there is no room for so many bytes, as a full disk is
 * better found before an hour of downloading than after it.
 *
 * @param folder A folder of the file system.
 * @param bytes How many are going to be written.
 * @param subject What an error names.
 * @throws {StorageError} With the code `ENOSPC`.
 */
export async function checkSpace(
  folder: string,
  bytes: number,
  subject: string,
): Promise<void> {
  const free = await freeSpace(folder);
  // Where it is not known, the writing will tell.
  if (free !== undefined && free < bytes) {
    throw new StorageError("write", subject, "ENOSPC", { needed: bytes, free });
  }
}

/** Bytes that there is room for in a folder's file system, where that is known. */
export async function freeSpace(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** Whether two folders, where both are there, have their room in common. */
export async function isOneFileSystem(a: string, b: string): Promise<boolean> {
  const [here, there] = await Promise.all(
    [a, b].map((path) => stat(path).catch(() => undefined)),
  );
  return here?.dev === there?.dev;
}
