/** An OCI image layout in a folder; the cache is one, too. */

import { distinct, totalSize } from "../../image/descriptors.ts";
import { checkSpace, isOneFileSystem } from "../../archive/archive_file.ts";
import { toOciManifest } from "../../image/oci_manifest.ts";
import {
  formatReference,
  imageName,
  type Reference,
} from "../../image/reference.ts";
import type { Descriptor } from "../../image/types.ts";
import { LayoutStore } from "../../layout/layout_store.ts";
import type { ImageDocuments, ImageManifest } from "../documents.ts";
import type { ImageGraph } from "../graph.ts";
import type { ImageTarget, TargetOptions, TargetWriter } from "../target.ts";

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

/** The blobs of an image in a layout, each once; its manifest there first. */
async function layoutBlobs(
  { manifest, parsed }: ImageManifest,
): Promise<Descriptor[]> {
  const named = await toOciManifest(manifest, parsed);
  return distinct([
    named.descriptor,
    manifest.descriptor,
    parsed.config,
    ...parsed.layers,
  ]);
}

/**
 * A layout as a target. One that is there is added to; blobs that are in the
 * cache are not kept twice where the two folders are on one file system.
 * Whatever is there already and damaged is replaced, wherever it is from.
 *
 * @param folder Where it is.
 */
export function layoutTarget(folder: string): ImageTarget {
  return {
    async sizeOf({ images }) {
      const lists = await Promise.all(
        images.map(({ found }) => layoutBlobs(found)),
      );
      return totalSize(distinct(lists.flat()));
    },
    holds: (graph, options) => holds(folder, graph, options),
    open: (graph, options) => openLayout(folder, graph, options),
  };
}

/**
 * Whether the layout names the images, and has their blobs as they should be.
 * Without a cache there is no place to remember that, and they are read each
 * time.
 */
async function holds(
  folder: string,
  { images }: ImageGraph,
  { cache, signal }: TargetOptions,
): Promise<boolean> {
  const layout = await LayoutStore.find(folder);
  if (!layout) return false;
  const verified = cache?.verified;
  let right = true;
  for (const { reference, found } of images) {
    const blobs = await layoutBlobs(found);
    const named = await layout.tagged(formatReference(reference));
    if (named !== blobs[0]!.digest || !await layout.hasAll(blobs)) return false;
    for (const blob of blobs) {
      right &&= await layout.isRight(blob, { verified, signal });
    }
  }
  await verified?.save();
  return right;
}

async function openLayout(
  folder: string,
  { blobs }: ImageGraph,
  { cache, trustCache, force, signal }: TargetOptions,
): Promise<TargetWriter> {
  const layers = [...blobs.values()].map(({ descriptor }) => descriptor);
  const opened = await LayoutStore.open(folder);
  const inCache = cache !== undefined && await opened.isSame(cache);
  const layout = inCache ? cache : opened;
  await checkRoom(layers, layout, cache);
  return {
    store: layout,
    async commit({ images }) {
      const verified = cache?.verified;
      if (cache && !inCache) {
        const known = force ? undefined : verified;
        for (const descriptor of layers) {
          await layout.adopt(cache, descriptor, { verified: known, signal });
        }
      }
      for (const { reference, found, documents } of images) {
        const blobs = await layoutBlobs(found);
        // What was not read is not known to be right.
        await nameImage(
          layout,
          reference,
          await documents,
          () => layout.sync(blobs, trustCache ? undefined : verified),
        );
      }
      if (!inCache) await layout.tidy();
      await verified?.save();
    },
    close: () => Promise.resolve(),
  };
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
