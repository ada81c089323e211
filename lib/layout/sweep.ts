/** Clears away what processes that were killed have left in a cache. */

import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { removeLeftovers } from "../disk/leftovers.ts";

/** How the name of a file of ours ends that is there for a moment only. */
const MOMENTARY = /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp~?$/;
/** What is younger may still be in use, in milliseconds. */
const AGE_MS = 60 * 60 * 1000;

/** A name for a file that is renamed as soon as it is written. */
export function temporaryName(name: string): string {
  return `${name}.${crypto.randomUUID()}.tmp`;
}

/**
 * Removes momentary files of processes that are long gone, and records and
 * locks of blobs that have become entries. Whatever goes wrong is of no
 * importance.
 *
 * @param folder The folder that they are in.
 * @param now The time, in milliseconds since 1970.
 */
export async function sweep(
  folder: string,
  now: number = Date.now(),
): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  const leftovers =
    /^(\w+-[0-9a-f]+\.partial)(?:~|\.(?:lock|lock\.break|record|record~))$/;
  const bases = names.flatMap((name) => {
    const base = leftovers.exec(name)?.[1];
    // A record belongs to a partial file; nothing else outlives its process.
    const kept = base && name.includes("record") && names.includes(base);
    return base && !kept ? [base] : [];
  });
  for (const base of new Set(bases)) {
    await removeLeftovers(join(folder, base), true);
  }
  for (const name of names.filter((name) => MOMENTARY.test(name))) {
    const path = join(folder, name);
    const status = await lstat(path).catch(() => undefined);
    if (!status || now - status.mtimeMs < AGE_MS) continue;
    await rm(path, { force: true }).catch(() => {});
  }
}
