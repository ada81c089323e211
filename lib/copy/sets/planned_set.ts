/** A set whose documents were found: what goes where, layer by layer. */

import type { OnEvent, PullEvent } from "../../image/events.ts";
import { formatPlatform } from "../../image/platform.ts";
import { formatReference } from "../../image/reference.ts";
import { type ImageDocuments, layersMayStart } from "./documents.ts";
import {
  type GraphImage,
  graphOf,
  type GraphRoot,
  rootBlobs,
} from "../engine/graph.ts";
import type { ImageGraph } from "../engine/graph.ts";
import type { Destination } from "../places/outputs.ts";
import { PendingImages } from "./pending_images.ts";
import type { PullFailure } from "../pull_result.ts";
import { type IndexOptions, topOf } from "./roots.ts";
import type { SetItem } from "./set_documents.ts";
import type { SetPlace } from "./set_places.ts";

/** What is decided for all names alike. */
export interface PlanOptions extends IndexOptions {
  /** Whether what refers to the images goes along. */
  referrers?: boolean;
}

/** Where the one place says what it lacks. */
const MISSING = "docker-pull.missing";

/** A name on its way, and its documents. */
export interface PlannedItem {
  /** What was found. */
  item: SetItem;
  /** What it stands for. */
  root: GraphRoot;
}

/** A place, and the graph that goes there. */
export interface PlannedPlace {
  /** The place. */
  destination: Destination;
  /** The names, in their order. */
  items: readonly PlannedItem[];
  /** What goes there. */
  graph: ImageGraph;
}

/** A set under way. */
export class PlannedSet {
  /** Where everything goes. */
  readonly places: readonly PlannedPlace[];
  readonly #pending: PendingImages;
  readonly #rejected = new Map<GraphImage, unknown>();

  private constructor(
    places: readonly PlannedPlace[],
    pending: PendingImages,
  ) {
    this.places = places;
    this.#pending = pending;
    for (const { graph } of places) {
      for (const image of graph.images) {
        image.documents.catch((error) => this.#rejected.set(image, error));
      }
    }
  }

  /**
   * Decides what the names stand for, and asks for the configurations.
   *
   * @param places What goes where.
   * @param options How several images get under one name.
   * @param onEvent Is told what goes on, once the documents are there.
   */
  static async plan(
    places: readonly SetPlace[],
    options: PlanOptions,
    onEvent: OnEvent,
  ): Promise<PlannedSet> {
    const tops = new Map(
      await Promise.all(
        places.flatMap(({ items }) => items).map(async (item) => {
          const images = item.images.map(({ found }) => found);
          const top = item.artifact ??
            await topOf(item.top, images, options, item.options);
          return [item, { ...top, ...await proofsOf(item, options) }] as const;
        }),
      ),
    );
    const sizes = new Map<SetItem, () => number | Promise<number>>();
    const planned = async (item: SetItem, documents: ImageDocuments) => {
      const { manifest, config, parsed, platform } = documents;
      return {
        type: "planned",
        manifest: manifest.descriptor,
        platform,
        config: config.descriptor,
        layers: parsed.layers,
        size: await sizes.get(item)!(),
      } satisfies PullEvent;
    };
    const all = places.flatMap(({ items }) =>
      items.flatMap((item) => item.images.map((image) => ({ item, image })))
    );
    const names = new Map<string, string[]>();
    const pending = new PendingImages(
      all.map(({ item, image: { found, options } }) => ({
        found,
        options,
        planned: (documents) => planned(item, documents),
      })),
      (event) => onEvent({ images: namesOf(event, names), ...event }),
    );
    const coming = all.map(({ item, image: { found } }, i) => ({
      item,
      image: {
        reference: item.wanted.reference,
        found,
        documents: pending.documents[i]!,
      },
    }));
    const ready = places.map(({ destination, items }) => {
      const those = items.map((item): PlannedItem => {
        const images = coming.filter((each) => each.item === item)
          .map(({ image }) => image);
        const { wanted: { reference, name }, source } = item;
        const root = { reference, images, source, ...tops.get(item)! };
        for (const { digest } of rootBlobs(root)) {
          const those = names.get(digest) ?? [];
          if (!those.includes(name)) names.set(digest, [...those, name]);
        }
        return { item, root };
      });
      const place = placeOf(destination, those);
      for (const item of items) {
        sizes.set(item, () => destination.target.sizeOf(place.graph));
      }
      return place;
    });
    return new PlannedSet(ready, pending);
  }

  /** Settles when no configuration needs a connection any more, or not for now. */
  get configsDone(): Promise<unknown> {
    return this.#pending.configsDone;
  }

  /** Is told what brings the layers. */
  readonly onTransfer = (layers: Promise<unknown>): void =>
    this.#pending.onTransfer(layers);

  /** Tells of what goes on, once the documents have been told of. */
  readonly onEvent: OnEvent = (event) => this.#pending.onEvent(event);

  /**
   * Why a name cannot be had, where it is to blame itself.
   *
   * @param failed The blobs that cannot.
   */
  blame(
    { root }: PlannedItem,
    failed: ReadonlyMap<string, unknown>,
  ): { error: unknown } | undefined {
    for (const image of root.images) {
      if (this.#rejected.has(image)) {
        return { error: this.#rejected.get(image) };
      }
    }
    const blob = rootBlobs(root).find(({ digest }) => failed.has(digest));
    return blob && { error: failed.get(blob.digest) };
  }

  /** Nothing is asked for any more. */
  async end(reason: unknown): Promise<void> {
    await this.#pending.end(reason);
  }
}

/** What goes along with an image and says something of it. */
async function proofsOf(
  { top, images, source, options: { signal } }: SetItem,
  { referrers }: PlanOptions,
): Promise<Pick<GraphRoot, "proofs">> {
  if (!referrers) return {};
  const { findProofs } = await import("./referrers.ts");
  const manifests = images.map(({ found }) => found.manifest);
  return { proofs: await findProofs(source, top, manifests, signal) };
}

/**
 * The place of some names.
 *
 * @param failures What it lacks, and says so.
 */
export function placeOf(
  destination: Destination,
  items: readonly PlannedItem[],
  failures: readonly PullFailure[] = [],
): PlannedPlace {
  const graph = graphOf(items.map(({ root }) => root), annotationsOf(failures));
  return { destination, items, graph };
}

/**
 * Whether nothing in a configuration is expected to be an obstacle, so that the
 * layers can be asked for before.
 */
export function mayStart({ items }: PlannedPlace): boolean {
  return items.every(({ item: { images } }) =>
    images.every(({ found, options }) => layersMayStart(found, options))
  );
}

function annotationsOf(
  failures: readonly PullFailure[],
): Record<string, string> | undefined {
  if (failures.length === 0) return undefined;
  const names = failures.map(({ reference, platform }) =>
    [formatReference(reference), platform && formatPlatform(platform)]
      .filter(Boolean).join(" ")
  );
  return { [MISSING]: names.join(", ") };
}

function namesOf(
  event: PullEvent,
  names: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined {
  if (!("descriptor" in event)) return undefined;
  return names.get(event.descriptor.digest);
}
