/** Writes a planned archive as a stream, from its first byte to its last. */

import { ContentMismatchError } from "../image/errors.ts";
import type { Descriptor } from "../image/types.ts";
import type { Range } from "./parts.ts";
import type { ArchivePlan } from "./plan.ts";

/** How much of a blob is read and passed on at a time, in bytes. */
const CHUNK_BYTES = 512 * 1024;

/** Takes the next bytes of a stream; settles when it wants more of them. */
export type Write = (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;

/**
 * A stream that uses bytes no more once their write has settled, so that they
 * need not be its own. Of any other, they are.
 */
export class BorrowingStream extends WritableStream<Uint8Array> {}

/** A blob that is there and verified. */
export interface BlobReader {
  /** Reads bytes; returns how many there were. */
  read(bytes: Uint8Array, position: number): Promise<number>;
  /** Ends the reading. */
  close(): Promise<void>;
}

/** A stretch of an archive: bytes that are known, or those of a blob. */
export type ArchivePart =
  & {
    /** Where in the archive it begins. */
    offset: number;
  }
  & ({ bytes: Uint8Array<ArrayBuffer> } | { blob: Descriptor });

/**
 * The parts of an archive in the order of their bytes, each as long as it can
 * be.
 *
 * @param plan All of it, what depends on configurations included.
 */
export function* archiveParts(plan: ArchivePlan): Generator<ArchivePart> {
  const regions = plan.regions.toSorted((a, b) => a.offset - b.offset);
  const blobs = [...plan.blobs.values()].sort((a, b) => a.offset - b.offset);
  let position = 0;
  const known = (end: number) => {
    // What no region covers is zero.
    const bytes = new Uint8Array(end - position);
    while (regions.length > 0 && regions[0]!.offset < end) {
      const region = regions.shift()!;
      bytes.set(region.bytes, region.offset - position);
    }
    return { offset: position, bytes };
  };
  for (const { descriptor, offset } of blobs) {
    if (offset > position) yield known(offset);
    yield { offset, blob: descriptor };
    position = offset + descriptor.size;
  }
  yield known(plan.size);
}

/** What else is said of the writing. */
export interface WriteOptions {
  /** Told that a blob has been passed on. */
  done?: (blob: Descriptor) => Promise<void>;
  /**
   * Whether bytes are used no more once their write has settled, so that the
   * next ones can take their place.
   *
   * @default {false} Who takes them may keep them.
   */
  borrows?: boolean;
  /**
   * What of the archive is written. A blob without a byte in it is not waited
   * for.
   *
   * @default {undefined} All of it.
   */
  range?: Range;
}

/**
 * Writes an archive to a stream, in which every blob is waited for in its turn.
 * No more than two chunks of it are in memory at a time.
 *
 * @param plan All of it.
 * @param write Where the bytes go.
 * @param open Waits for a blob, and opens it.
 * @throws {ContentMismatchError} If a blob is shorter than it was when it was
 * verified.
 */
export async function writeArchive(
  plan: ArchivePlan,
  write: Write,
  open: (blob: Descriptor) => Promise<BlobReader>,
  { done, borrows = false, range }: WriteOptions = {},
): Promise<void> {
  const chunks = borrows ? lentChunks() : ownChunk;
  const { start: from, end: to } = range ?? { start: 0, end: plan.size };
  for (const part of archiveParts(plan)) {
    const size = "bytes" in part ? part.bytes.length : part.blob.size;
    const start = Math.max(0, from - part.offset);
    const end = Math.min(size, to - part.offset);
    if (start > end || start === end && size > 0) continue;
    if ("bytes" in part) {
      await write(part.bytes.subarray(start, end));
      continue;
    }
    const { blob } = part;
    const reader = await open(blob);
    try {
      await passOn(blob, reader, write, chunks, { start, end });
    } finally {
      await reader.close();
    }
    await done?.(blob);
  }
}

/** Gives room for the next bytes of a blob. */
type Chunks = (size: number) => Uint8Array<ArrayBuffer>;

const ownChunk: Chunks = (size) => new Uint8Array(size);

/** Two in turn: one is read into while the other is written. */
function lentChunks(): Chunks {
  let [next, other] = [new ArrayBuffer(0), new ArrayBuffer(0)];
  return (size) => {
    if (next.byteLength < size) next = new ArrayBuffer(size);
    const chunk = new Uint8Array(next, 0, size);
    [next, other] = [other, next];
    return chunk;
  };
}

async function passOn(
  blob: Descriptor,
  reader: BlobReader,
  write: Write,
  chunks: Chunks,
  { start, end }: Range,
): Promise<void> {
  const next = (position: number) =>
    position < end
      ? readChunk(blob, reader, { start: position, end }, chunks)
      : undefined;
  let reading = next(start);
  for (let position = start; reading;) {
    const bytes = await reading;
    position += bytes.length;
    reading = next(position);
    try {
      await write(bytes);
    } catch (error) {
      // Its file is still being read.
      await reading?.catch(() => {});
      throw error;
    }
  }
}

async function readChunk(
  blob: Descriptor,
  reader: BlobReader,
  { start: position, end }: Range,
  chunks: Chunks,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = chunks(Math.min(CHUNK_BYTES, end - position));
  const count = await reader.read(bytes, position);
  // Somebody else has cut the file.
  if (count === 0) throw new ContentMismatchError(blob, { size: position });
  return bytes.subarray(0, count);
}
