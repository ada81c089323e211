/** Looks at images without fetching their layers. */

import { isIndex } from "../image/media_types.ts";
import { NotAnImageError, PlatformNotFoundError } from "../image/errors.ts";
import { hostPlatform } from "../image/host_platform.ts";
import {
  checkOptions,
  either,
  FLAG,
  OBJECT,
  type Rules,
  TEXT,
} from "../image/options.ts";
import { isAttestation, normalizePlatform } from "../image/platform.ts";
import type { Document, Platform } from "../image/types.ts";
import { type DocumentOptions, imageConfig } from "../copy/sets/documents.ts";
import { indexContent } from "../copy/sets/index_entries.ts";
import { findImages, type WantedPlatforms } from "../copy/sets/roots.ts";
import { readPlatforms } from "../copy/sets/set_requests.ts";
import { findPlace } from "../copy/places/open_places.ts";
import type { Place } from "../copy/places/places.ts";
import type { Platforms } from "../copy/pull_options.ts";
import { withFetch } from "../net/transport.ts";
import { LOOK_RULES } from "./access.ts";
import { inspectArtifact, inspectDocuments } from "./image.ts";
import {
  type LookedName,
  type LookedPlace,
  openLooked,
  type PlaceAccess,
} from "./looked_place.ts";
import type {
  InspectedEntry,
  InspectedImage,
  InspectedReference,
} from "./report.ts";
import { measureLayers } from "./unpacked.ts";

/** How images are looked at. */
export interface InspectOptions extends PlaceAccess {
  /**
   * The platform, several, or `"all"`. Without it, Linux on this machine's
   * processor, where the image is made for that, or of a file or folder what is
   * there.
   */
  platform?: Platforms;
  /**
   * Whether the layers of a file or folder are read, to tell their size when
   * expanded. Without it, and of a registry, it is told of those only that are
   * not compressed.
   *
   * @default {false}
   */
  unpacked?: boolean;
}

const RULES: Rules<InspectOptions> = {
  ...LOOK_RULES,
  daemon: either(TEXT, OBJECT),
  platform: either(TEXT, OBJECT),
  unpacked: FLAG,
};

/**
 * Looks at an image: its documents are read, and no layer is fetched.
 *
 * @param source Where it is, as {@linkcode parsePlace} reads it: in a registry,
 * an archive, a layout, or a daemon.
 * @param options Which platforms, and how a registry is asked.
 * @returns What is there: of a registry one name, of a file or folder each that
 * is meant.
 * @throws {PlaceError} If a place is none, or has not what it names.
 * @throws {PlatformNotFoundError} If the image is not made for the platform.
 * @throws {InvalidDocumentError} If a document is malformed.
 * @throws {RegistryError} If the registry refuses.
 * @throws {NetworkError} If it cannot be reached.
 *
 * @example
 * ```ts ignore
 * import { inspectImage } from "@x/docker-pull";
 *
 * const [found] = await inspectImage("nginx:1.27", { platform: "linux/arm64" });
 * for (const image of found!.images) console.log(image.created, image.size);
 * ```
 */
export async function inspectImage(
  source: string | Place,
  options: InspectOptions = {},
): Promise<InspectedReference[]> {
  checkOptions("inspect", options, RULES);
  const wanted = readPlatforms(options.platform);
  return await withLooked(source, options, async (opened) => {
    const found: InspectedReference[] = [];
    for (const name of opened.names) {
      found.push(await inspectName(name, opened, wanted, options));
    }
    return found;
  });
}

/** Opens a place, does something with it, and closes it. */
async function withLooked<T>(
  source: string | Place,
  options: InspectOptions,
  work: (opened: LookedPlace) => Promise<T>,
): Promise<T> {
  const place = typeof source === "string" ? await findPlace(source) : source;
  return await withFetch(options.fetch, async (fetch) => {
    const opened = await openLooked(place, options, fetch);
    try {
      return await work(opened);
    } finally {
      await opened.close();
    }
  });
}

/** What a name stands for. */
function topOf(
  { asked, source }: LookedName,
  signal: AbortSignal | undefined,
): Promise<Document> {
  return source.fetchManifest(asked.digest ?? asked.tag!, { signal });
}

/**
 * Gets the very bytes of what a place names: the manifest or index, or with a
 * platform the manifest for that one.
 *
 * @throws As {@linkcode inspectImage} does.
 */
export async function rawManifest(
  source: string | Place,
  options: InspectOptions = {},
): Promise<Document> {
  checkOptions("inspect", options, RULES);
  if (options.platform !== undefined) {
    const [found] = await inspectImage(source, options);
    return found!.images[0]!.manifest;
  }
  return await withLooked(
    source,
    options,
    ({ names }) => topOf(names[0]!, options.signal),
  );
}

async function inspectName(
  name: LookedName,
  { isLocal, delta }: LookedPlace,
  platforms: WantedPlatforms,
  { signal, unpacked, onEvent = () => {} }: InspectOptions,
): Promise<InspectedReference> {
  const { asked, source, has } = name;
  const [first] = platforms === "all" ? [] : platforms ?? [];
  const options: DocumentOptions = {
    source,
    wantedPlatform: first ?? hostPlatform(),
    platformWasNamed: first !== undefined,
    pulledBefore: false,
    onEvent,
    signal,
  };
  const top = await topOf(name, signal);
  const { digest, mediaType } = top.descriptor;
  const entries = isIndex(mediaType)
    ? await entriesOf(top, name, signal)
    : undefined;
  const wanted = has && entries && !Array.isArray(platforms)
    ? platformsHere(entries, platforms === "all")
    : platforms;
  // By its digest it is the very same, which is at hand.
  const reference = { ...asked, digest };
  const looking = wanted === platforms
    ? options
    : { ...options, wantedPlatform: wanted?.[0] as Platform };
  const images = await imagesOf(top, reference, wanted, looking)
    .catch((error) => {
      // What there is instead is told by the entries.
      const isNone = entries && first === undefined &&
        error instanceof PlatformNotFoundError;
      if (isNone) return [];
      throw error;
    });
  if (isLocal && unpacked) {
    for (const image of images) await measureLayers(image, source, signal);
  }
  const { reference: full } = name;
  return { name: name.name, reference: full, delta, top, entries, images };
}

async function imagesOf(
  top: Document,
  reference: LookedName["asked"],
  wanted: WantedPlatforms,
  options: DocumentOptions,
): Promise<InspectedImage[]> {
  try {
    const found = await findImages(reference, wanted, options);
    const [lacking] = found.lacking;
    if (lacking) throw lacking.error;
    return await Promise.all(
      found.images.map(async ({ found, options }) =>
        inspectDocuments(await imageConfig(found, options))
      ),
    );
  } catch (error) {
    const isOne = error instanceof NotAnImageError &&
      !isIndex(top.descriptor.mediaType);
    if (!isOne) throw error;
    return [inspectArtifact(top, error.artifact)];
  }
}

async function entriesOf(
  top: Document,
  { source, has }: LookedName,
  signal: AbortSignal | undefined,
): Promise<InspectedEntry[]> {
  const { entries } = await indexContent(
    top,
    (_, entry) => source.fetchManifest(entry, { signal }),
  );
  return await Promise.all(entries.map(async ({ descriptor }) => {
    const isAttesting = isAttestation(descriptor);
    const { platform } = descriptor;
    return {
      descriptor,
      platform: platform && !isAttesting
        ? normalizePlatform(platform)
        : undefined,
      attests: isAttesting
        ? descriptor.annotations?.["vnd.docker.reference.digest"]
        : undefined,
      isThere: await has?.(descriptor) ?? true,
    };
  }));
}

/**
 * What is looked at of a file that has a part of the platforms: all of those,
 * or that of this machine where it is there, else the first.
 */
function platformsHere(
  entries: readonly InspectedEntry[],
  all: boolean,
): WantedPlatforms {
  const images = entries.filter(({ attests }) => attests === undefined);
  const isWhole = images.every(({ isThere }) => isThere);
  if (isWhole) return all ? "all" : undefined;
  const there = images.flatMap(({ isThere, platform }) =>
    isThere && platform ? [platform] : []
  );
  if (all) return there;
  const { os, architecture } = hostPlatform();
  const own =
    there.find((each) =>
      each.os === os && each.architecture === architecture
    ) ?? there[0];
  return own && [own];
}
