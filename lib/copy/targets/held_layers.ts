/** Which layers a daemon has, so that their files need not be in an archive. */

import type { Daemon, ListedImage } from "../../daemon/daemon.ts";
import { isManifest } from "../../image/media_types.ts";
import { parseManifest } from "../../image/manifest.ts";
import type { Document, Manifest } from "../../image/types.ts";
import { layersBelow, sharedLength } from "./stacks.ts";

/** As many images are looked at, those with like names first. */
const MOST_IMAGES = 300;

/** Finds a manifest by its digest, where this machine has it. */
export type FindDocument = (digest: string) => Promise<Document | undefined>;

/** What is known of an image that is to be loaded. */
export interface HeldImage {
  /** Its manifest. */
  parsed: Manifest;
  /** The digests of its layers, expanded, lowest first. */
  diffIds: readonly string[];
  /** The system that it is for. */
  os: string;
}

/**
 * The layers that a daemon can do without the files of.
 *
 * A graph driver looks for a layer by those below it before it opens its file,
 * so that what it has from the bottom up can be left out, by their expanded
 * digests. Containerd's store must have the very bytes that were served, and
 * Podman knows its layers by them. They tell only that a manifest's are all
 * there: which those are is known where this machine has that manifest.
 *
 * @see {@link https://github.com/moby/moby/blob/v29.0.0/daemon/internal/image/tarexport/load.go}
 * @returns Their digests as served.
 */
export async function heldLayers(
  daemon: Daemon,
  images: readonly HeldImage[],
  find: FindDocument,
): Promise<Set<string>> {
  const { name, keepsContent } = await daemon.info();
  const listed = await daemon.images();
  return keepsContent || name === "Podman"
    ? await heldContent(listed, find)
    : await heldPrefixes(daemon, listed, images);
}

async function heldContent(
  listed: readonly ListedImage[],
  find: FindDocument,
): Promise<Set<string>> {
  const held = new Set<string>();
  for (const digest of new Set(listed.flatMap(({ manifests }) => manifests))) {
    const document = await find(digest);
    if (!document || !isManifest(document.descriptor.mediaType)) continue;
    for (const layer of parseManifest(document).layers) held.add(layer.digest);
  }
  return held;
}

async function heldPrefixes(
  daemon: Daemon,
  listed: readonly ListedImage[],
  images: readonly HeldImage[],
): Promise<Set<string>> {
  /** How many of each one's layers are there, from the bottom up. */
  const lengths = images.map(() => 0);
  for (const { id } of listed.slice(0, MOST_IMAGES)) {
    if (lengths.every((length, i) => length === images[i]!.diffIds.length)) {
      break;
    }
    const { diffIds = [] } = await daemon.inspect(id) ?? {};
    for (const [i, image] of images.entries()) {
      const length = sharedLength(image.diffIds, diffIds);
      lengths[i] = Math.max(lengths[i]!, length);
    }
  }
  return layersBelow(images.map(({ parsed }) => parsed), lengths);
}
