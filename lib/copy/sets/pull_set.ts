/** The whole story of a pull, from references to what is written. */

import { DownloadLimitError } from "../../image/errors.ts";
import type { OnEvent, Warning } from "../../image/events.ts";
import type { ImageSource } from "../../image/image_source.ts";
import { DOCKER_LAYERS } from "../../image/manifest.ts";
import type { Reference } from "../../image/reference.ts";
import type { Descriptor } from "../../image/types.ts";
import { LayoutStore } from "../../layout/layout_store.ts";
import type { Writers } from "../../transfer/writers.ts";
import { copyEach } from "../engine/copy.ts";
import type { Copy } from "../engine/copy_options.ts";
import { formatOf, keepsManifests, type Layers, layersOf } from "../forms.ts";
import { DownloadTime } from "./download_time.ts";
import type { PullImagesOptions } from "../pull_options.ts";
import type { PullFailure, PullImagesResult } from "../pull_result.ts";
import {
  mayStart,
  placeOf,
  type PlannedPlace,
  PlannedSet,
} from "./planned_set.ts";
import { findSet } from "./set_documents.ts";
import { type SetDestination, SetPlaces } from "./set_places.ts";
import { SetResults } from "./set_results.ts";
import type { WantedImage } from "./set_requests.ts";
import { isVerifiedThere } from "../targets/archive.ts";
import { neededBlobs } from "../targets/layout.ts";

/** What a set is pulled with; `output` and `folder` are told otherwise. */
export interface SetOptions
  extends Omit<PullImagesOptions, "output" | "folder"> {
  /** Opens what an image is had from; the same for all of a repository. */
  openSource: (reference: Reference, onEvent: OnEvent) => ImageSource;
  /** Where the set goes. */
  destination: Pick<SetDestination, "one" | "folder">;
}

/**
 * Pulls images: names → graph → copy → result. What cannot be had does not keep
 * the rest from coming, but for one archive of all, which is written whole or
 * not at all.
 *
 * @param set Which.
 * @param writers What writes and hashes.
 * @throws {DockerPullError} If it is about all of them.
 */
export async function pullSet(
  set: readonly WantedImage[],
  writers: Writers,
  options: SetOptions,
): Promise<PullImagesResult> {
  const start = performance.now();
  const { cacheDir = "docker_images_cache", signal } = options;
  const { layers, for: program, force = false, destination } = options;

  // Names. Before anything is made or asked for.
  const places = new SetPlaces({
    ...destination,
    form: {
      format: options.format,
      layers,
      for: program,
      split: options.split,
      part: options.part,
      have: options.have,
    },
    force,
  });
  await places.look(set);
  const cache = cacheDir === false
    ? undefined
    : await LayoutStore.open(cacheDir, options.now);
  await cache?.begin({ signal });
  try {
    return await pullPlaced(set, places, writers, { ...options, cache, start });
  } finally {
    await cache?.end();
  }
}

/** What the rest of the story needs, too. */
interface PlacedOptions extends SetOptions {
  /** The cache. */
  cache?: LayoutStore;
  /** When it began. */
  start: number;
}

async function pullPlaced(
  set: readonly WantedImage[],
  places: SetPlaces,
  writers: Writers,
  options: PlacedOptions,
): Promise<PullImagesResult> {
  const { cache, start, keepGoing = false, force = false } = options;
  const format = formatOf(options);
  const together = options.destination.one !== undefined;
  const { signal, openSource, concurrency: connections = 3 } = options;
  const { trustCache = false } = options;
  const timing = new DownloadTime();
  const onEvent: OnEvent = options.onEvent ?? (() => {});

  // Graph.
  const found = await findSet(set, {
    openSource,
    cache,
    connections,
    together,
    artifacts: places.takesArtifacts,
    onEvent,
    accept: options.accept,
    signal,
    async pulledBefore(wanted) {
      if (!cache) return false;
      if (await cache.knows(wanted.name)) return true;
      const own = places.first(wanted);
      return own?.output !== undefined &&
        wanted.reference.digest === undefined &&
        await isVerifiedThere(own.output, cache);
    },
  });
  const results = new SetResults({ start, timing, cache, onEvent });
  const failures: PullFailure[] = [...found.failures];
  const whole = !together || keepGoing;
  if (found.items.length === 0 || !whole && failures.length > 0) {
    return { ...await results.of([], failures), unwritten: places.path };
  }
  const planned = await PlannedSet.plan(await places.assign(found.items), {
    index: options.index,
    attestations: options.attestations ?? false,
    ociOnly: format === "oci" || format === "oci-archive",
    referrers: options.referrers === true && keepsManifests(options),
  }, onEvent);

  // Copy.
  // What was asked for is told once, and not of each image.
  const told = new Set<string>();
  const copyAll = async (those: readonly PlannedPlace[]) => {
    const needed = those.map(({ graph }) => neededBlobs(graph));
    await cache?.hold((await Promise.all(needed)).flat(), { signal });
    // Nothing waits between the making of what may fail and whoever hears it.
    const copies = those.map((place): Copy => ({
      graph: place.graph,
      target: place.destination.target,
      ready: mayStart(place)
        ? undefined
        : Promise.all(place.graph.images.map(({ documents }) => documents)),
      onOpen: () =>
        warnOfLayers(place, layersOf(options), told, planned.onEvent),
    }));
    const results = await copyEach(copies, writers, {
      ...options,
      cache,
      trustCache,
      force,
      // Of a stream, nothing is there for a next time.
      finishRest: together && set.length > 1 && rewritable(those),
      inUse: planned.configsDone,
      onTransfer: planned.onTransfer,
      onEvent(event) {
        timing.apply(event);
        planned.onEvent(event);
      },
    });
    return those.map((place, i) => ({ place, result: results[i]! }));
  };
  let copied = await copyAll(
    !together
      ? planned.places
      : planned.places.map((place) =>
        placeOf(place.destination, place.items, failures)
      ),
  );
  try {
    const came = [...copied];
    // It is about all of them together.
    for (const { result: { failure } } of came) {
      if (failure?.error instanceof DownloadLimitError) throw failure.error;
    }
    for (const { place, result: { failure, failed } } of came) {
      if (!failure) continue;
      const blamed = place.items.flatMap((item) => {
        const blame = place.items.length === 1
          ? failure
          : planned.blame(item, failed);
        return blame ? [{ item, ...blame }] : [];
      });
      // The place itself is to blame.
      if (blamed.length === 0) throw failure.error;
      for (const { item: { item }, error } of blamed) {
        const { wanted: { reference, from, platforms }, platform } = item;
        const several = platforms === "all" || (platforms?.length ?? 0) > 1;
        failures.push({
          reference,
          from,
          platform: several ? platform : undefined,
          error,
        });
      }
      const others = place.items.filter((item) =>
        !blamed.some((each) => each.item === item)
      );
      if (!together || !keepGoing || others.length === 0) continue;
      if (!rewritable([place])) continue;
      copied = await copyAll([placeOf(place.destination, others, failures)]);
      // More of it may fail by then.
      came.push(...copied);
    }
  } finally {
    await planned.end(
      copied.find(({ result }) => result.failure)?.result.failure?.error,
    );
  }
  const there = copied.filter(({ result }) => !result.failure);
  const unwritten = there.length === 0 ? places.path : undefined;
  return { ...await results.of(there, failures), unwritten };
}

/** Whether what has failed can be written anew, which a stream cannot. */
function rewritable(places: readonly PlannedPlace[]): boolean {
  return places.every(({ destination }) => destination.output !== undefined);
}

function warnOfLayers(
  { items }: PlannedPlace,
  how: Layers,
  told: Set<string>,
  onEvent: OnEvent,
): void {
  for (const { item: { wanted }, root } of items) {
    for (const { found } of root.images) {
      const { layers } = found.parsed;
      if (how === "zstd" && layers.length > 0 && !told.has(how)) {
        told.add(how);
        onEvent({ type: "warning", warning: { code: "zstd-layer" } });
      }
      warnOf(
        layers,
        how,
        (event) => onEvent({ images: [wanted.name], ...event }),
      );
    }
  }
}

function warnOf(
  layers: readonly Descriptor[],
  how: Layers,
  onEvent: OnEvent,
): void {
  const warn = (warning: Warning) => onEvent({ type: "warning", warning });
  if (
    how === "as-is" &&
    layers.some(({ mediaType }) => mediaType.endsWith("zstd"))
  ) {
    warn({ code: "zstd-layer" });
  }
  if (layers.length > DOCKER_LAYERS) {
    const limit = DOCKER_LAYERS;
    warn({ code: "many-layers", layers: layers.length, limit });
  }
}
