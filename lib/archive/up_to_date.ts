/** Tells whether an archive that is there is the one that would be written. */

import { type FileHandle, open, stat } from "node:fs/promises";
import { createHasher, type Hasher, parseDigest } from "../image/digest.ts";
import { isUntouched, type VerifiedFiles } from "../disk/verified_files.ts";
import { type ArchivePlan, planId } from "./plan.ts";

/** How much is read at a time, in bytes. */
const CHUNK_BYTES = 1024 * 1024;

/** What tells more of a file than its bytes. */
export interface UpToDateOptions {
  /** The files that need not be read again. */
  verified?: VerifiedFiles;
  /** Ends the reading. */
  signal?: AbortSignal;
}

/**
 * Compares a file with what a plan knows of it, its size and the bytes that
 * name every blob by its digest; not the layers.
 *
 * @param path The file.
 * @param plan The plan, or a part of one.
 * @returns Whether they agree.
 */
export async function mayBeUpToDate(
  path: string,
  plan: ArchivePlan,
): Promise<boolean> {
  return await reading(path, plan, async (handle) => {
    for (const { bytes, offset } of plan.regions) {
      const found = new Uint8Array(bytes.length);
      await handle.read(found, 0, found.length, offset);
      if (!isSame(found, bytes)) return false;
    }
    return true;
  });
}

/**
 * Compares a file with a plan: all of its bytes, the layers by their digests;
 * or none, where nothing has touched it since they were compared.
 *
 * @param path The file.
 * @param plan The whole plan.
 * @returns Whether they agree.
 */
export async function isUpToDate(
  path: string,
  plan: ArchivePlan,
  { verified, signal }: UpToDateOptions = {},
): Promise<boolean> {
  return await reading(path, plan, async (handle) => {
    const before = await handle.stat({ bigint: true });
    const id = planId(plan);
    if (await verified?.find(before) === id) return true;
    if (!await hasAll(handle, plan, signal)) return false;
    // Only what is on the disk needs no reading after a power cut.
    const synced = await handle.datasync().then(() => true, () => false);
    const after = await handle.stat({ bigint: true });
    if (synced && isUntouched(before, after)) verified?.add(after, id);
    return true;
  }, signal);
}

/** Reads a file of the plan's size; none, or none that can be read, is wrong. */
async function reading(
  path: string,
  { size }: ArchivePlan,
  compare: (handle: FileHandle) => Promise<boolean>,
  signal?: AbortSignal,
): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    // Opening a pipe would never end.
    const status = await stat(path);
    if (!status.isFile() || status.size !== size) return false;
    handle = await open(path, "r");
    return await compare(handle);
  } catch {
    signal?.throwIfAborted();
    return false; // it is written anew
  } finally {
    await handle?.close();
  }
}

/** A run of the archive's bytes, and what takes them. */
interface Part {
  offset: number;
  size: number;
  take(bytes: Uint8Array, position: number): boolean;
  isRight?(): Promise<boolean>;
}

async function hasAll(
  handle: FileHandle,
  plan: ArchivePlan,
  signal?: AbortSignal,
): Promise<boolean> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (const { offset, size, take, isRight } of partsOf(plan)) {
    for (let position = 0; position < size;) {
      signal?.throwIfAborted();
      const wanted = Math.min(CHUNK_BYTES, size - position);
      const { bytesRead } = await handle.read(
        buffer,
        0,
        wanted,
        offset + position,
      );
      if (bytesRead === 0) return false;
      if (!take(buffer.subarray(0, bytesRead), position)) return false;
      position += bytesRead;
    }
    if (isRight && !await isRight()) return false;
  }
  return true;
}

/** All of an archive, in its order: what is planned, and the zeros between. */
function partsOf(plan: ArchivePlan): Part[] {
  const known = [
    ...plan.regions.map(({ offset, bytes }): Part => ({
      offset,
      size: bytes.length,
      take: (found, position) =>
        isSame(found, bytes.subarray(position, position + found.length)),
    })),
    ...[...plan.blobs.values()].map(({ offset, descriptor }): Part => {
      let hasher: Hasher | undefined;
      const begun = () =>
        hasher ??= createHasher(parseDigest(descriptor.digest).algorithm);
      return {
        offset,
        size: descriptor.size,
        take(found) {
          begun().update(found);
          return true;
        },
        isRight: async () => await begun().digest() === descriptor.digest,
      };
    }),
  ].sort((a, b) => a.offset - b.offset);
  let end = 0;
  const parts: Part[] = [];
  const fill = (to: number) => {
    const take = (found: Uint8Array) => found.every((byte) => byte === 0);
    if (to > end) parts.push({ offset: end, size: to - end, take });
  };
  for (const part of known) {
    fill(part.offset);
    parts.push(part);
    end = part.offset + part.size;
  }
  fill(plan.size);
  return parts;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
