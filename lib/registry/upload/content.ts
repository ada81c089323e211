/** What is uploaded: bytes that can be read again from anywhere in them. */

import { createHasher, parseDigest } from "../../image/digest.ts";
import { ContentMismatchError, StorageError } from "../../image/errors.ts";
import type { Descriptor, Document, FileRegion } from "../../image/types.ts";
import { identityOf } from "../../disk/file_identity.ts";
import { onDisk, readAt } from "../../disk/io.ts";
import { openPlain, type PlainFile } from "../../disk/plain_file.ts";

/** How much is read at a time, in bytes. */
const STEP_BYTES = 1024 * 1024;

/** The bytes of a blob. They are not verified: the registry does so. */
export interface UploadContent {
  /** Which. */
  readonly descriptor: Descriptor;
  /**
   * Begins to give some of them.
   *
   * @param start The first.
   * @param end One past the last.
   * @param signal Ends it.
   */
  open(
    start: number,
    end: number,
    signal?: AbortSignal,
  ): ReadableStream<Uint8Array>;
}

/** A blob that is in memory, such as a configuration. */
export function documentContent(
  { descriptor, bytes }: Document,
): UploadContent {
  return {
    descriptor,
    open: (start, end) =>
      new ReadableStream({
        start(controller) {
          if (end > start) controller.enqueue(bytes.slice(start, end));
          controller.close();
        },
      }),
  };
}

/** Where a blob lies in a file. */
export type UploadRegion = Pick<FileRegion, "path" | "offset" | "identity">;

/**
 * A blob that lies in a file. The file is opened for each reading, and is to
 * stay what it is: one that is another by then, or shorter, or was touched, is
 * an error.
 *
 * @param descriptor The blob.
 * @param region Where it lies.
 */
export function fileContent(
  descriptor: Descriptor,
  region: UploadRegion,
): UploadContent {
  const { path, offset } = region;
  const changed = () => new StorageError("read", path, "replaced");
  let first: { size: number; mtimeMs: number } | undefined;
  const open = async (): Promise<PlainFile> => {
    const file = await openPlain(path, { follow: true });
    const { status, handle } = file;
    const identity = region.identity && identityOf(status);
    const another = identity?.some((part, i) => part !== region.identity![i]);
    first ??= status;
    if (
      !another && status.size >= offset + descriptor.size &&
      status.size === first.size && status.mtimeMs === first.mtimeMs
    ) return file;
    await handle.close();
    throw changed();
  };
  return {
    descriptor,
    open: (start, end, signal) =>
      stepwise(start, end, signal, async () => {
        const { handle } = await open();
        return {
          read: (bytes, position) =>
            readAt(handle, bytes, offset + position, path),
          close: () => onDisk("read", path, () => handle.close()),
        };
      }, changed),
  };
}

/** What a blob is read from, piece by piece. */
interface Reading {
  read(bytes: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

function stepwise(
  start: number,
  end: number,
  signal: AbortSignal | undefined,
  open: () => Promise<Reading>,
  tooShort: () => Error,
): ReadableStream<Uint8Array> {
  let position = start;
  let reading: Reading | undefined;
  let over = false;
  let pulling: Promise<void> | undefined;
  return new ReadableStream({
    pull(controller) {
      return pulling = step(controller);
    },
    async cancel() {
      over = true;
      await pulling?.catch(() => {});
      await reading?.close();
    },
  }, { highWaterMark: 0 });

  async function step(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    try {
      signal?.throwIfAborted();
      if (position < end) {
        reading ??= await open();
        const bytes = new Uint8Array(Math.min(STEP_BYTES, end - position));
        const length = await reading.read(bytes, position);
        if (length === 0) throw tooShort();
        if (over) return;
        position += length;
        controller.enqueue(bytes.subarray(0, length));
      }
      if (position < end) return;
      await reading?.close();
      reading = undefined;
      controller.close();
    } catch (error) {
      await reading?.close().catch(() => {});
      reading = undefined;
      throw error;
    }
  }
}

/**
 * Finds out whether bytes that a registry refuses are those of their digest
 * here.
 *
 * @throws {ContentMismatchError} If they are not.
 */
export async function verifyContent(
  content: UploadContent,
  signal?: AbortSignal,
): Promise<void> {
  const { descriptor } = content;
  const hasher = createHasher(parseDigest(descriptor.digest).algorithm);
  const reader = content.open(0, descriptor.size, signal).getReader();
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    hasher.update(value);
  }
  const digest = await hasher.digest();
  if (digest !== descriptor.digest) {
    throw new ContentMismatchError(descriptor, { digest });
  }
}
