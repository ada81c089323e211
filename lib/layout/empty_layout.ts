/** A layout that was made for nothing goes again. */

import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { INGEST } from "./layout_files.ts";

/** What a layout has before anything is in it. */
const BARE: ReadonlySet<string> = new Set(["blobs", INGEST, "oci-layout"]);

/**
 * Removes a layout that holds no blob, no name, and nothing on its way. One in
 * which there is anything stays, and what is removed of one that another
 * process is about to fill is made anew by that.
 *
 * @param folder Where it is.
 * @param keep Whether the folder itself was there before, and stays.
 */
export async function removeEmptyLayout(
  folder: string,
  keep: boolean,
): Promise<void> {
  try {
    const names = await readdir(folder);
    if (!names.every((name) => BARE.has(name))) return;
    // A folder that has anything in it cannot be removed so.
    if (names.includes(INGEST)) await rmdir(join(folder, INGEST));
    const blobs = join(folder, "blobs");
    if (names.includes("blobs")) {
      for (const name of await readdir(blobs)) await rmdir(join(blobs, name));
      await rmdir(blobs);
    }
    await rm(join(folder, "oci-layout"), { force: true });
    if (!keep) await rmdir(folder);
  } catch {
    // It is in use, or was made by somebody else: it stays.
  }
}
