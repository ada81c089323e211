/** An OCI image layout in a folder; the cache is one, too. */

import { lstat } from "node:fs/promises";
import { distinct, totalSize } from "../../image/descriptors.ts";
import { checkSpace, isOneFileSystem } from "../../archive/archive_file.ts";
import { toOciManifest } from "../../image/oci_manifest.ts";
import {
  formatReference,
  imageName,
  type Reference,
} from "../../image/reference.ts";
import { referrerEntry } from "../../image/referrer.ts";
import type { Descriptor, Document } from "../../image/types.ts";
import { LayoutStore } from "../../layout/layout_store.ts";
import type { ImageDocuments } from "../sets/documents.ts";
import {
  type GraphRoot,
  type ImageGraph,
  proofDocuments,
  rootBlobs,
} from "../engine/graph.ts";
import type {
  ImageTarget,
  TargetOptions,
  TargetWriter,
} from "../engine/target.ts";

/** The documents of an image that gets a name. */
type NamedImage = Pick<ImageDocuments, "manifest" | "parsed" | "config">;

/**
 * Names an image in a layout, by a manifest that every reader of layouts
 * finds there.
 *
 * @param options What is done when its documents are there, before it has its
 * name; what it is asked for by, if not by its full name; and the digest that
 * the name stands for at its registry.
 * @returns The digest of what the name stands for here.
 */
export async function nameImage(
  layout: LayoutStore,
  image: Reference,
  { manifest, parsed, config }: NamedImage,
  { ready, refName = formatReference(image), sourceDigest }: {
    ready?: () => Promise<void>;
    refName?: string;
    sourceDigest?: string;
  } = {},
): Promise<string> {
  const named = await toOciManifest(manifest, parsed);
  for (const document of [config, manifest, named]) await layout.put(document);
  await ready?.();
  const { descriptor } = named;
  await layout.tag(refName, descriptor, {
    imageName: imageName(image, descriptor.digest),
    sourceDigest,
  });
  return descriptor.digest;
}

/** The digests of all that is needed of the cache for images on their way. */
export async function neededBlobs({ roots }: ImageGraph): Promise<string[]> {
  const lists = await Promise.all(roots.map(async (root) => {
    // In the cache, each image has a name.
    const named = await Promise.all(
      root.images.map(({ found }) =>
        toOciManifest(found.manifest, found.parsed)
      ),
    );
    return [
      ...await layoutBlobs(root),
      ...named.map(({ descriptor }) => descriptor),
    ];
  }));
  return lists.flat().map(({ digest }) => digest);
}

/** What a name stands for in a layout, which every reader of layouts takes. */
async function namedThere({ top, images }: GraphRoot): Promise<Document> {
  const { digest } = top.descriptor;
  const image = images.find(({ found }) =>
    found.manifest.descriptor.digest === digest
  );
  return image ? await toOciManifest(top, image.found.parsed) : top;
}

/** What a root is asked for by in a layout. */
function refNameOf({ reference, refName }: GraphRoot): string {
  return refName ?? formatReference(reference);
}

/** All that a name stands for in a layout, each once; what it names first. */
async function layoutBlobs(root: GraphRoot): Promise<Descriptor[]> {
  const named = await namedThere(root);
  return distinct([
    named.descriptor,
    ...root.images.flatMap(({ found }) => [
      found.manifest.descriptor,
      found.parsed.config,
    ]),
    ...root.documents.map(({ descriptor }) => descriptor),
    ...proofDocuments(root.proofs).map(({ descriptor }) => descriptor),
    ...rootBlobs(root),
  ]);
}

/** Names what a root stands for, once all its blobs are there. */
async function nameRoot(
  layout: LayoutStore,
  root: GraphRoot,
  ready: () => Promise<void>,
): Promise<void> {
  const { reference, images, documents, top, proofs } = root;
  const refName = refNameOf(root);
  const [image] = images;
  for (const document of proofDocuments(proofs)) await layout.put(document);
  if (proofs?.referrers.length) {
    await layout.note(proofs.referrers.map(referrerEntry));
  }
  const { digest } = top.descriptor;
  if (image?.found.manifest.descriptor.digest === digest) {
    await nameImage(layout, reference, await image.documents, {
      ready,
      refName,
    });
    return;
  }
  for (const image of images) {
    const { config, manifest } = await image.documents;
    for (const document of [config, manifest]) await layout.put(document);
  }
  for (const document of [...documents, top]) await layout.put(document);
  await ready();
  await layout.tag(refName, top.descriptor, {
    imageName: imageName(reference, digest),
  });
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
    async sizeOf({ roots }) {
      const lists = await Promise.all(roots.map(layoutBlobs));
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
  { roots }: ImageGraph,
  { cache, signal }: TargetOptions,
): Promise<boolean> {
  const layout = await LayoutStore.find(folder);
  if (!layout) return false;
  const verified = cache?.verified;
  let right = true;
  for (const root of roots) {
    const blobs = await layoutBlobs(root);
    const named = await layout.tagged(refNameOf(root));
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
  const isThere = await lstat(folder).then(() => true, () => false);
  const isLayout = await LayoutStore.find(folder) !== undefined;
  const undo = async () => {
    if (isLayout) return;
    const { removeEmptyLayout } = await import(
      "../../layout/empty_layout.ts"
    );
    await removeEmptyLayout(folder, isThere);
  };
  let layout: LayoutStore;
  let inCache: boolean;
  try {
    const opened = await LayoutStore.open(folder);
    inCache = cache !== undefined && await opened.isSame(cache);
    layout = inCache ? cache! : opened;
    await checkRoom(layers, layout, cache);
  } catch (error) {
    await undo();
    throw error;
  }
  return {
    store: layout,
    async commit({ roots }) {
      const verified = cache?.verified;
      if (cache && !inCache) {
        const known = force ? undefined : verified;
        for (const descriptor of layers) {
          await layout.adopt(cache, descriptor, { verified: known, signal });
        }
      }
      for (const root of roots) {
        const blobs = await layoutBlobs(root);
        // What was not read is not known to be right.
        await nameRoot(
          layout,
          root,
          () => layout.sync(blobs, trustCache ? undefined : verified),
        );
      }
      if (!inCache) await layout.tidy();
      await verified?.save();
    },
    close: undo,
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
