/** The folder that a layout is written into. */

import { readdir, stat } from "node:fs/promises";
import { ifThere, onDisk } from "../disk/io.ts";
import { followOutput } from "../disk/output_path.ts";
import { StorageError } from "../image/errors.ts";

/** What a layout may have before it has its marker. */
const BEGUN: ReadonlySet<string> = new Set(["blobs", "index.json", "ingest"]);

/**
 * Sees to it that a layout is added to a layout, or to an empty folder or a
 * missing one.
 *
 * @param path The folder.
 * @param force Whether it is added to any other folder, too.
 * @returns The folder.
 * @throws {StorageError} With the code `not-a-layout` for another folder,
 * `ENOTDIR` for what is none, or `system-folder`.
 */
export async function layoutOutput(
  path: string,
  force: boolean,
): Promise<string> {
  await followOutput(path);
  const status = await ifThere("write", path, () => stat(path));
  if (!status) return path;
  if (!status.isDirectory()) throw new StorageError("write", path, "ENOTDIR");
  if (force) return path;
  const names = await onDisk("read", path, () => readdir(path));
  const known = names.includes("oci-layout") ||
    names.every((name) => BEGUN.has(name));
  if (!known) throw new StorageError("fill", path, "not-a-layout");
  return path;
}
