/** What the system's refusal to read or write means to the user. */

import { isAbsolute, relative } from "node:path";
import { sizeText } from "../../lib/doctor/words.ts";
import type { Explanation } from "./explanation.ts";
import { EXIT } from "./exit_codes.ts";

const STORAGE_WORDS: Readonly<
  Record<string, readonly [words: string, hint: string]>
> = {
  ENOSPC: ["the disk is full", "make room, or choose another place"],
  EDQUOT: ["the quota is used up", "make room, or choose another place"],
  EFBIG: ["the file is too large for this file system", "choose another place"],
  EACCES: ["permission denied", "choose another place"],
  EPERM: ["the operation is not permitted", "choose another place"],
  EROFS: ["the file system is read-only", "choose another place"],
  ENOENT: [
    "there is no such file or folder",
    "create it, or choose another place",
  ],
  ENOTDIR: ["a part of the path is no folder", "choose another place"],
  EISDIR: ["it is a folder", "choose another place"],
  EEXIST: ["something else is in its place", "choose another place"],
  ENAMETOOLONG: ["the name is too long", "choose another place"],
  ELOOP: ["too many symbolic links", "choose another place"],
  EMFILE: ["too many open files", "raise the limit with ulimit -n"],
  ENFILE: ["too many open files on this machine", "close other programs"],
  EBUSY: ["another program uses it", "close that, or choose another place"],
  EIO: ["the disk does not work properly", "check the disk"],
  "is-a-link": ["it is a symbolic link", "remove it, or choose another place"],
  "not-a-file": ["it is no plain file", "choose another place"],
  "too-large": ["it is too large for what it should be", "remove it"],
  "system-folder": [
    "no files are kept in /dev, /proc and /sys, nor in a device",
    "choose another place",
  ],
  "not-an-archive": [
    "it is no image archive",
    "choose another place, or have it replaced with --force",
  ],
  "not-a-layout": [
    "it has other things in it than an image layout",
    "choose another place, or have them side by side with --force",
  ],
  "malformed": [
    "it is not what it should be, and may hold what others have put there",
    "repair it, move it away, or choose another place",
  ],
  "replaced": ["another file has taken its place", "try again"],
};

/** How Deno says that it was not given a permission. */
const DENIED = /--allow-\w+ flag$/;

/** Whether a code of the system is one of files and disks. */
export function isStorageCode(code: string): boolean {
  return Object.hasOwn(STORAGE_WORDS, code);
}

/** What can be told of a file besides why it failed. */
export interface StorageContext {
  /** What was to be done, such as `read`. */
  operation?: string;
  /** The path that failed. */
  path?: string;
  /** The folder of the cache, where there is one. */
  cacheDir?: string | false;
  /** How many bytes were to be written. */
  needed?: number;
  /** How many bytes there is room for. */
  free?: number;
}

/**
 * Puts a failure of files or disks in words.
 *
 * @param message It, with the system's code at its end.
 */
export function explainStorage(
  message: string,
  code: string,
  context: StorageContext = {},
): Explanation {
  const [words, hint] = isStorageCode(code)
    ? STORAGE_WORDS[code]!
    : [code, DENIED.test(code) ? "let Deno do that" : "choose another place"];
  return {
    sentence: message.endsWith(code)
      ? message.slice(0, message.length - code.length) + words +
        roomText(context)
      : message,
    hint: code === "ENOENT" && context.operation === "read"
      ? "check the path"
      : hint.replace("another place", `another ${placed(code, context)}`),
    code: EXIT.disk,
  };
}

/** How much is needed, and how much there is. */
function roomText({ needed, free }: StorageContext): string {
  return needed === undefined || free === undefined
    ? ""
    : `; ${sizeText(needed)} are needed, ${sizeText(free)} are free`;
}

/** What else is chosen, and with which option. */
function placed(
  code: string,
  { operation, path, cacheDir }: StorageContext,
): string {
  const both = "place with --output or --cache-dir";
  if (path === undefined || cacheDir === undefined) return both;
  if (cacheDir !== false && isWithin(path, cacheDir)) {
    return "place with --cache-dir, or go without a cache with --no-cache";
  }
  // A certificate, for one: it is not chosen with these.
  if (operation === "read") return "file";
  // The two may share what is full.
  const full = code === "ENOSPC" || code === "EDQUOT";
  return full && cacheDir !== false ? both : "place with --output";
}

function isWithin(path: string, folder: string): boolean {
  const inside = relative(folder, path);
  return !isAbsolute(inside) && inside.split(/[\\/]/, 1)[0] !== "..";
}
