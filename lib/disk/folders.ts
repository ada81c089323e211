/** Makes folders, as Node's own way of doing so may never end. */

import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "./io.ts";

/**
 * Makes a folder, with those above it that are missing. Node's recursive
 * `mkdir` turns in circles where a folder is there and takes no folders, as
 * `/proc`, and calls one that may not be written a missing one.
 *
 * @param path The folder.
 * @param mode The rights of each that is made.
 * @throws What the system says, of the folder that could not be made.
 */
export async function makeFolders(path: string, mode = 0o777): Promise<void> {
  if (await tryMake(path, mode)) return;
  await makeFolders(dirname(path), mode);
  if (!await tryMake(path, mode)) {
    const message = `ENOENT: no folder can be made there, mkdir '${path}'`;
    throw Object.assign(new Error(message), { code: "ENOENT", path });
  }
}

/** Makes one; tells whether it is there, which it is not below a missing one. */
async function tryMake(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    const status = await stat(path).catch(() => undefined);
    if (status?.isDirectory()) return true;
    if (systemCode(error) === "ENOENT" && dirname(path) !== path) return false;
    throw error;
  }
}
