/** The file that an archive takes the place of. */

import type { FileHandle } from "node:fs/promises";
import { compressionOf } from "../compression/compression.ts";
import { onDisk } from "../disk/io.ts";
import { outputFile } from "../disk/output_path.ts";
import { openIfPlain } from "../disk/plain_file.ts";
import { StorageError } from "../image/errors.ts";

/** So many entries tell whether a tar is an image archive. */
const MOST_ENTRIES = 16;
const BLOCK = 512;
/** So much is looked at of what is compressed as a whole. */
const EXPANDED_BYTES = 1024 * 1024;
/** What is in the archives of docker save, and of all that write such ones. */
const MEMBER =
  /^(?:\.\/)?(?:blobs(?:\/.*)?|oci-layout|index\.json|manifest\.json|repositories|config\.json|(?:sha256:)?[0-9a-f]{64}(?:[./].*)?)?$/;
/** What nothing but those has. */
const TELLING = /oci-layout$|[0-9a-f]{64}/;

/**
 * Where an archive really goes that is to be written under a name: links are
 * followed. What is there is an image archive or empty, or is given up.
 *
 * @param path The name.
 * @param force Whether any other file is given up, too.
 * @throws {StorageError} With the code `not-an-archive` for another file, or as
 * {@linkcode outputFile} says.
 */
export async function archiveOutput(
  path: string,
  force: boolean,
): Promise<string> {
  const target = await outputFile(path);
  if (force) return target;
  const file = await openIfPlain(target);
  if (!file) return target;
  try {
    const known = file.status.size === 0 ||
      await onDisk("read", path, () => isArchive(file.handle));
    if (!known) throw new StorageError("replace", path, "not-an-archive");
    return target;
  } finally {
    await file.handle.close();
  }
}

/** Whether it is one as it is, or once it is expanded. */
async function isArchive(handle: FileHandle): Promise<boolean> {
  const head = new Uint8Array(8);
  await handle.read(head, 0, head.length, 0);
  const compression = compressionOf(head);
  if (compression !== "gzip" && compression !== "zstd") {
    return await isImageArchive(handle);
  }
  const { firstBytes } = await import("./first_bytes.ts");
  const bytes = await firstBytes(handle, compression, EXPANDED_BYTES);
  return await isImageArchive({
    read(buffer, _, length, position) {
      const part = bytes.subarray(position, position + length);
      buffer.set(part);
      return Promise.resolve({ bytesRead: part.length });
    },
  });
}

/** What reads at a position, as a file does. */
interface Readable {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>;
}

/** Looks at the first entries only, which may be those of a damaged one. */
async function isImageArchive(handle: Readable): Promise<boolean> {
  let telling = false;
  const block = new Uint8Array(BLOCK);
  for (let entries = 0, offset = 0; entries < MOST_ENTRIES; entries++) {
    const { bytesRead } = await handle.read(block, 0, BLOCK, offset);
    const header = bytesRead === BLOCK ? readHeader(block) : undefined;
    if (!header) break;
    const { name, size } = header;
    // PAX records and GNU's long names say more of the entry after them.
    if (name !== undefined) {
      if (!MEMBER.test(name)) return false;
      telling ||= TELLING.test(name);
    }
    if (size === undefined) break;
    offset += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return telling;
}

/** What a ustar header says; nothing where there is none. */
function readHeader(
  block: Uint8Array,
): { name?: string; size?: number } | undefined {
  const text = (start: number, length: number) =>
    new TextDecoder("latin1").decode(block.subarray(start, start + length))
      .split("\0", 1)[0]!;
  if (text(257, 5) !== "ustar") return undefined;
  const octal = /^[0-7]+ *$/.exec(text(124, 12).trimStart());
  return {
    name: /[xgLK]/.test(text(156, 1)) ? undefined : text(0, 100),
    size: octal ? parseInt(octal[0], 8) : undefined,
  };
}
