/** Whether something may be written where somebody says. */

import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import process from "node:process";
import { StorageError } from "../image/errors.ts";
import { ifThere } from "./io.ts";
import { followLinks, inRealFolder } from "./links.ts";

/** Folders whose files are devices and the system's own; memory is for all. */
const SYSTEM_FOLDERS = /^\/(?:dev(?!\/shm\/)|proc|sys)(?:\/|$)/;
/** What Windows takes for a device in any folder, and how it names all others. */
const WINDOWS_DEVICES =
  /^(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:[.: ]|$)/i;
const WINDOWS_NAMESPACE = /^[\\/]{2}(?:\.|\?[\\/]GLOBALROOT)[\\/]/i;

/**
 * Where a file really goes that is to be written under a name: beside what the
 * name links to, and in its place, so that the link stays one.
 *
 * @param path The name.
 * @returns The path to write; the name itself where that is no link.
 * @throws {StorageError} With the code `system-folder` for a device, or anything
 * in the folders of those and of the system; with `not-a-file` for whatever
 * else is no file, or `EISDIR`.
 */
export async function outputFile(path: string): Promise<string> {
  const target = await followOutput(path);
  const status = await ifThere("write", path, () => stat(target));
  if (status?.isDirectory()) throw new StorageError("write", path, "EISDIR");
  if (status && !status.isFile()) {
    throw new StorageError("write", path, "not-a-file");
  }
  return target;
}

/**
 * Where the links of a path lead.
 *
 * @throws {StorageError} With the code `system-folder` as for {@linkcode outputFile}.
 */
export async function followOutput(path: string): Promise<string> {
  const check = (step: string) => {
    if (isSystems(step)) {
      throw new StorageError("write", path, "system-folder");
    }
  };
  const target = await followLinks(path, check);
  check(await inRealFolder(target));
  return target;
}

function isSystems(path: string): boolean {
  return process.platform === "win32"
    ? WINDOWS_NAMESPACE.test(path) || WINDOWS_DEVICES.test(basename(path))
    : SYSTEM_FOLDERS.test(resolve(path));
}
