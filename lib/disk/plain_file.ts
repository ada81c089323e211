/**
 * Opens files that lie where others may put things, too: a pipe would let us
 * wait for ever, a device would do something, a link leads to what is not
 * meant.
 */

import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, rm, stat } from "node:fs/promises";
import { StorageError } from "../image/errors.ts";
import { isSame } from "./file_identity.ts";
import { ifThere, onDisk, systemCode } from "./io.ts";

/** How a plain file is opened. */
export interface PlainFileOptions {
  /**
   * Whether a link in its place is followed, as for what the user has named.
   *
   * @default {false}
   */
  follow?: boolean;
  /**
   * Whether it is to be written, too.
   *
   * @default {false}
   */
  writable?: boolean;
  /** Called between the look at the file and its opening; for tests. */
  onLook?: () => unknown;
  /** What `open` is told to follow no link, if it can be; for tests. */
  noFollow?: number;
}

/** How often a file may come in another's place while it is being opened. */
const MOST_TRIES = 5;

/** A file that is open. */
export interface PlainFile {
  /** To be closed. */
  handle: FileHandle;
  /** What the system says of the open file. */
  status: Stats;
}

/**
 * Opens a plain file that is there, and nothing else. It is looked at before,
 * as opening a device is an act of its own, and after, as something else may
 * have come in its place.
 *
 * @throws {StorageError} With the code `is-a-link`, `not-a-file` or `replaced`,
 * or that of the system.
 */
export async function openPlain(
  path: string,
  options: PlainFileOptions = {},
): Promise<PlainFile> {
  const { writable = false } = options;
  const operation = writable ? "write" : "read";
  return await onDisk(operation, path, async () => {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const { follow } = options;
      const code = refusal(await (follow ? stat(path) : lstat(path)));
      if (code) throw new StorageError(operation, path, code);
      const file = await tryOpen(path, options);
      if (file) return file;
    }
    throw new StorageError(operation, path, "replaced");
  });
}

/** Why something is no plain file. */
function refusal(status: Stats): string | undefined {
  if (status.isSymbolicLink()) return "is-a-link";
  if (status.isDirectory()) return "EISDIR";
  return status.isFile() ? undefined : "not-a-file";
}

/** Opens what was a plain file a moment ago; nothing where it is none now. */
async function tryOpen(
  path: string,
  options: PlainFileOptions,
): Promise<PlainFile | undefined> {
  const { O_RDONLY, O_RDWR, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
  const { follow, writable, onLook, noFollow = O_NOFOLLOW } = options;
  await onLook?.();
  let handle: FileHandle | undefined;
  try {
    const access = writable ? O_RDWR : O_RDONLY;
    const flags = access | O_NONBLOCK | (follow ? 0 : noFollow);
    handle = await open(path, flags);
    const status = await handle.stat();
    const still = status.isFile() &&
      (follow || noFollow !== 0 || await isOf(handle, path));
    if (still) return { handle, status };
  } catch (error) {
    const code = systemCode(error) ?? "";
    // A link, a folder, or a pipe or socket that nobody is at the end of.
    if (!["ELOOP", "EMLINK", "EISDIR", "ENXIO"].includes(code)) {
      await handle?.close();
      throw error;
    }
  }
  await handle?.close();
  return undefined;
}

/** Whether a name is that of an open file, and of no link to it. */
async function isOf(handle: FileHandle, path: string): Promise<boolean> {
  // As numbers, those of Windows would not be exact.
  const [own, named] = await Promise.all([
    handle.stat({ bigint: true }),
    lstat(path, { bigint: true }),
  ]);
  return isSame(own, named);
}

/** Opens a plain file; nothing where there is none of that name. */
export async function openIfPlain(
  path: string,
): Promise<PlainFile | undefined> {
  try {
    return await openPlain(path);
  } catch (error) {
    const { code } = error as StorageError;
    if (NOT_PLAIN.has(code)) return undefined;
    throw error;
  }
}

const NOT_PLAIN: ReadonlySet<string> = new Set([
  "ENOENT",
  "ENOTDIR",
  "EISDIR",
  "is-a-link",
  "not-a-file",
  "replaced",
]);

/**
 * Opens a file that the user has named or that settings are kept in. A link is
 * followed. What a shell passes on as `/dev/fd/N` is read as it comes.
 *
 * @throws {StorageError}
 */
export async function openSettings(path: string): Promise<FileHandle> {
  if (/^\/dev\/(?:stdin|fd\/\d+)$/.test(path)) {
    return await onDisk("read", path, () => open(path, "r"));
  }
  return (await openPlain(path, { follow: true })).handle;
}

/**
 * The text of such a file.
 *
 * @throws {StorageError}
 */
export async function readSettings(path: string): Promise<string> {
  const handle = await openSettings(path);
  try {
    return await onDisk("read", path, () => handle.readFile("utf8"));
  } finally {
    await handle.close();
  }
}

/** The most bytes of a document of ours that are read. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/**
 * Reads a document of ours; a missing one gives `undefined`.
 *
 * @throws {StorageError} If it cannot be read, or is no plain file (a link is
 * none) or too large for one of ours: what lies in a shared folder may be
 * anybody's.
 */
export async function readText(path: string): Promise<string | undefined> {
  const file = await ifThere("read", path, () => openPlain(path));
  if (!file) return undefined;
  const { handle, status } = file;
  try {
    if (status.size > MAX_TEXT_BYTES) {
      throw new StorageError("read", path, "too-large");
    }
    return await onDisk("read", path, () => handle.readFile("utf8"));
  } finally {
    await handle.close();
  }
}

/** What a file of ours is known by in a folder that others use, too. */
export type Ownership = Pick<Stats, "uid" | "mode">;

/**
 * What a file is like that this process makes beside a path. The user's number
 * is not asked for: runtimes have a permission for that, and some file systems
 * give all files to one user.
 *
 * @throws {StorageError} If none can be made.
 */
export async function ownershipAt(path: string): Promise<Ownership> {
  const probe = probePath(path);
  return await onDisk("write", path, async () => {
    await rm(probe, { force: true }); // of one that was killed
    const handle = await open(probe, "wx");
    try {
      return await handle.stat();
    } finally {
      await handle.close();
      await rm(probe, { force: true });
    }
  });
}

/** The path of the file that {@linkcode ownershipAt} makes for a moment. */
export function probePath(path: string): string {
  return `${path}~`;
}

/**
 * Reads a document of ours that nobody else may have written; where somebody
 * may, it gives `undefined`.
 *
 * @throws {StorageError} As {@linkcode readText} does.
 */
export async function readOwnText(path: string): Promise<string | undefined> {
  const status = await lstat(path).catch(() => undefined);
  if (!status?.isFile() || !isOwn(status, await ownershipAt(path))) return;
  return await readText(path);
}

/** Whether a file is this user's, and opened no wider than this user does. */
export function isOurs(status: Stats, own: Ownership): boolean {
  return status.uid === own.uid && (status.mode & 0o022 & ~own.mode) === 0;
}

/** Whether nobody else can change the file, by a second name of it either. */
export function isOwn(status: Stats, own: Ownership): boolean {
  return isOurs(status, own) && !(status.nlink > 1);
}
