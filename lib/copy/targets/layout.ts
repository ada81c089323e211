/** From an image's documents to an OCI image layout in a folder. */

import { checkSpace, isOneFileSystem } from "../../archive/archive_file.ts";
import { distinctLayers } from "../../archive/plan.ts";
import { toOciManifest } from "../../image/oci_manifest.ts";
import type { WriteOptions } from "./archive.ts";
import type { ImageDocuments, ImageManifest } from "../documents.ts";
import { formatReference, imageName, type Reference } from "../../image/reference.ts";
import { LayoutStore } from "../../layout/layout_store.ts";
import { StoreEntry } from "../../layout/entry.ts";
import type { BlobOutcome, BlobTask } from "../../transfer/transfer.ts";
import type { Descriptor } from "../../image/types.ts";

/**
 * Names an image in a layout, by a manifest that every reader of layouts
 * finds there.
 *
 * @param ready Called when its documents are there, before it has its name.
 */
export async function nameImage(
  layout: LayoutStore,
  image: Reference,
  { manifest, parsed, config }: ImageDocuments,
  ready: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const named = await toOciManifest(manifest, parsed);
  for (const document of [config, manifest, named]) await layout.put(document);
  await ready();
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

/**
 * Whether the layout in a folder names this very image, and has its blobs as
 * they should be. Without a cache there is no place to remember that, and they
 * are read each time.
 */
export async function isLayoutUpToDate(
  folder: string,
  image: Reference,
  documents: ImageManifest,
  { store, signal }: Pick<WriteOptions, "store" | "signal">,
): Promise<boolean> {
  const layout = await LayoutStore.find(folder);
  if (!layout) return false;
  const blobs = await layoutBlobs(documents);
  const name = formatReference(image);
  if (await layout.tagged(name) !== blobs[0]!.digest) return false;
  if (!await layout.hasAll(blobs)) return false;
  const verified = store?.verified;
  let right = true;
  for (const blob of blobs) {
    right &&= await layout.isRight(blob, { verified, signal });
  }
  await verified?.save();
  return right;
}

/**
 * Fills a layout. Blobs that are in the cache are not kept twice where the
 * two folders are on one file system. Whatever is there already and damaged is
 * replaced, wherever it is from.
 */
export async function writeLayout(
  folder: string,
  image: Reference,
  found: ImageManifest,
  whole: Promise<ImageDocuments>,
  options: WriteOptions & { force: boolean },
): Promise<BlobOutcome[]> {
  const { store, transfer, onOpen, signal, force, trustCache } = options;
  const layers = distinctLayers(found);
  const opened = await LayoutStore.open(folder);
  const inCache = store !== undefined && await opened.isSame(store);
  const layout = inCache ? store : opened;
  await checkRoom(layers, layout, store);
  onOpen();
  const outcomes = await transfer(
    layers.map((descriptor) => blobTask(descriptor, layout, options)),
  );
  const verified = store?.verified;
  if (store && !inCache) {
    const known = force ? undefined : verified;
    for (const descriptor of layers) {
      await layout.adopt(store, descriptor, { verified: known, signal });
    }
  }
  const documents = await whole;
  const blobs = await layoutBlobs(documents);
  // What was not read is not known to be right.
  await nameImage(
    layout,
    image,
    documents,
    () => layout.sync(blobs, trustCache ? undefined : verified),
  );
  if (!inCache) await layout.tidy();
  await verified?.save();
  return outcomes;
}

/** Fails at once where the blobs do not fit on the disk. */
async function checkRoom(
  blobs: Descriptor[],
  layout: LayoutStore,
  store: LayoutStore = layout,
): Promise<void> {
  let missing = 0;
  for (const blob of blobs) missing += await store.roomFor(blob);
  await checkSpace(store.path, missing, store.path);
  // Elsewhere, they cannot be there by a second name.
  if (await isOneFileSystem(layout.path, store.path)) return;
  let copied = 0;
  for (const blob of blobs) {
    if (!await layout.has(blob)) copied += blob.size;
  }
  await checkSpace(layout.path, copied, layout.path);
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
        // What lies in a layout has never been a cache's.
        trusted: hit && store !== undefined && trustCache,
      };
    },
  };
}
