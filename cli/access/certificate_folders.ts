/**
 * The certificates of `SSL_CERT_DIR`: folders with PEM files, which OpenSSL
 * names by a hash, as links to the files themselves. As in Go, all files are
 * read, whatever they are called.
 */

import { readdir } from "node:fs/promises";
import { posix, win32 } from "node:path";
import { openPlain } from "../../lib/disk/plain_file.ts";

/** The most files of one folder that are looked at. */
const MOST_FILES = 4096;
/** The largest file that is read, in bytes: all authorities together take less. */
const LARGEST = 1024 * 1024;
/** The most that is read of all folders, in bytes. */
const MOST_BYTES = 32 * 1024 * 1024;

/**
 * Reads the texts of all files in the folders. What is no file of moderate
 * size is passed over: other things lie there, too.
 *
 * @param list The folders, as the variable has them.
 * @param os The operating system, as `process.platform`.
 * @param unreadable Is told of a folder that cannot be read, with its code.
 */
export async function readFolders(
  list: string,
  os: string,
  unreadable: (folder: string, code: string) => void,
): Promise<string[]> {
  const { join, delimiter } = os === "win32" ? win32 : posix;
  const texts: string[] = [];
  let left = MOST_BYTES;
  for (const folder of new Set(list.split(delimiter).filter(Boolean))) {
    let names: string[];
    try {
      names = await readdir(folder);
    } catch (error) {
      unreadable(folder, (error as NodeJS.ErrnoException).code ?? "EIO");
      continue;
    }
    for (const name of names.sort().slice(0, MOST_FILES)) {
      const text = await readSmall(join(folder, name), Math.min(left, LARGEST));
      if (text === undefined) continue;
      left -= text.length;
      texts.push(text);
    }
  }
  return texts;
}

async function readSmall(
  path: string,
  most: number,
): Promise<string | undefined> {
  try {
    const { handle, status } = await openPlain(path, { follow: true });
    try {
      if (status.size > most) return undefined;
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch {
    // A link to nowhere, a pipe, or not meant for this user.
    return undefined;
  }
}
