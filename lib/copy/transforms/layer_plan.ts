/** What becomes of images whose layers are compressed in another way. */

import { InvalidDocumentError, StorageError } from "../../image/errors.ts";
import { parseConfig } from "../../image/manifest.ts";
import type { Descriptor, Document, Fetcher } from "../../image/types.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import type { NewBlob } from "../../layout/new_blob.ts";
import type { ImageDocuments } from "../sets/documents.ts";
import {
  type GraphImage,
  graphOf,
  type GraphRoot,
  type ImageGraph,
} from "../engine/graph.ts";
import { type LayerForm, layerForm } from "./layer_types.ts";
import { newIndex, newManifest } from "./new_documents.ts";
import type { LayerSource } from "./recompress.ts";
import { Recompressed } from "./results.ts";

/** What is to be made anew of a graph's layers, and what of it is there. */
export class LayerPlan {
  /** The layers that are to be made anew, by digest. */
  readonly sources: ReadonlyMap<string, LayerSource>;
  readonly #graph: ImageGraph;
  readonly #form: LayerForm;
  readonly #documents: ReadonlyMap<GraphImage, ImageDocuments>;
  readonly #results: Recompressed | undefined;
  readonly #made: Map<string, NewBlob> = new Map();

  private constructor(
    graph: ImageGraph,
    form: LayerForm,
    documents: ReadonlyMap<GraphImage, ImageDocuments>,
    results: Recompressed | undefined,
  ) {
    this.#graph = graph;
    this.#form = form;
    this.#documents = documents;
    this.#results = results;
    this.sources = sourcesOf([...documents.values()], form);
  }

  /**
   * Waits for the images' configurations, and looks up what is known.
   *
   * @param graph The images.
   * @param form How the layers are to be compressed.
   * @param cache Where results are remembered.
   */
  static async of(
    graph: ImageGraph,
    form: LayerForm,
    cache?: LayoutStore,
  ): Promise<LayerPlan> {
    const documents = new Map<GraphImage, ImageDocuments>();
    for (const image of graph.images) {
      documents.set(image, await image.documents);
    }
    const results = cache && new Recompressed(cache, form);
    const plan = new LayerPlan(graph, form, documents, results);
    for (const [digest, source] of plan.sources) {
      const blob = await results?.find(source) ??
        (form === "plain" ? await plainIn(source, cache) : undefined);
      if (blob) plan.#made.set(digest, blob);
    }
    await cache?.hold([...plan.#made.values()].map(({ digest }) => digest));
    return plan;
  }

  /** Whether all that comes out is known, whether it is there or not. */
  get isKnown(): boolean {
    return this.#made.size === this.sources.size;
  }

  /** Whether what is made of a layer lies in a store already. */
  async isMade({ layer }: LayerSource, store: LayoutStore): Promise<boolean> {
    const blob = this.#made.get(layer.digest);
    const { mediaType } = layer;
    return blob !== undefined && await store.has({ mediaType, ...blob });
  }

  /** Is told what was made of a layer. */
  add(source: LayerSource, blob: NewBlob): void {
    this.#made.set(source.layer.digest, blob);
    this.#results?.add(source, blob);
  }

  /** Remembers what was made. */
  async save(): Promise<void> {
    await this.#results?.save();
  }

  /**
   * The images with what was made of their layers.
   *
   * @param store Where that lies.
   */
  async newGraph(store: LayoutStore): Promise<ImageGraph> {
    const others = new Map<string, Document>();
    const roots: GraphRoot[] = [];
    for (const root of this.#graph.roots) {
      const images: GraphImage[] = [];
      for (const image of root.images) {
        images.push(await this.#newImage(image, others));
      }
      // Those below come before those that name them.
      const documents: Document[] = [];
      for (const document of root.documents) {
        documents.push(await changed(document, others));
      }
      const top = await changed(root.top, others);
      roots.push({ ...root, top, images, documents });
    }
    const graph = graphOf(roots, this.#graph.annotations);
    const blobs = new Map(graph.blobs);
    for (const { digest } of this.#made.values()) {
      const blob = blobs.get(digest);
      // It may be another image's layer as its registry has it.
      if (blob && !this.#graph.blobs.has(digest)) {
        blobs.set(digest, { ...blob, source: madeIn(store) });
      }
    }
    return { ...graph, blobs };
  }

  async #newImage(
    image: GraphImage,
    others: Map<string, Document>,
  ): Promise<GraphImage> {
    const known = this.#documents.get(image)!;
    const { manifest, parsed } = known;
    const changed = await newManifest(
      manifest,
      parsed,
      this.#form,
      ({ digest }) => this.#made.get(digest),
    );
    if (changed.manifest !== manifest) {
      others.set(manifest.descriptor.digest, changed.manifest);
    }
    const found = { ...known, ...changed };
    return { ...image, found, documents: Promise.resolve(found) };
  }
}

/** A plain layer that lies in the cache, as an import may have brought it. */
async function plainIn(
  { diffId }: LayerSource,
  cache: LayoutStore | undefined,
): Promise<NewBlob | undefined> {
  const size = await cache?.sizeOf(diffId);
  return size === undefined ? undefined : { digest: diffId, size };
}

/** The layers that are not as they should be, each once. */
function sourcesOf(
  images: readonly ImageDocuments[],
  form: LayerForm,
): Map<string, LayerSource> {
  const sources = new Map<string, LayerSource>();
  const diffIds = new Map<string, string>();
  for (const { parsed, config } of images) {
    const { diff_ids } = parseConfig(config, parsed).rootfs;
    for (const [i, layer] of parsed.layers.entries()) {
      const { digest } = layer;
      const diffId = diff_ids[i]!;
      if ((diffIds.get(digest) ?? diffId) !== diffId) {
        const subject = `configuration ${parsed.config.digest}`;
        throw new InvalidDocumentError(subject, {
          code: "two-diff-ids",
          digest,
        });
      }
      diffIds.set(digest, diffId);
      if (!isAlready(layer, diffId, form)) {
        sources.set(digest, { layer, diffId });
      }
    }
  }
  return sources;
}

/** Whether a layer needs not be touched. */
function isAlready(
  { digest, mediaType }: Descriptor,
  diffId: string,
  form: LayerForm,
): boolean {
  // What is said to be plain and is not has another digest.
  return form === "plain" ? digest === diffId : layerForm(mediaType) === form;
}

/** What is there in place of a document. */
async function changed(
  document: Document,
  others: Map<string, Document>,
): Promise<Document> {
  const known = others.get(document.descriptor.digest);
  if (known) return known;
  const other = await newIndex(document, others);
  if (other !== document) others.set(document.descriptor.digest, other);
  return other;
}

/** What was made here is had from nowhere else; the next run makes it anew. */
function madeIn(store: LayoutStore): Fetcher {
  return {
    fetchBlob({ digest }) {
      const path = store.blobPath(digest);
      return Promise.reject(new StorageError("read", path, "ENOENT"));
    },
  };
}
