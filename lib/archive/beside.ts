/** Small files that lie beside an archive and are made with it. */

import { open, rename, rm } from "node:fs/promises";
import { basename } from "node:path";
import { onDisk } from "../disk/io.ts";
import { temporaryPath } from "./archive_file.ts";

/** The endings of scripts that check an archive where it was brought. */
export const CHECKS = { shell: ".check.sh", powershell: ".check.ps1" } as const;

/** Writes a file as a whole, or not at all. */
export async function putBeside(
  path: string,
  text: string,
  mode = 0o644,
): Promise<void> {
  const temporary = temporaryPath(path);
  await rm(temporary, { force: true });
  await onDisk("write", path, async () => {
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.writeFile(text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  });
}

/** A word that a POSIX shell takes as it is. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A word that PowerShell takes as it is. */
export function quotedForPowershell(text: string): string {
  // It takes those of typesetting for the same.
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

/** What a script for PowerShell begins with, where the file's name is in it. */
export function powershellMark(path: string): string {
  // Windows' own takes what has no mark for text of its machine's code page.
  return /^[\x20-\x7e]*$/.test(basename(path)) ? "" : "\ufeff";
}

/** The name of a file, in a comment. */
export function shownName(path: string): string {
  return basename(path).replace(/[\r\n]/g, " ");
}
