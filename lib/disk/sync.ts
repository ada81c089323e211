/** Has the disk hold what was written, whatever happens then. */

import { open } from "node:fs/promises";

/**
 * Syncs a folder, so that the names in it are on the disk. Some systems and
 * file systems cannot, and keep the names in order by themselves.
 */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r").catch(() => undefined);
  try {
    await handle?.sync();
  } catch {
    // The files themselves are there; at worst an old name is, too.
  } finally {
    await handle?.close();
  }
}
