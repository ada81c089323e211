/** What a pull would fetch and write, found out without fetching a layer. */

import type { Descriptor, Fetch, Platform } from "../image/types.ts";
import { type Delta, lackingBytes, type LeftOutLayer } from "../image/delta.ts";
import { DeltaError, StorageError } from "../image/errors.ts";
import { distinct, totalSize } from "../image/descriptors.ts";
import { checkOptions } from "../image/options.ts";
import type { Reference } from "../image/reference.ts";
import { LayoutStore } from "../layout/layout_store.ts";
import { missingBytes } from "../copy/engine/copy.ts";
import { rootBlobs } from "../copy/engine/graph.ts";
import { formatOf, keepsManifests } from "../copy/forms.ts";
import { openOutput } from "../copy/places/outputs.ts";
import {
  PULL_IMAGES_RULES,
  type PullImagesOptions,
  type PullRequest,
} from "../copy/pull_options.ts";
import type { PullFailure } from "../copy/pull_result.ts";
import type { DocumentCache } from "../copy/sets/documents.ts";
import { type PlannedItem, PlannedSet } from "../copy/sets/planned_set.ts";
import { findSet } from "../copy/sets/set_documents.ts";
import { SetPlaces } from "../copy/sets/set_places.ts";
import { readRequests, type WantedImage } from "../copy/sets/set_requests.ts";
import { isVerifiedThere } from "../copy/targets/archive.ts";
import { withFetch } from "../net/transport.ts";
import { openSource } from "../registry/mirrors/mirrors.ts";
import { type DiskNeed, diskNeeds } from "./disk_needs.ts";
import { type HostRequests, RequestCount } from "./request_count.ts";

/** An image, or one platform of it, as a pull would bring it. Sizes in bytes. */
export interface PlannedPull {
  /** What is asked for. */
  reference: Reference;
  /** The platform, where one of several is meant, or was named. */
  platform?: Platform;
  /** Where it was named. */
  from?: string;
  /** What the name stands for in what is written. */
  named: Descriptor;
  /** The manifest of each of its images. */
  manifests: Descriptor[];
  /** How many layers it has, each counted once. */
  layers: number;
  /** The layers as they are served, each once. */
  size: number;
  /** What of them is left out, as it is there where the file goes. */
  leftOut: number;
  /** What of the rest is in the cache. */
  cached: number;
  /** What of them would be fetched; what others need as well is counted, too. */
  download: number;
  /** Where it would be written; `-` is a stream. */
  path: string;
  /** Whether it is there already, unchanged. */
  upToDate: boolean;
}

/** What a pull would do. Sizes are in bytes. */
export interface PullPlan {
  /** The images that can be had. */
  images: PlannedPull[];
  /** Those that cannot, and why. */
  failures: PullFailure[];
  /** The layers of all, each counted once. */
  size: number;
  /** What of them is left out, as it is there where the file goes. */
  leftOut: number;
  /** What would be fetched of the rest. */
  download: number;
  /** What would be written, by its path. */
  written: number;
  /** How much room that takes, by folder. */
  disk: DiskNeed[];
  /** How many blobs would be asked for. */
  blobs: number;
  /** What was asked of each host for this plan; a pull asks the same again. */
  requests: HostRequests[];
}

/**
 * Finds out what a pull would fetch and write: it asks for the documents, and
 * keeps nothing.
 *
 * @param images The images, as {@linkcode pullImages} takes them.
 * @param options How they would be pulled; `maxBytes` plays no part.
 * @returns What would come of it.
 * @throws What {@linkcode pullImages} throws before it fetches a layer.
 *
 * @example
 * ```ts ignore
 * import { planPull } from "@x/docker-pull";
 *
 * const { download, images } = await planPull(["nginx:1.27", "redis:7"]);
 * console.log(`${download} bytes for ${images.length} images`);
 * ```
 */
export async function planPull(
  images: readonly (string | Reference | PullRequest)[],
  options: PullImagesOptions = {},
): Promise<PullPlan> {
  checkOptions("plan", options, PULL_IMAGES_RULES);
  const { output, force = false } = options;
  const one = output === undefined
    ? undefined
    : () => openOutput(output, options, force);
  const set = readRequests(images, options.platform, one !== undefined);
  return await withFetch(
    options.fetch,
    (fetch) => planSet(set, options, one, fetch),
  );
}

async function planSet(
  set: readonly WantedImage[],
  options: PullImagesOptions,
  one: ConstructorParameters<typeof SetPlaces>[0]["one"],
  fetch: Fetch,
): Promise<PullPlan> {
  const { cacheDir = "docker_images_cache", signal, force = false } = options;
  const { layers, for: program, folder, concurrency = 3 } = options;
  const onEvent = options.onEvent ?? (() => {});
  const format = formatOf(options);
  const places = new SetPlaces({
    one,
    folder,
    form: {
      format: options.format,
      layers,
      for: program,
      have: options.have,
    },
    force,
  });
  await places.look(set);
  const cache = cacheDir === false
    ? undefined
    : await LayoutStore.find(cacheDir);
  const counted = new RequestCount(fetch);
  const { items, failures } = await findSet(set, {
    openSource: (reference, onEvent) =>
      openSource(reference, options, counted.fetch, onEvent),
    cache: cache && readOnly(cache),
    connections: concurrency,
    together: one !== undefined,
    accept: options.accept,
    onEvent,
    signal,
    async pulledBefore({ name, reference }) {
      if (!cache) return false;
      if (await cache.knows(name)) return true;
      const own = places.first({ name, reference, platforms: undefined });
      return own?.output !== undefined && reference.digest === undefined &&
        await isVerifiedThere(own.output, cache);
    },
  });
  const planned = await PlannedSet.plan(await places.assign(items), {
    index: options.index,
    attestations: options.attestations ?? false,
    referrers: options.referrers === true && keepsManifests(options),
    ociOnly: format === "oci" || format === "oci-archive",
  }, onEvent);
  try {
    await planned.configsDone;
    const plans: PlannedPull[] = [];
    const leftOut = new Map<string, LeftOutLayer>();
    const needed: { blobs: Descriptor[]; size: number; output?: string }[] = [];
    for (const { destination, graph, items } of planned.places) {
      const { target, path, output } = destination;
      const good: PlannedItem[] = [];
      for (const item of items) {
        const failure = await failureOf(item);
        if (failure) failures.push(failure);
        else good.push(item);
      }
      if (good.length === 0) continue;
      let delta: Delta | undefined;
      try {
        delta = await target.lacks?.(graph);
      } catch (error) {
        if (!(error instanceof DeltaError)) throw error;
        for (const { item: { wanted, platform } } of good) {
          const { reference, from } = wanted;
          failures.push({ reference, platform, from, error });
        }
        continue;
      }
      for (const each of delta?.layers ?? []) leftOut.set(each.digest, each);
      const lacks = new Set(delta?.layers.map(({ digest }) => digest));
      const whole = good.length === items.length;
      const upToDate = !force && whole && await holds(
        () => target.holds(graph, { cache, trustCache: true, force, signal }),
      );
      for (const item of good) {
        plans.push(await planOf(item, { path, upToDate, cache, lacks }));
      }
      if (upToDate) continue;
      const blobs = [...graph.blobs.values()]
        .map(({ descriptor }) => descriptor)
        .filter(({ digest }) => !lacks.has(digest));
      needed.push({ blobs, size: await target.sizeOf(graph), output });
    }
    const all = distinct(needed.flatMap(({ blobs }) => blobs));
    const missing: Descriptor[] = [];
    for (const blob of all) {
      if (!await cache?.has(blob)) missing.push(blob);
    }
    const everything = planned.places.flatMap(({ graph }) => [
      ...graph.blobs.values(),
    ]);
    const download = await missingBytes(missing, cache);
    return {
      images: plans,
      failures,
      size: totalSize(
        distinct(everything.map(({ descriptor }) => descriptor)),
      ),
      leftOut: lackingBytes([...leftOut.values()]),
      download,
      written: needed.reduce((sum, { size }) => sum + size, 0),
      disk: await diskNeeds(
        needed.map(({ size, output }) => ({
          path: output,
          size: format === "oci" && cacheDir !== false ? 0 : size,
        })),
        cacheDir === false ? undefined : { path: cacheDir, size: download },
      ),
      blobs: missing.length,
      requests: counted.hosts(),
    };
  } finally {
    await planned.end(undefined);
  }
}

/** A damaged or closed cache is no reason not to tell the rest. */
async function holds(look: () => Promise<boolean>): Promise<boolean> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof StorageError) return false;
    throw error;
  }
}

/** Why an image cannot be had whose manifest was found. */
async function failureOf(
  { item: { wanted, platform }, root }: PlannedItem,
): Promise<PullFailure | undefined> {
  const { reference, from } = wanted;
  for (const { documents } of root.images) {
    try {
      await documents;
    } catch (error) {
      return { reference, platform, from, error };
    }
  }
  return undefined;
}

async function planOf(
  { item: { wanted, platform }, root }: PlannedItem,
  { path, upToDate, cache, lacks }: {
    path: string;
    upToDate: boolean;
    cache: LayoutStore | undefined;
    lacks: ReadonlySet<string>;
  },
): Promise<PlannedPull> {
  const blobs = distinct(rootBlobs(root));
  const size = totalSize(blobs);
  const sent = blobs.filter(({ digest }) => !lacks.has(digest));
  const leftOut = size - totalSize(sent);
  const missing = await missingBytes(sent, cache);
  return {
    reference: wanted.reference,
    platform,
    from: wanted.from,
    named: root.top.descriptor,
    manifests: root.images.map(({ found }) => found.manifest.descriptor),
    layers: blobs.length,
    size,
    leftOut,
    cached: size - leftOut - missing,
    download: upToDate ? 0 : missing,
    path,
    upToDate,
  };
}

/** What is found in a cache is taken, and nothing is put into it. */
function readOnly(cache: LayoutStore): DocumentCache {
  return {
    document: (digest) => cache.document(digest),
    put: () => Promise.resolve(),
    async obtain(descriptor, fetch) {
      const bytes = await cache.get(descriptor);
      return bytes ? { descriptor, bytes } : await fetch();
    },
  };
}
