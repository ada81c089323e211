/** The images that a file or folder holds, as those of a set. */

import { blobName } from "../../archive/plan.ts";
import { ArchiveError, PlaceError } from "../../image/errors.ts";
import type { HeldImage } from "../../image/held_image.ts";
import { hostPlatform } from "../../image/host_platform.ts";
import { parseIndex } from "../../image/manifest.ts";
import { isIndex } from "../../image/media_types.ts";
import {
  comparePlatform,
  isAttestation,
  normalizePlatform,
  toPlatform,
} from "../../image/platform.ts";
import { formatReference, type Reference } from "../../image/reference.ts";
import type { Descriptor, Platform } from "../../image/types.ts";
import { formatPlace, type LocalPlace } from "../places/places.ts";
import type { Held } from "../sources/held.ts";
import type { WantedPlatforms } from "./roots.ts";

/** What stands for the name of an image that has none: it is known by its digest. */
export function nameless(path: string, { digest }: Descriptor): Reference {
  const [file = ""] = path.split(/[/\\]/).filter(Boolean).slice(-1);
  const words = file.toLowerCase().replace(/\.(?:tar|tgz|tar\.\w+)$/, "")
    .match(/[a-z0-9]+/g) ?? ["image"];
  const repository = words.join("-").slice(0, 100);
  return { registry: "localhost", repository, digest };
}

/**
 * A name may stand for an image of each platform, as layouts have it: then it
 * is that of the platform that is asked for, or of this machine.
 *
 * @throws {PlaceError} If it stands for two of one platform.
 */
export function oneOfEachName(
  place: LocalPlace,
  images: readonly HeldImage[],
  wanted: WantedPlatforms,
): HeldImage[] {
  const groups = new Map<string, HeldImage[]>();
  for (const image of images) {
    const { reference, descriptor } = image;
    const name = reference ? formatReference(reference) : descriptor.digest;
    groups.set(name, [...groups.get(name) ?? [], image]);
  }
  const platform = Array.isArray(wanted) ? wanted[0]! : hostPlatform();
  return [...groups].map(([name, group]) => {
    const [first, ...others] = group;
    const isOne = others.every(({ descriptor }) =>
      descriptor.digest === first!.descriptor.digest
    );
    if (isOne) return first!;
    const fit = group.filter(({ descriptor: { platform: own } }) =>
      own && comparePlatform(toPlatform(own), platform) === "exact"
    );
    if (fit.length === 1) return fit[0]!;
    throw new PlaceError(formatPlace(place), { code: "same-name", name });
  });
}

/** Which of an image's platforms are there, and whether all of them are. */
export async function platformsThere(
  held: Held,
  { digest }: Descriptor,
): Promise<{ platforms: WantedPlatforms; isWhole: boolean }> {
  const top = await held.document(digest);
  if (!top) {
    throw new ArchiveError(held.path, {
      code: "missing-file",
      name: blobName(digest),
    });
  }
  if (!isIndex(top.descriptor.mediaType)) {
    return { platforms: undefined, isWhole: true };
  }
  const platforms: Platform[] = [];
  let isWhole = true;
  for (const entry of parseIndex(top).manifests) {
    const isThere = await held.document(entry.digest) !== undefined;
    isWhole &&= isThere;
    if (!isThere || isAttestation(entry)) continue;
    // What is not said is found out from all that there is.
    if (!entry.platform) return { platforms: "all", isWhole };
    platforms.push(normalizePlatform(entry.platform));
  }
  return isWhole || platforms.length === 0
    ? { platforms: "all", isWhole }
    : { platforms, isWhole };
}
