/** Tells files apart that have come to the same path. */

import { lstat } from "node:fs/promises";
import process from "node:process";
import type { FileRegion } from "../image/types.ts";

/**
 * What tells a file from another one that has come to its path. Windows'
 * numbers are too long for that, and there no open file can be replaced.
 */
export function identityOf(
  { dev, ino }: { dev: number; ino: number },
): FileRegion["identity"] {
  return process.platform === "win32" ? undefined : [dev, ino];
}

/** A file's numbers in full, as Windows has them, too. */
interface Numbers {
  dev: bigint;
  ino: bigint;
}

/** Whether both are one file or folder, by whatever names. */
export function isSame(one: Numbers, other: Numbers | undefined): boolean {
  return one.ino === other?.ino && one.dev === other.dev;
}

/**
 * Whether a file is still the one of that name. It is not where another
 * process has taken over from this one while it was suspended.
 */
export async function isAt(
  identity: FileRegion["identity"],
  path: string,
): Promise<boolean> {
  const there = await lstat(path).catch(() => undefined);
  if (!identity || !there) return there !== undefined;
  return identity[0] === there.dev && identity[1] === there.ino;
}
