/** Finds what all images of a set stand for, side by side. */

import type { OnEvent } from "../../image/events.ts";
import { hostPlatform } from "../../image/host_platform.ts";
import type { ImageSource } from "../../image/image_source.ts";
import { comparePlatform, formatPlatform } from "../../image/platform.ts";
import type { Reference } from "../../image/reference.ts";
import type { Document, Platform } from "../../image/types.ts";
import type { DocumentCache, DocumentOptions } from "./documents.ts";
import { Limit } from "./limit.ts";
import type { PullFailure } from "../pull_result.ts";
import { findImages, type FoundImage, type RootDocuments } from "./roots.ts";
import type { WantedImage } from "./set_requests.ts";
import type { Accept } from "../pull_options.ts";

/** So many documents are asked for at a time, where layers would be as well. */
const SIDE_BY_SIDE = 8;

/** A name, and what it is to stand for. */
export interface SetItem {
  /** What was asked for. */
  wanted: WantedImage;
  /** What the reference names at its registry. */
  top: Document;
  /** Its images; the first is the one for loaders that take one platform. */
  images: readonly FoundImage[];
  /** The platform, where it is one of several, or was named. */
  platform?: Platform;
  /** Where it can be had. */
  source: ImageSource;
  /** How its documents are asked for. */
  options: DocumentOptions;
  /** All of it, where it is no image. */
  artifact?: RootDocuments;
}

/** What was found of a set. */
export interface FoundSet {
  /** What can be had. */
  items: SetItem[];
  /** What cannot. */
  failures: PullFailure[];
}

/** What a set is looked for with. */
export interface SetSearch {
  /** Opens what an image is had from; the same for all of a repository. */
  openSource: (reference: Reference, onEvent: OnEvent) => ImageSource;
  /** Where documents are kept. */
  cache?: DocumentCache;
  /** Whether an image has been pulled before. */
  pulledBefore: (image: WantedImage) => Promise<boolean>;
  /** Whether all platforms of a name go to one place. */
  together: boolean;
  /**
   * Whether what is no image will do as well.
   *
   * @default {false}
   */
  artifacts?: boolean;
  /** How many connections there are. */
  connections: number;
  /** Refuses what must not be taken, before any of its layers is asked for. */
  accept?: Accept;
  /** Told what goes on. */
  onEvent: OnEvent;
  /** Ends it all. */
  signal?: AbortSignal;
}

/**
 * Finds what the images of a set stand for. What cannot be had of it does not
 * keep the others from being found.
 *
 * @throws The signal's reason.
 */
export async function findSet(
  set: readonly WantedImage[],
  search: SetSearch,
): Promise<FoundSet> {
  const { connections, signal } = search;
  // Whoever wants one connection at a time has a reason.
  const limit = new Limit(
    connections === 1 ? 1 : Math.max(SIDE_BY_SIDE, connections),
  );
  const sources = new Map<string, ImageSource>();
  const names = new Map<string, string[]>();
  for (const wanted of set) {
    const key = repositoryOf(wanted);
    names.set(key, [...names.get(key) ?? [], wanted.name]);
  }
  const found = await Promise.all(set.map(async (wanted) => {
    const { reference, from, name } = wanted;
    const onEvent: OnEvent = (event) =>
      search.onEvent({ images: [name], ...event });
    const key = repositoryOf(wanted);
    const source = sources.get(key) ??
      search.openSource(
        reference,
        (event) => search.onEvent({ images: names.get(key), ...event }),
      );
    sources.set(key, source);
    try {
      const options: DocumentOptions = {
        source: limited(source, limit),
        cache: search.cache,
        ...platformOf(wanted),
        pulledBefore: await search.pulledBefore(wanted),
        onEvent,
        signal,
      };
      const one = await findOne(wanted, source, options, search);
      const { accept } = search;
      if (accept) {
        for (const { top, images } of one.items) {
          const manifests = images.map(({ found }) => found.manifest);
          await accept({ reference, top, manifests, source, signal });
        }
      }
      return one;
    } catch (error) {
      signal?.throwIfAborted();
      return { items: [], failures: [{ reference, from, error }] };
    }
  }));
  return {
    items: found.flatMap(({ items }) => items),
    failures: found.flatMap(({ failures }) => failures),
  };
}

function repositoryOf({ reference }: WantedImage): string {
  return `${reference.registry}/${reference.repository}`;
}

async function findOne(
  wanted: WantedImage,
  source: ImageSource,
  options: DocumentOptions,
  { together, artifacts }: Pick<SetSearch, "together" | "artifacts">,
): Promise<FoundSet> {
  const { reference, from, platforms } = wanted;
  const { top, images, lacking, artifact } = wanted.locked
    ? await (await import("./locked_source.ts"))
      .findLocked(reference, wanted.locked, platforms, options)
    : await findImages(reference, platforms, options, artifacts);
  const failures = lacking.map(({ platform, error }) => (
    { reference, from, platform, error }
  ));
  const item = { wanted, top, source, options };
  if (artifact) return { items: [{ ...item, images, artifact }], failures };
  if (images.length === 0) return { items: [], failures };
  if (!together) {
    // Of two for one platform, whoever looks for it takes the first.
    const named = new Map<string, SetItem>();
    for (const image of images) {
      const { platform } = image;
      const key = platform ? formatPlatform(platform) : "";
      if (named.has(key)) continue;
      named.set(key, { ...item, images: [image], platform });
    }
    return { items: [...named.values()], failures };
  }
  const host = hostPlatform();
  const own = ({ platform }: FoundImage) =>
    platform && comparePlatform(platform, host) === "exact" ? 0 : 1;
  // A loader of one platform is most likely to be on a machine like this one.
  const ordered = images.toSorted((a, b) => own(a) - own(b));
  const [first] = ordered;
  const platform = images.length === 1 ? first!.platform : undefined;
  return { items: [{ ...item, images: ordered, platform }], failures };
}

function platformOf(
  { platforms }: WantedImage,
): Pick<DocumentOptions, "wantedPlatform" | "platformWasNamed"> {
  const [named] = platforms === "all" ? [] : platforms ?? [];
  return {
    wantedPlatform: named ?? hostPlatform(),
    platformWasNamed: named !== undefined,
  };
}

/** A source of which so many documents are asked for at a time. */
function limited(source: ImageSource, limit: Limit): ImageSource {
  return {
    resolve: (...call) => limit.run(() => source.resolve(...call)),
    fetchManifest: (...call) => limit.run(() => source.fetchManifest(...call)),
    fetchSmallBlob: (...call) =>
      limit.run(() => source.fetchSmallBlob(...call)),
    fetchBlob: (...call) => source.fetchBlob(...call),
    tags: (...call) => source.tags(...call),
  };
}
