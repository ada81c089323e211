/** An OCI image layout in a folder, for what it holds. */

import { onDisk } from "../../disk/io.ts";
import { openIfPlain } from "../../disk/plain_file.ts";
import { parseDigest, verifyBytes } from "../../image/digest.ts";
import { StorageError } from "../../image/errors.ts";
import { documentMediaType, MAX_DOCUMENT_SIZE } from "../../image/manifest.ts";
import type { Document } from "../../image/types.ts";
import { LayoutStore } from "../../layout/layout_store.ts";
import type { ImageHolder } from "./local.ts";

/**
 * A layout that is there, for what it holds. It stays as it is: a damaged blob
 * in it is an error, and is not removed as from a cache.
 *
 * @param folder The layout's folder.
 * @throws {StorageError} With the code `no-layout` if there is none.
 */
export async function openLayoutHolder(folder: string): Promise<ImageHolder> {
  const layout = await LayoutStore.find(folder);
  if (!layout) throw new StorageError("read", folder, "no-layout");
  return {
    path: layout.path,
    images: () => layout.images(),
    entries: () => layout.entries(),
    document: (digest) => readDocument(layout, digest),
    blob: (descriptor) => layout.entry(descriptor),
  };
}

async function readDocument(
  layout: LayoutStore,
  digest: string,
): Promise<Document | undefined> {
  parseDigest(digest);
  const path = layout.blobPath(digest);
  const file = await openIfPlain(path);
  if (!file) return undefined;
  const { handle, status: { size } } = file;
  try {
    if (size > MAX_DOCUMENT_SIZE) return undefined;
    const read = await onDisk("read", path, () => handle.readFile());
    const bytes = new Uint8Array(read);
    const descriptor = { mediaType: "", digest, size };
    await verifyBytes(bytes, descriptor);
    const mediaType = documentMediaType(bytes, null, digest);
    return { descriptor: { ...descriptor, mediaType }, bytes };
  } finally {
    await handle.close();
  }
}
