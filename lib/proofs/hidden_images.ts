/**
 * Images of a file that are not named where signatures are looked for, and that
 * some program loads all the same.
 */

import {
  type LocalImages,
  openLocalPlace,
} from "../copy/places/open_places.ts";
import type { LocalPlace } from "../copy/places/places.ts";
import type { Held } from "../copy/sources/held.ts";
import { ArchiveError, PlaceError } from "../image/errors.ts";
import { type HeldImage, indexedImage } from "../image/held_image.ts";
import { parseManifest } from "../image/manifest.ts";
import { isConfig, isIndex, isLayer } from "../image/media_types.ts";
import { isReferrer } from "../image/referrer.ts";
import type { Document } from "../image/types.ts";

/**
 * Finds them: what Docker loads by `manifest.json` where there is an
 * `index.json`, too, and what says there that it refers to something, and is an
 * image to older versions of containerd.
 *
 * @param place The file or folder.
 * @param held The same, opened.
 * @param look Looks at each while that is open which holds it.
 */
export async function withOthers(
  place: LocalPlace,
  held: Held,
  signal: AbortSignal | undefined,
  look: (image: HeldImage, held: Held) => Promise<void>,
): Promise<void> {
  const entries = await held.entries?.() ?? [];
  for (const entry of entries.filter(isReferrer)) {
    const document = await held.document(entry.digest);
    if (document && isImage(document)) await look(indexedImage(entry), held);
  }
  if (entries.length === 0 || held.hasFiles) return;
  const docker = await openDocker(place, signal);
  try {
    for (const image of docker?.images ?? []) await look(image, docker!.held);
  } finally {
    await docker?.held.close();
  }
}

async function openDocker(
  { path }: LocalPlace,
  signal: AbortSignal | undefined,
): Promise<LocalImages | undefined> {
  try {
    return await openLocalPlace({ kind: "docker-archive", path }, { signal });
  } catch (error) {
    const isNone = error instanceof ArchiveError
      ? error.problem.code === "no-manifest-list"
      : error instanceof PlaceError && error.problem.code === "no-images";
    if (isNone) return undefined;
    throw error;
  }
}

/** Whether it is something to run, and not what is said of that. */
function isImage(document: Document): boolean {
  if (isIndex(document.descriptor.mediaType)) return false;
  const { config, layers } = parseManifest(document);
  return isConfig(config.mediaType) && layers.length > 0 &&
    layers.every(({ mediaType }) => isLayer(mediaType));
}
