/** Where a path leads, be there something or not. */

import { lstat, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { StorageError } from "../image/errors.ts";
import { ifThere, onDisk, systemCode } from "./io.ts";

/** As many links are followed as the systems follow. */
const MOST_LINKS = 40;

/**
 * Where a path's symbolic links lead: the path itself where it is none, even
 * if there is nothing.
 *
 * @param onStep Called with each path on the way, the first and the last
 * included; it may refuse to go there.
 * @throws {StorageError} If the links lead in circles, or one is not readable.
 */
export async function followLinks(
  path: string,
  onStep: (path: string) => void = () => {},
): Promise<string> {
  let target = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    onStep(target);
    const info = await ifThere("read", path, () => lstat(target));
    if (!info?.isSymbolicLink()) return target;
    const link = await onDisk("read", target, () => readlink(target));
    // What a link says counts from the folder that it really is in.
    target = resolve(await realFolder(dirname(target)), link);
  }
  throw new StorageError("read", path, "ELOOP");
}

/** The same path, with no links above its last part. */
export async function inRealFolder(path: string): Promise<string> {
  return join(await realFolder(dirname(resolve(path))), basename(path));
}

/** A folder without links in its path; what is missing is taken as it is. */
async function realFolder(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    const above = dirname(folder);
    if (systemCode(error) !== "ENOENT" || above === folder) return folder;
    return join(await realFolder(above), basename(folder));
  }
}
