/** What the system's refusal to read or write means to the user. */

import { isAbsolute, relative } from "node:path";
import { sizeText } from "./amounts.ts";
import type { StorageError } from "../../lib/image/errors.ts";
import type { ErrorContext, Explanation } from "./explanation.ts";
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
  EBADF: [
    "it is closed",
    "pipe it on, as in docker-pull IMAGE -o - | docker load, or name a file",
  ],
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
  "layout-version": [
    "its oci-layout names an unknown version",
    "choose another place",
  ],
  "not-an-image": [
    "it is neither an image's archive nor an image layout",
    "choose another place",
  ],
  "no-layout": ["it is no image layout", "check the path"],
  "malformed": [
    "it is not what it should be, and may hold what others have put there",
    "repair it, move it away, or choose another place",
  ],
  "not-for-k3s": [
    "k3s imports no file of that name, and takes one that ends in .txt for a " +
    "list of images to pull",
    "let it end in .tar, .tar.gz, .tgz, .tar.zst or .tzst",
  ],
  "one-platform": [
    "the form docker-legacy holds one platform of each image",
    "write each into a file of its own, or take another --format",
  ],
  "too-many-parts": [
    "it would be cut into more than 9999 parts",
    "let --split be larger",
  ],
  "no-such-part": [
    "it has fewer parts",
    "give the same --split as there was, and a --part that there is",
  ],
  "other-part": [
    "its list has another checksum for it",
    "give the images, the form and the --split that there were; if a tag has " +
    "moved, name what it was by its digest or by --lock, or make all parts " +
    "anew without --part",
  ],
  "split-compressed": [
    "what is compressed as a whole is not cut into parts",
    "let it end in .tar: layers are compressed already",
  ],
  "replaced": ["another file has taken its place", "try again"],
};

/** Whether a code of the system is one of files and disks. */
export function isStorageCode(code: string): boolean {
  return Object.hasOwn(STORAGE_WORDS, code);
}

/** What failed, as a {@linkcode StorageError} has it. */
export type StorageFailure = Pick<
  StorageError,
  "operation" | "path" | "code" | "words" | "needed" | "free"
>;

/**
 * Puts a failure of files or disks in words.
 *
 * @param failure What failed.
 * @param cacheDir The folder of the cache, where there is one.
 * @param streamed Whether there is no output file either, but a folder for
 * temporary ones.
 */
export function explainStorage(
  failure: StorageFailure,
  cacheDir?: string | false,
  streamed = false,
): Explanation {
  const { operation, path, code } = failure;
  const [words, hint] = isStorageCode(code)
    ? STORAGE_WORDS[code]!
    : [failure.words ?? code, "choose another place"];
  return {
    sentence: `Cannot ${operation} ${JSON.stringify(path)}: ${words}${
      roomText(failure)
    }`,
    hint: code === "not-permitted"
      ? "let Deno do that"
      : NOT_THERE.includes(code) && operation === "read"
      ? "check the path"
      : hint.replace(
        "another place",
        `another ${
          streamed && cacheDir === false
            ? "place with TMPDIR, or go with a cache"
            : placed(failure, cacheDir)
        }`,
      ),
    code: code === "other-part" ? EXIT.mismatch : EXIT.disk,
  };
}

/** What a path to read is mistyped to. */
const NOT_THERE = ["ENOENT", "ENOTDIR", "EISDIR"];

/** The same of an error, by what was being done. */
export function explainStorageError(
  error: StorageError,
  { subject, command, cacheDir, streamed }: ErrorContext,
): Explanation {
  const isRead = subject === "archive";
  const told = isRead
    ? explainStorage(error, false)
    : explainStorage(error, cacheDir, streamed);
  if (isRead || command === "copy") return elsewhere(told, error, command);
  if (subject === "settings") {
    return {
      ...told,
      hint: "see to that file, or name another by DOCKER_PULL_CONFIG; with " +
        "DOCKER_PULL_CONFIG=none, none is read",
    };
  }
  return subject === "login"
    ? { ...told, hint: "see to that file, or choose another with --authfile" }
    : told;
}

/** Where else it is written is not told with --output by every command. */
function elsewhere(
  told: Explanation,
  { path }: StorageError,
  command: string | undefined,
): Explanation {
  const place = /[/\\]archive\.[0-9a-f-]{36}\.tmp$/.test(path)
    ? "place for what is expanded with TMPDIR or --cache-dir"
    : command === "cache import"
    ? "place with --cache-dir"
    : command === "copy"
    ? "destination"
    : "place with --output";
  return { ...told, hint: told.hint?.replace("place with --output", place) };
}

/** How much is needed, and how much there is. */
function roomText({ needed, free }: StorageFailure): string {
  return needed === undefined || free === undefined
    ? ""
    : `; ${sizeText(needed)} are needed, ${sizeText(free)} are free`;
}

/** What else is chosen, and with which option. */
function placed(
  { code, operation, path }: StorageFailure,
  cacheDir: string | false | undefined,
): string {
  const both = "place with --output or --cache-dir";
  if (cacheDir === undefined) return both;
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
