/**
 * Where layers are made anew: a few threads and a few layers at a time, however
 * many files are written at once, and a layer that several of them want once.
 */

import { Compressor } from "../../compression/compress.ts";
import { Expander } from "../../compression/expand.ts";
import type { StoreEntry } from "../../layout/entry.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import type { NewBlob } from "../../layout/new_blob.ts";
import { Limit } from "../sets/limit.ts";
import type { LayerForm } from "./layer_types.ts";
import { type LayerSource, recompress } from "./recompress.ts";

/** So many layers are made anew at a time, and so many files written of them. */
export const LAYERS_AT_A_TIME = 2;

/** What is to be made of a layer. */
export interface LayerWork {
  /** The way. */
  form: LayerForm;
  /** Where the layer lies, and where the result goes. */
  store: LayoutStore;
  /** Opens the layer, which is verified. */
  open: () => Promise<StoreEntry>;
  /** Ends it. */
  signal?: AbortSignal;
}

/** Makes layers anew, for all who have entered it. */
export class Workshop {
  static #open: Workshop | undefined;
  readonly #compressor = new Compressor();
  readonly #expander = new Expander();
  readonly #layers = new Limit(LAYERS_AT_A_TIME);
  readonly #files = new Limit(LAYERS_AT_A_TIME);
  readonly #made: Map<string, Promise<NewBlob>> = new Map();
  #users = 0;

  /** The one of this process; each who enters leaves it once. */
  static enter(): Workshop {
    const workshop = Workshop.#open ??= new Workshop();
    workshop.#users++;
    return workshop;
  }

  /** The last one ends its threads. */
  leave(): void {
    if (--this.#users > 0) return;
    this.#compressor.close();
    this.#expander.close();
    if (Workshop.#open === this) Workshop.#open = undefined;
  }

  /**
   * Makes a layer anew, unless it was made for somebody else in the meantime.
   *
   * @throws {DockerPullError} As {@linkcode recompress} does.
   */
  async make(source: LayerSource, work: LayerWork): Promise<NewBlob> {
    const { store, form, signal } = work;
    const { layer, diffId } = source;
    const key = `${store.path} ${form} ${layer.digest} ${diffId}`;
    while (true) {
      const making = this.#made.get(key);
      if (!making) break;
      // What has failed for another, or was ended with it, is tried anew.
      const blob = await making.catch(() => undefined);
      signal?.throwIfAborted();
      const { mediaType } = layer;
      if (blob && await store.has({ mediaType, ...blob })) return blob;
      if (this.#made.get(key) === making) this.#made.delete(key);
    }
    const made = this.#layers.run(async () => {
      signal?.throwIfAborted();
      const [compressor, expander] = [this.#compressor, this.#expander];
      const tools = { store, compressor, expander, signal };
      return await recompress(source, await work.open(), form, tools);
    });
    this.#made.set(key, made);
    return await made;
  }

  /** Writes a file when there are few enough at a time. */
  async write<T>(file: () => Promise<T>): Promise<T> {
    return await this.#files.run(file);
  }
}
