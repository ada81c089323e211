/** A blob of a layout whose digest is known at its end only. */

import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { onDisk } from "../disk/io.ts";
import { INGEST, inIngest, makeFolder } from "./layout_files.ts";
import { temporaryName } from "./sweep.ts";

/** What a blob has turned out to be. */
export interface NewBlob {
  /** Its digest, by sha256. */
  digest: string;
  /** Its size in bytes. */
  size: number;
}

/**
 * Writes a blob. Nothing is there under its name before all of it is.
 *
 * @param root The layout's folder.
 * @param content The bytes; whatever they throw is thrown, and nothing stays.
 * @param check Throws where it is not what it should be.
 * @throws {StorageError} If it cannot be written.
 */
export async function writeBlob(
  root: string,
  content: AsyncIterable<Uint8Array>,
  check: (blob: NewBlob) => void = () => {},
): Promise<NewBlob> {
  await makeFolder(root, "blobs", "sha256");
  const temporary = join(root, INGEST, temporaryName("blob"));
  const handle = await onDisk(
    "write",
    root,
    () => inIngest(root, () => open(temporary, "wx")),
  );
  try {
    const hash = createHash("sha256");
    let size = 0;
    try {
      for await (const bytes of content) {
        hash.update(bytes);
        for (let done = 0; done < bytes.length;) {
          const { bytesWritten } = await onDisk(
            "write",
            root,
            () => handle.write(bytes, done, bytes.length - done, size + done),
          );
          done += bytesWritten;
        }
        size += bytes.length;
      }
    } finally {
      await handle.close();
    }
    const hex = hash.digest("hex");
    const blob = { digest: `sha256:${hex}`, size };
    check(blob);
    const path = join(root, "blobs", "sha256", hex);
    await onDisk("write", root, () => rename(temporary, path));
    return blob;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
