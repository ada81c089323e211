/**
 * Reads the headers of a tar in a file, and skips what is between them: ustar,
 * PAX and GNU's extensions, all taken for data of an attacker.
 *
 * @see {@link https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06}
 * @see {@link https://www.gnu.org/software/tar/manual/html_node/Standard.html}
 */

import { defined } from "../../image/defined.ts";
import type { FileHandle } from "node:fs/promises";
import { InvalidDocumentError } from "../../image/errors.ts";
import type { TarFault } from "../../image/problems.ts";

/** The most entries that are looked at. */
export const MAX_ENTRIES = 100_000;
/** The most bytes of a name or of PAX records. */
const MAX_EXTENSION_BYTES = 1024 * 1024;
const BLOCK = 512;

/** An entry of a tar. */
export interface TarEntry {
  /** Its name, as it is written there. */
  name: string;
  /** What it is. */
  type: "file" | "folder" | "symlink" | "hardlink" | "special";
  /** What a link points to. */
  target?: string;
  /** The bytes of its content. */
  size: number;
  /** Where in the file they begin. */
  offset: number;
}

/** What the headers of a tar say. */
export interface TarListing {
  /** The entries, in their order. */
  entries: TarEntry[];
  /** How it breaks off, if it does; then the last entry may be cut short. */
  failure?: TarFault;
  /** Whether it lacks its end mark, without which it may have been longer. */
  endless?: boolean;
}

/** What records before a header say of the entry after it. */
interface Extension {
  name?: string;
  target?: string;
  size?: number;
  sparse?: boolean;
}

/**
 * Lists a tar.
 *
 * @param handle The file.
 * @param length Its size in bytes.
 * @param signal Ends the reading.
 * @returns The entries; `undefined` if it does not begin as a tar does.
 * @throws {InvalidDocumentError} If it has too many.
 */
export async function listTar(
  handle: FileHandle,
  length: number,
  signal?: AbortSignal,
): Promise<TarListing | undefined> {
  const entries: TarEntry[] = [];
  let extension: Extension = {};
  let headers = 0;
  let offset = 0;
  const broken = (failure: TarFault) => ({ entries, failure });
  while (true) {
    signal?.throwIfAborted();
    const block = await readAt(handle, offset, BLOCK);
    if (block.length < BLOCK) {
      if (!headers) return undefined;
      // Other readers take that, and a file that is missed is found missing.
      if (block.length === 0) return { entries, endless: true };
      return broken({ code: "ends", length, within: "header" });
    }
    if (block.every((byte) => byte === 0)) {
      return headers ? { entries } : undefined;
    }
    const size = checksumFits(block) ? numberAt(block, 124, 12) : undefined;
    if (size === undefined) {
      if (!headers) return undefined;
      return broken({ code: "no-header", offset });
    }
    // Records that belong to no entry cost time, too.
    if (++headers > 3 * MAX_ENTRIES || entries.length === MAX_ENTRIES) {
      throw new InvalidDocumentError(
        "the archive",
        { code: "too-many-entries", limit: MAX_ENTRIES },
      );
    }
    offset += BLOCK;
    const flag = String.fromCharCode(block[156]!);
    if ("xgLK".includes(flag)) {
      if (size > MAX_EXTENSION_BYTES) {
        const limit = MAX_EXTENSION_BYTES;
        return broken({ code: "record-too-large", offset, limit });
      }
      const record = await readAt(handle, offset, size);
      if (record.length < size) {
        return broken({ code: "ends", length, within: "record" });
      }
      // Global records hold nothing that names or measures an entry.
      if (flag === "x") extension = { ...extension, ...paxOf(record) };
      if (flag === "L") extension.name = textAt(record, 0, size);
      if (flag === "K") extension.target = textAt(record, 0, size);
      offset += padded(size);
      continue;
    }
    const entry = entryOf(block, flag, { size, ...extension }, offset);
    extension = {};
    entries.push(entry);
    if (entry.offset + entry.size > length) {
      return broken({ code: "ends-within", length, name: entry.name });
    }
    offset += padded(entry.size);
  }
}

/** Reads so many bytes into a buffer; fewer at the end of the file. */
export async function readAt(
  handle: FileHandle,
  position: number,
  length: number,
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(length),
): Promise<Uint8Array<ArrayBuffer>> {
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(
      bytes,
      filled,
      length - filled,
      position + filled,
    );
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function entryOf(
  block: Uint8Array,
  flag: string,
  { name = ownName(block), target, size, sparse }: Extension & { size: number },
  offset: number,
): TarEntry {
  const type = sparse ? "special" : typeOf(flag, name);
  const isLink = type === "symlink" || type === "hardlink";
  return defined({
    name,
    type,
    target: isLink ? target ?? textAt(block, 157, 100) : undefined,
    size: isLink || type === "folder" ? 0 : size,
    offset,
  });
}

function typeOf(flag: string, name: string): TarEntry["type"] {
  switch (flag) {
    case "\0":
    case "0":
    case "7":
      return name.endsWith("/") ? "folder" : "file";
    case "1":
      return "hardlink";
    case "2":
      return "symlink";
    case "5":
      return "folder";
    default:
      return "special";
  }
}

function ownName(block: Uint8Array): string {
  const name = textAt(block, 0, 100);
  // GNU's magic is followed by a blank, and has other fields there.
  const isUstar = textAt(block, 257, 6) === "ustar" && block[262] === 0;
  const prefix = isUstar ? textAt(block, 345, 155) : "";
  return prefix ? `${prefix}/${name}` : name;
}

function paxOf(record: Uint8Array): Extension {
  const extension: Extension = {};
  for (let start = 0; start < record.length;) {
    const blank = record.indexOf(0x20, start);
    const digits = blank < 0 ? "" : textAt(record, start, blank - start);
    const length = /^[1-9]\d{0,7}$/.test(digits) ? Number(digits) : 0;
    if (length < 5 || start + length > record.length) break;
    const text = textAt(record, blank + 1, start + length - blank - 2);
    const equals = text.indexOf("=");
    const [key, value] = [text.slice(0, equals), text.slice(equals + 1)];
    if (key === "path") extension.name = value;
    if (key === "linkpath") extension.target = value;
    if (key === "size" && /^\d{1,16}$/.test(value)) {
      extension.size = Math.min(Number(value), Number.MAX_SAFE_INTEGER);
    }
    if (key.startsWith("GNU.sparse.")) extension.sparse = true;
    start += length;
  }
  return extension;
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Text up to the first zero byte. */
function textAt(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + Math.max(0, length));
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** A number in octal digits, or GNU's base 256. */
function numberAt(
  block: Uint8Array,
  start: number,
  length: number,
): number | undefined {
  if (block[start]! & 0x80) {
    let value = block[start]! & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + block[start + i]!;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = textAt(block, start, length).trim();
  return /^[0-7]*$/.test(text) ? parseInt(text || "0", 8) : undefined;
}

function checksumFits(block: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) {
    sum += i >= 148 && i < 156 ? 0x20 : block[i]!;
  }
  return numberAt(block, 148, 8) === sum;
}
