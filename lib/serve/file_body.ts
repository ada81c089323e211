/** The bytes of a blob, or of a part of it, on their way out of a file. */

import type { FileHandle } from "node:fs/promises";
import { readAt } from "../disk/io.ts";
import type { Check, Damage } from "./damage.ts";
import { isStill, openStored, type Part, type Stored } from "./shelf.ts";

/** Bytes that must not go on: the file was written to, or is damaged. */
export class BrokenBody extends Error {
  override name = "BrokenBody";
}

/** A body that is read piece by piece. */
export class FileBody {
  readonly #stored: Extract<Stored, { bytes?: undefined }>;
  readonly #handle: FileHandle;
  readonly #check: Check | undefined;
  readonly #end: number;
  #position: number;
  #closed = false;

  private constructor(
    stored: Extract<Stored, { bytes?: undefined }>,
    handle: FileHandle,
    { start, end }: Part,
    check: Check | undefined,
  ) {
    this.#stored = stored;
    this.#handle = handle;
    this.#position = start;
    this.#end = end;
    this.#check = check;
  }

  /**
   * Opens the file.
   *
   * @returns The body; `undefined` if the file is not the one that the bytes
   * were found in any more.
   */
  static async open(
    stored: Extract<Stored, { bytes?: undefined }>,
    part: Part,
    damage: Damage,
  ): Promise<FileBody | undefined> {
    const handle = await openStored(stored);
    if (!handle) return undefined;
    const isWhole = part.start === 0 && part.end === stored.size;
    return new FileBody(
      stored,
      handle,
      part,
      isWhole ? damage.check(stored) : undefined,
    );
  }

  /** How many bytes are still to come. */
  get left(): number {
    return this.#end - this.#position;
  }

  /**
   * Reads the next piece. The last one is only given out when the file is as
   * it was when it was opened, and, where all of a blob is sent, when that has
   * its digest: without it, no client takes what came before for the blob.
   *
   * @param buffer Where it is read into.
   * @returns As much of the buffer as there is; nothing at the end.
   * @throws {BrokenBody} If the last piece must not be sent.
   */
  async read(buffer: Uint8Array): Promise<Uint8Array> {
    const wanted = buffer.subarray(0, Math.min(buffer.length, this.left));
    const { region: { path, offset }, state, digest } = this.#stored;
    const at = offset + this.#position;
    const length = wanted.length && await readAt(
      this.#handle,
      wanted,
      at,
      path,
    );
    const piece = wanted.subarray(0, length);
    if (length === 0 && this.left > 0) throw broken(path, digest);
    this.#position += length;
    this.#check?.update(piece);
    if (this.left > 0) return piece;
    if (!await isStill(this.#handle, state)) throw broken(path, digest);
    if (await this.#check?.isRight() === false) throw broken(path, digest);
    return piece;
  }

  /** Ends the reading. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#check?.stop();
    await this.#handle.close();
  }
}

function broken(path: string, digest: string): BrokenBody {
  return new BrokenBody(`Cannot serve ${digest}: ${path} has changed`);
}
