/** The files of a layout's folder: none is seen before it is complete. */

import type { Stats } from "node:fs";
import { lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { makeFolders } from "../disk/folders.ts";
import { ifThere, onDisk, storageError, systemCode } from "../disk/io.ts";
import { acquireLock, type Lock } from "../disk/lock.ts";
import { readOwnText } from "../disk/plain_file.ts";
import { syncFolder } from "../disk/sync.ts";
import type { RecordText } from "../disk/text_record.ts";
import { DockerPullError, StorageError } from "../image/errors.ts";
import { temporaryName } from "./sweep.ts";

/** Where files are until they are complete. */
export const INGEST = "ingest";
/** How often something is tried again that lacks no folder. */
const MOST_TRIES = 20;

/** How a blob's place in the store is opened. */
export interface IngestOptions {
  /** Ends the waiting for another process. */
  signal?: AbortSignal;
  /** Called when another process is fetching the blob. */
  onWait?: () => void;
}

/**
 * Makes a folder of the layout, with those above it. A link in its place leads
 * to what is not ours to fill or to clear away.
 */
export async function makeFolder(
  root: string,
  ...names: string[]
): Promise<void> {
  let folder = root;
  for (const name of names) {
    folder = join(folder, name);
    await onDisk("write", root, () => makeFolders(folder));
    const status = await onDisk("write", root, () => lstat(folder));
    if (!status.isDirectory()) {
      throw noFolder(folder, status);
    }
  }
}

/** What is in the place of a folder. */
function noFolder(path: string, status: Stats): StorageError {
  const code = status.isSymbolicLink() ? "is-a-link" : "ENOTDIR";
  return new StorageError("write", path, code);
}

/** Makes the folder of what is on its way; another may remove it at once. */
export async function makeIngest(root: string): Promise<void> {
  const folder = join(root, INGEST);
  await mkdir(folder).catch((error) => {
    if (systemCode(error) !== "EEXIST") {
      throw storageError("write", root, error);
    }
  });
  const status = await ifThere("write", root, () => lstat(folder));
  if (status && !status.isDirectory()) {
    throw noFolder(folder, status);
  }
}

/**
 * Does something in the folder of what is on its way. Whoever has filled the
 * same layout may have removed it, empty as it was, at any moment.
 */
export async function inIngest<T>(
  root: string,
  task: () => Promise<T>,
): Promise<T> {
  for (let tries = 0;;) {
    try {
      return await task();
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
      const made = await mkdir(join(root, INGEST)).then(
        () => true,
        () => false,
      );
      // It was there: another may have made it anew, or something else lacks.
      if (!made && ++tries > MOST_TRIES) throw error;
    }
  }
}

async function writeNew(
  path: string,
  content: string | Uint8Array,
  sync: boolean,
): Promise<void> {
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(content);
    if (sync) await handle.datasync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a file elsewhere and renames it, so that none sees half of it.
 *
 * @param folder The layout's folder.
 * @param name The file in it.
 * @param content What it holds, or what makes it at the path that it is given.
 */
export async function replaceFile(
  folder: string,
  name: string,
  content: string | Uint8Array | ((path: string) => Promise<void>),
  { sync = false } = {},
): Promise<void> {
  const path = join(folder, name);
  await inIngest(folder, async () => {
    const temporary = join(folder, INGEST, temporaryName(basename(name)));
    try {
      if (typeof content === "function") await content(temporary);
      else await writeNew(temporary, content, sync);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      if (error instanceof DockerPullError) throw error;
      throw storageError("write", path, error);
    }
  });
  if (sync) await syncFolder(folder);
}

/**
 * Locks what is on its way, or the index.
 *
 * @param name The lock's name in the folder of what is on its way.
 */
export async function lockIn(
  root: string,
  name: string,
  options: IngestOptions,
): Promise<Lock> {
  let told = false;
  const onWait = () => {
    if (!told) options.onWait?.();
    told = true;
  };
  return await inIngest(
    root,
    () =>
      acquireLock(join(root, INGEST, name), {
        ...options,
        subject: root,
        onWait,
      }),
  );
}

/**
 * The text of a record in a layout's folder. Nothing is read that another user
 * could have written: he could vouch for a file of his.
 *
 * @param name The name of the record.
 * @param options Whether those who write it wait for each other.
 */
export function recordIn(
  root: string,
  name: string,
  { locked = false } = {},
): RecordText {
  const file = `${name}.json`;
  const text: RecordText = {
    read: () => readOwnText(join(root, file)),
    replace: (text) => replaceFile(root, file, text),
  };
  if (locked) text.lock = (options) => lockIn(root, `${name}.lock`, options);
  return text;
}
