/** Repositories of a registry, which images are pushed to. */

import { distinct, totalSize } from "../../image/descriptors.ts";
import type { OnEvent } from "../../image/events.ts";
import { isIndex } from "../../image/media_types.ts";
import { formatReference } from "../../image/reference.ts";
import type { Descriptor, Document, FileRegion } from "../../image/types.ts";
import type { StoreEntry } from "../../layout/entry.ts";
import { fileContent } from "../../registry/upload/content.ts";
import { type GraphRoot, type ImageGraph, rootBlobs } from "../engine/graph.ts";
import { localRegion } from "../engine/local_region.ts";
import { sideBySide } from "../sets/side_by_side.ts";
import type {
  ImageTarget,
  TargetOptions,
  TargetWriter,
} from "../engine/target.ts";
import { openWindow, type Window } from "../engine/window.ts";
import { type Pushed, RegistryBlobs } from "./registry_blobs.ts";
import {
  documentsOf,
  nameOf,
  placed,
  placesOf,
  type PushPlace,
  type RegistryPlaces,
} from "./registry_places.ts";

/** How images get into a registry. */
export interface RegistryTargetOptions extends RegistryPlaces {
  /** Connections at a time. */
  concurrency: number;
}

/** A registry as a target, which tells what it has sent. */
export interface RegistryTarget extends ImageTarget {
  /** What it has sent so far. */
  readonly pushed: Pushed;
}

/** So many small requests go out at a time; none of them costs a quota. */
const QUESTIONS = 8;

/**
 * A registry as a target. Blobs go first, each once to the registry and from
 * there to its other repositories; then manifests, indexes after what they
 * list, and what refers to others last.
 */
export function registryTarget(options: RegistryTargetOptions): RegistryTarget {
  const pushed = { sent: 0, resumed: 0, uploaded: 0, mounted: 0, there: 0 };
  /** What was found out of a registry while it was looked at is of use later. */
  const known = new WeakMap<readonly GraphRoot[], PushPlace[]>();
  const places = (roots: readonly GraphRoot[], onEvent: OnEvent) => {
    const found = known.get(roots) ?? placesOf(roots, options, onEvent);
    known.set(roots, found);
    return found;
  };
  return {
    uploads: true,
    pushed,
    sizeOf: ({ blobs, documents }) =>
      totalSize([...blobs.values()].map(({ descriptor }) => descriptor)) +
      totalSize([...documents.values()].map(({ descriptor }) => descriptor)),
    async holds({ roots }, { signal, onEvent = () => {} }) {
      const there = places(roots, onEvent);
      let held = true;
      await sideBySide(placed(there), QUESTIONS, async ([place, root]) => {
        held &&= await isThere(place, root, options, signal);
      });
      if (held) tellAll(there, options, onEvent);
      return held;
    },
    open(graph, target) {
      const { onEvent = () => {} } = target;
      const there = places(graph.roots, onEvent);
      return RegistryWriter.open(graph, target, options, pushed, there);
    },
  };
}

async function isThere(
  { repository }: PushPlace,
  root: GraphRoot,
  options: RegistryTargetOptions,
  signal?: AbortSignal,
): Promise<boolean> {
  const names: { document: Document; tag?: string }[] = [
    { document: root.top, tag: nameOf(root, options) },
    ...documentsOf(root).referrers,
  ];
  for (const { document, tag } of names) {
    const { digest } = document.descriptor;
    if (await repository.digest(tag ?? digest, signal) !== digest) return false;
  }
  for (const { document } of names.slice(1)) {
    if (!await repository.notes(document, signal)) return false;
  }
  return true;
}

function tellAll(
  places: PushPlace[],
  options: RegistryTargetOptions,
  onEvent: OnEvent,
): void {
  for (const [, root] of placed(places)) {
    const { registry, repository, tag } = options.place(root);
    const { descriptor } = root.top;
    const digest = tag === undefined ? descriptor.digest : undefined;
    const reference = formatReference({ registry, repository, tag, digest });
    onEvent({ type: "pushed", reference, descriptor });
    const { left: count } = documentsOf(root);
    if (count === 0) continue;
    const warning = { code: "referrers-left", reference, count } as const;
    onEvent({ type: "warning", warning });
  }
}

/** What is being pushed. */
class RegistryWriter implements TargetWriter {
  readonly ended: AbortSignal;
  order: readonly string[] | undefined;
  readonly #end = new AbortController();
  readonly #places: PushPlace[];
  readonly #options: RegistryTargetOptions;
  readonly #signal: AbortSignal;
  /** The caller's own. */
  readonly #stop: AbortSignal | undefined;
  readonly #onEvent: OnEvent;
  readonly #blobs: RegistryBlobs;
  #window: Window | undefined;

  private constructor(
    places: PushPlace[],
    options: RegistryTargetOptions,
    pushed: Pushed,
    { signal, onEvent = () => {} }: TargetOptions,
  ) {
    this.#places = places;
    this.#options = options;
    this.#onEvent = onEvent;
    this.ended = this.#end.signal;
    this.#stop = signal;
    this.#signal = signal ? AbortSignal.any([signal, this.ended]) : this.ended;
    this.#blobs = new RegistryBlobs(places, pushed, {
      signal: this.#signal,
      cut: this.ended,
    });
  }

  /** Asks what is there, and mounts what can be. */
  static async open(
    graph: ImageGraph,
    target: TargetOptions,
    options: RegistryTargetOptions,
    pushed: Pushed,
    places: PushPlace[],
  ): Promise<RegistryWriter> {
    const { cache } = target;
    const writer = new RegistryWriter(places, options, pushed, target);
    const blobs = [...graph.blobs.values()];
    await sideBySide(
      blobs,
      QUESTIONS,
      ({ descriptor }) => writer.#blobs.find(descriptor),
    );
    if (cache) return writer;
    const waiting: Descriptor[] = [];
    for (const blob of blobs) {
      const missing = writer.#blobs.lacks(blob.descriptor.digest);
      if (missing && !await localRegion(blob)) waiting.push(blob.descriptor);
    }
    if (waiting.length === 0) return writer;
    // In a window, blobs have to come in the order that it was opened with.
    waiting.sort((a, b) => b.size - a.size);
    writer.#window = await openWindow(waiting);
    writer.order = waiting.map(({ digest }) => digest);
    return writer;
  }

  get store(): Window["store"] | undefined {
    return this.#window?.store;
  }

  wants({ digest }: Descriptor): Promise<boolean> {
    return Promise.resolve(this.#blobs.lacks(digest));
  }

  async room(descriptor: Descriptor, signal: AbortSignal): Promise<void> {
    await this.#window?.room(descriptor, signal);
  }

  async deliver(
    descriptor: Descriptor,
    open: () => Promise<StoreEntry>,
  ): Promise<void> {
    const entry = await open();
    try {
      await this.#blobs.send(descriptor, fileContent(descriptor, entry.region));
    } finally {
      await entry.close();
    }
    await this.#window?.release(descriptor);
  }

  async upload(descriptor: Descriptor, region: FileRegion): Promise<void> {
    await this.#blobs.send(descriptor, fileContent(descriptor, region));
  }

  async commit(graph: ImageGraph): Promise<void> {
    await this.#sendDocuments(graph);
    for (const place of this.#places) await this.#put(place);
    tellAll(this.#places, this.#options, this.#onEvent);
    await this.#window?.close();
  }

  async close(error?: unknown): Promise<void> {
    // Whoever stops it wants to go on later: what is under way ends by itself.
    if (!this.#stop?.aborted) this.#end.abort(error);
    await this.#blobs.settle();
    await this.#window?.close();
  }

  /** Sends configurations, and blobs that are documents of other images. */
  async #sendDocuments(
    { images, documents, blobs }: ImageGraph,
  ): Promise<void> {
    const known = new Map(documents);
    for (
      const { config } of await Promise.all(
        images.map((image) => image.documents),
      )
    ) known.set(config.descriptor.digest, config);
    const tasks = this.#places.flatMap((place) => {
      const wanted = place.roots.flatMap((root) => [
        ...root.images.map(({ found }) => found.parsed.config),
        ...rootBlobs(root).filter(({ digest }) => !blobs.has(digest)),
      ]);
      return distinct(wanted).flatMap(({ digest }) => {
        const document = known.get(digest);
        return document ? { place, document } : [];
      });
    });
    const { concurrency } = this.#options;
    await sideBySide(
      tasks,
      concurrency,
      ({ place, document }) => this.#blobs.sendDocument(place, document),
    );
  }

  /** Puts the documents of a repository, each after what it lists. */
  async #put({ repository, roots }: PushPlace): Promise<void> {
    const signal = this.#signal;
    const { concurrency } = this.#options;
    const put = (document: Document, name = document.descriptor.digest) =>
      repository.put(document, [name], { signal });
    const all = roots.map((root) => ({ root, ...documentsOf(root) }));
    const parts = all.flatMap(({ parts }) => parts);
    const isList = ({ descriptor }: Document) => isIndex(descriptor.mediaType);
    const leaves = parts.filter((each) => !isList(each));
    await sideBySide(leaves, concurrency, (each) => put(each));
    for (const each of parts.filter(isList)) await put(each);
    for (const { root } of all) {
      await put(root.top, nameOf(root, this.#options));
    }
    for (const { document, tag } of all.flatMap((each) => each.referrers)) {
      await put(document, tag);
    }
  }
}
