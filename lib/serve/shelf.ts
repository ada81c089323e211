/** What a registry is served from: an archive, a layout, or the cache. */

import { lstat, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { type FileState, isUntouched } from "../disk/verified_files.ts";
import { ifThere } from "../disk/io.ts";
import { openIfPlain, openPlain } from "../disk/plain_file.ts";
import type { Delta } from "../image/delta.ts";
import type { Descriptor, FileRegion } from "../image/types.ts";

/** An image, an index or another artifact that lies there under its names. */
export interface Entry {
  /** What it is called: references in full, or tags alone; none is allowed. */
  names: string[];
  /** Its manifest or index. */
  descriptor: Descriptor;
}

/** Bytes that lie there: a part of a file, or what was made in memory. */
export type Stored =
  & { digest: string; size: number }
  & (
    | {
      /** The file, and where in it the bytes begin. */
      region: Pick<FileRegion, "path" | "offset">;
      /** Whether the path may be a link, as the user has named it. */
      follow: boolean;
      /** The file's state when it was found. */
      state: FileState;
      bytes?: undefined;
    }
    | { bytes: Uint8Array<ArrayBuffer>; region?: undefined }
  );

/** A part of a blob: from `start` up to, not including, `end`. */
export interface Part {
  /** The first byte. */
  start: number;
  /** One past the last byte. */
  end: number;
}

/** What lies there now; it does not change, there comes a new one. */
export interface Contents {
  /** All that has a name, or could have one. */
  entries: Entry[];
  /** What is not there, where it says that it is a delta. */
  delta?: Delta;
  /** Finds bytes; `undefined` where there are none of that digest. */
  find(digest: string): Promise<Stored | undefined>;
  /** The digests of all that lies there. */
  digests(): Promise<string[]>;
}

/** A place to serve from. */
export interface Shelf {
  /** The file or folder. */
  readonly path: string;
  /**
   * What lies there at this moment: the same object for as long as nothing
   * has changed.
   *
   * @throws {StorageError} If it cannot be read.
   */
  contents(): Promise<Contents>;
}

/** Where nothing lies yet. */
const NOTHING: Contents = {
  entries: [],
  find: () => Promise.resolve(undefined),
  digests: () => Promise.resolve([]),
};

/** Reads anew whenever a file, which tells of all the rest, has changed. */
export function whenChanged(
  path: string,
  read: (state: FileState) => Promise<Contents>,
  { follow = false } = {},
): () => Promise<Contents> {
  let known: { state: FileState; contents: Promise<Contents> } | undefined;
  return async () => {
    const look = follow ? stat : lstat;
    const state = await ifThere("read", path, () => look(path, BIG));
    if (!state) return NOTHING;
    if (!known || !isUntouched(known.state, state)) {
      const reading = { state, contents: read(state) };
      known = reading;
      // What failed is tried again.
      reading.contents.catch(() => {
        if (known === reading) known = undefined;
      });
    }
    return await known.contents;
  };
}

const BIG = { bigint: true } as const;

/**
 * Opens the file that stored bytes lie in.
 *
 * @returns The open file; `undefined` if it is not the one that they were
 * found in any more, or was written to since.
 */
export async function openStored(
  { region, follow, state }: Extract<Stored, { bytes?: undefined }>,
): Promise<FileHandle | undefined> {
  const file = follow
    ? await openPlain(region.path, { follow })
    : await openIfPlain(region.path);
  if (!file) return undefined;
  if (await isStill(file.handle, state)) return file.handle;
  await file.handle.close();
  return undefined;
}

/**
 * Whether nobody has written to an open file since. The second of its times is
 * not looked at: a new name changes it, and so does the loss of one, as when
 * another file takes its place.
 */
export async function isStill(
  handle: FileHandle,
  state: FileState,
): Promise<boolean> {
  return writtenAs(await handle.stat(BIG)) === writtenAs(state);
}

/** What a file is known by for as long as nobody writes to it. */
export function writtenAs({ dev, ino, size, mtimeNs }: FileState): string {
  return [dev, ino, size, mtimeNs].join(" ");
}
