/** An OCI image layout in a folder as a source of images. */

import { onDisk } from "../../disk/io.ts";
import { openIfPlain } from "../../disk/plain_file.ts";
import { parseDigest, verifyBytes } from "../../image/digest.ts";
import { StorageError } from "../../image/errors.ts";
import { documentMediaType, MAX_DOCUMENT_SIZE } from "../../image/manifest.ts";
import type { Reference } from "../../image/reference.ts";
import type { Document } from "../../image/types.ts";
import { LayoutStore } from "../../layout/layout_store.ts";
import { type ImageHolder, LocalSource } from "./local.ts";

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
    document: (digest) => readDocument(layout, digest),
    blob: (descriptor) => layout.entry(descriptor),
  };
}

/**
 * An image in a layout as a source.
 *
 * @param folder The layout's folder.
 * @param reference The image in it.
 * @throws {StorageError} With the code `no-layout` if there is none.
 */
export async function openLayoutSource(
  folder: string,
  reference: Reference,
): Promise<LocalSource> {
  return new LocalSource(await openLayoutHolder(folder), reference);
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
