/** From an image's documents to an OCI image layout in a folder. */

import { checkSpace } from "./archive/archive_file.ts";
import { distinctLayers } from "./archive/plan.ts";
import { toOciManifest } from "./oci_manifest.ts";
import type { WriteOptions } from "./pull_archive.ts";
import type { ImageDocuments, ImageManifest } from "./pull_documents.ts";
import { formatReference, imageName, type Reference } from "./reference.ts";
import { LayoutStore } from "./store/layout_store.ts";
import { StoreEntry } from "./store/store_entry.ts";
import type { BlobOutcome, BlobTask } from "./transfer/transfer.ts";
import type { Descriptor } from "./types.ts";

/**
 * Names an image in a layout, by a manifest that every reader of layouts
 * finds there.
 */
export async function nameImage(
  layout: LayoutStore,
  image: Reference,
  { manifest, parsed, config }: ImageDocuments,
): Promise<void> {
  const named = await toOciManifest(manifest, parsed);
  for (const document of [config, manifest, named]) await layout.put(document);
  const { descriptor } = named;
  await layout.tag(formatReference(image), descriptor, {
    imageName: imageName(image, descriptor.digest),
  });
}

/** The blobs of an image in a layout, each once. */
async function layoutBlobs(
  { manifest, parsed }: ImageManifest,
): Promise<Descriptor[]> {
  const named = await toOciManifest(manifest, parsed);
  const all = [
    named.descriptor,
    manifest.descriptor,
    parsed.config,
    ...parsed.layers,
  ];
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}

/** The bytes of an image's blobs in a layout. */
export async function layoutSize(image: ImageManifest): Promise<number> {
  const blobs = await layoutBlobs(image);
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

/** Whether the layout in a folder names this very image, and has its blobs. */
export async function isLayoutUpToDate(
  folder: string,
  image: Reference,
  documents: ImageManifest,
): Promise<boolean> {
  const layout = await LayoutStore.find(folder);
  if (!layout) return false;
  const blobs = await layoutBlobs(documents);
  const name = formatReference(image);
  if (await layout.tagged(name) !== blobs[0]!.digest) return false;
  for (const blob of blobs) {
    if (!await layout.has(blob)) return false;
  }
  return true;
}

/**
 * Fills a layout. Blobs that are in the cache are not kept twice where the
 * two folders are on one file system.
 */
export async function writeLayout(
  folder: string,
  image: Reference,
  found: ImageManifest,
  whole: Promise<ImageDocuments>,
  options: WriteOptions,
): Promise<BlobOutcome[]> {
  const { store, transfer, onOpen } = options;
  const blobs = distinctLayers(found);
  const layout = await LayoutStore.open(folder);
  let missing = 0;
  for (const descriptor of blobs) {
    missing += await (store ?? layout).roomFor(descriptor);
  }
  await checkSpace((store ?? layout).path, missing, folder);
  onOpen();
  const outcomes = await transfer(
    blobs.map((descriptor) => blobTask(descriptor, layout, options)),
  );
  if (store) {
    for (const descriptor of blobs) await layout.adopt(store, descriptor);
  }
  await nameImage(layout, image, await whole);
  await layout.tidy();
  return outcomes;
}

/** A layer's way into the cache, or into the layout where there is none. */
function blobTask(
  descriptor: Descriptor,
  layout: LayoutStore,
  { store, trustCache, onWait }: WriteOptions,
): BlobTask {
  return {
    descriptor,
    async open(_attempt, { signal, onWait: waits }) {
      const place = await (store ?? layout).entry(descriptor) ??
        await (store ?? layout).ingest(descriptor, {
          signal,
          onWait: () => {
            waits();
            onWait(descriptor);
          },
        });
      const hit = place instanceof StoreEntry;
      return {
        primary: place,
        copies: [],
        source: hit ? "cache" : "registry",
        trusted: hit && trustCache,
      };
    },
  };
}
