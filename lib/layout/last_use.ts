/**
 * When an image of a layout was used last. A file system's own time of the last
 * reading is often not kept, so a file without content stands for each image
 * that was used, and its time is that of the last use. Where it is lost, the
 * image's own manifest tells when it came.
 */

import { lstat, mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDigest, parseDigest } from "../image/digest.ts";

/** The folder of those files. */
const FOLDER = "used";

/** Notes that an image was used now; a layout that cannot be written keeps none. */
export async function noteUse(
  root: string,
  digest: string,
  now: number = Date.now(),
): Promise<void> {
  const path = pathOf(root, digest);
  const time = new Date(now);
  try {
    await utimes(path, time, time);
  } catch {
    try {
      await mkdir(join(root, FOLDER), { recursive: false }).catch(() => {});
      await writeFile(path, "", { flag: "wx" });
      await utimes(path, time, time);
    } catch {
      // It is taken for older than it is, no more.
    }
  }
}

/** When images were used last, by digest, in milliseconds since 1970. */
export async function lastUses(root: string): Promise<Map<string, number>> {
  const names = await readdir(join(root, FOLDER)).catch((): string[] => []);
  const found = new Map<string, number>();
  for (const name of names) {
    const digest = name.replace("-", ":");
    if (!isDigest(digest)) continue;
    const status = await lstat(join(root, FOLDER, name)).catch(() => undefined);
    if (status?.isFile()) found.set(digest, status.mtimeMs);
  }
  return found;
}

/** Forgets when an image was used. */
export async function forgetUse(root: string, digest: string): Promise<void> {
  await rm(pathOf(root, digest), { force: true }).catch(() => {});
}

function pathOf(root: string, digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return join(root, FOLDER, `${algorithm}-${hex}`);
}
