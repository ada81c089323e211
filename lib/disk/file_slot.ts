/** One blob's part of a file that is on its way. */

import type { BlobSink, FileRegion } from "../image/types.ts";
import type { PartialFile } from "./partial_file.ts";
import type { RangeSet } from "./ranges.ts";

/** A blob's place in a {@linkcode PartialFile}. */
export class FileSlot implements BlobSink {
  /** The file. */
  readonly file: PartialFile;
  /** Where in the file the blob begins. */
  readonly offset: number;
  /** The blob's size in bytes. */
  readonly size: number;

  /** The blob begins at `offset` in the file and has `size` bytes. */
  constructor(file: PartialFile, offset: number, size: number) {
    this.file = file;
    this.offset = offset;
    this.size = size;
  }

  /** Which of the blob's bytes are there. */
  get present(): RangeSet {
    return this.file.present.slice(this.offset, this.offset + this.size);
  }

  /** Where the bytes lie. */
  get region(): FileRegion {
    const { path, identity, subject } = this.file;
    return { path, identity, subject, offset: this.offset, writable: true };
  }

  /** Puts bytes at a position of the blob. */
  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.file.write(bytes, this.offset + position);
  }

  /** Told of bytes of the blob that another thread has put there. */
  wrote(start: number, end: number): void {
    this.file.wrote(this.offset + start, this.offset + end);
  }

  /** Reads bytes back. */
  read(bytes: Uint8Array, position: number): Promise<number> {
    const length = Math.min(bytes.length, this.size - position);
    return this.file.read(bytes.subarray(0, length), this.offset + position);
  }

  /** The bytes stay; the file as a whole is committed elsewhere. */
  commit(): void {}

  /** The bytes count as missing again. */
  discard(): void {
    this.file.forget(this.offset, this.offset + this.size);
  }
}
