/** What the pull of a set has brought, as it is told. */

import type { OnEvent } from "../../image/events.ts";
import type { Descriptor } from "../../image/types.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import type { BlobOutcome } from "../../transfer/transfer.ts";
import type { CopyResult } from "../engine/copy_options.ts";
import type { DownloadTime } from "./download_time.ts";
import { type GraphRoot, rootBlobs } from "../engine/graph.ts";
import type { PlannedItem, PlannedPlace } from "./planned_set.ts";
import {
  type PulledImage,
  pulledImage,
  type PullFailure,
  type PullImagesResult,
  type PullResult,
  statisticsOf,
} from "../pull_result.ts";
import { nameImage } from "../targets/layout.ts";

/** A place that is complete, and what came of it. */
export interface CopiedPlace {
  /** The place. */
  place: PlannedPlace;
  /** What came of it. */
  result: CopyResult;
}

/** What the results are made with. */
export interface ResultOptions {
  /** When the pull began. */
  start: number;
  /** How long the layers took. */
  timing: DownloadTime;
  /** The cache, which learns the images' names. */
  cache?: LayoutStore;
  /** Told of what was written. */
  onEvent: OnEvent;
}

/** Makes the results of a pull. */
export class SetResults {
  readonly #options: ResultOptions;
  /** The blobs whose bytes are told of already. */
  readonly #told = new Set<string>();

  /** Of a pull that has begun. */
  constructor(options: ResultOptions) {
    this.#options = options;
  }

  /** The result of all. */
  async of(
    copied: readonly CopiedPlace[],
    failures: readonly PullFailure[],
  ): Promise<PullImagesResult> {
    const results: PullResult[] = [];
    for (const { place, result } of copied) {
      results.push(...await this.#place(place, result));
    }
    await this.#name(copied);
    const outcomes = distinctOutcomes(copied);
    const layers = copied.flatMap(({ place }) => layersOf(place));
    const there = copied.filter(({ result }) => result.upToDate)
      .flatMap(({ place }) => layersOf(place))
      .filter(({ digest }) =>
        !outcomes.some(({ descriptor }) => descriptor.digest === digest)
      );
    return {
      results,
      failures: [...failures],
      ...statisticsOf(layers, outcomes, {
        there,
        cache: this.#options.cache !== undefined,
      }),
      ...this.#times(),
    };
  }

  async #place(
    { destination: { path, target }, items, graph }: PlannedPlace,
    { upToDate, outcomes }: CopyResult,
  ): Promise<PullResult[]> {
    const size = await target.sizeOf(graph);
    const parts = target.parts?.(graph);
    const delta = await target.lacks?.(graph);
    const names = items.map(({ item }) => item.wanted.name);
    if (!upToDate) {
      this.#options.onEvent({ type: "written", path, size, images: names });
    }
    const { roots } = target.written?.(graph) ?? graph;
    return await Promise.all(items.map(async ({ item, root }, i) => {
      const there = roots[i]!;
      const images: PulledImage[] = [];
      for (const { documents } of there.images) {
        images.push(pulledImage(await documents));
      }
      const digests = new Set(rootBlobs(root).map(({ digest }) => digest));
      const layers = [...graph.blobs.values()]
        .map(({ descriptor }) => descriptor)
        .filter(({ digest }) => digests.has(digest));
      const own = outcomes.filter(({ descriptor: { digest } }) =>
        digests.has(digest) && !this.#told.has(digest)
      );
      for (const { descriptor } of own) this.#told.add(descriptor.digest);
      const result: PullResult = {
        reference: item.wanted.reference,
        digest: item.top.descriptor.digest,
        named: there.top.descriptor,
        ...images[0] ?? noImage(there),
        images,
        path,
        size,
        upToDate,
        ...statisticsOf(layers, own, {
          there: upToDate ? layers : [],
          cache: this.#options.cache !== undefined,
        }),
        ...this.#times(),
      };
      if (parts) result.parts = parts;
      if (delta) result.delta = delta;
      return result;
    }));
  }

  /**
   * Names the images in the cache. By its name, the next pull would ask nobody
   * whether one is there; and whoever reads the cache as a layout would find no
   * layers.
   */
  async #name(copied: readonly CopiedPlace[]): Promise<void> {
    const { cache } = this.#options;
    if (!cache) return;
    const items: PlannedItem[] = copied.flatMap(({ place }) => place.items);
    for (const { item, root } of items) {
      // The first is the one that is found by its name alone.
      for (const { found, documents } of root.images.toReversed()) {
        if (!found.confirmed || !await cache.hasAll(found.parsed.layers)) {
          continue;
        }
        const named = await documents;
        const { digest: sourceDigest } = item.top.descriptor;
        await cache.noteUse(
          await nameImage(cache, item.wanted.reference, named, {
            sourceDigest,
          }),
        );
      }
    }
  }

  #times() {
    const { start, timing } = this.#options;
    return {
      elapsed: performance.now() - start,
      downloadTime: timing.elapsed,
    };
  }
}

/** What stands in place of an image in a result that has none. */
function noImage({ top: { descriptor } }: GraphRoot): PulledImage {
  const platform = { os: "unknown", architecture: "unknown" };
  return { manifest: descriptor, imageId: descriptor.digest, platform };
}

function layersOf({ graph }: PlannedPlace): Descriptor[] {
  return [...graph.blobs.values()].map(({ descriptor }) => descriptor);
}

/** What became of each blob; one that came for several places came once. */
function distinctOutcomes(copied: readonly CopiedPlace[]): BlobOutcome[] {
  const outcomes = copied.flatMap(({ result }) => result.outcomes);
  return [
    ...new Map(outcomes.map((each) => [each.descriptor.digest, each])).values(),
  ];
}
