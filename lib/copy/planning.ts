/** From an image's manifest to all of it, while its layers are asked for already. */

import type { OnEvent, PullEvent } from "../image/events.ts";
import {
  type DocumentOptions,
  imageConfig,
  type ImageDocuments,
  type ImageManifest,
} from "./documents.ts";
import { isRefusal } from "../transfer/admission.ts";

/** An image's documents, and how much is to be written. */
export interface PlannedImage extends ImageDocuments {
  /** The bytes of what is to be written, the archive or the layout's blobs. */
  size: number;
}

/** What the planning of a layout or an archive needs. */
export interface PlanningOptions extends DocumentOptions {
  /** Tells how many bytes are to be written. */
  sizeOf: (documents: ImageDocuments) => number | Promise<number>;
}

/** The way to a plan. It begins at once, and must be waited for. */
export class Planning {
  /** Settles when the configuration is there, and `planned` has been told. */
  readonly whole: Promise<PlannedImage>;
  /** Settles when the configuration is not asked for any more, or not for now. */
  readonly asked: Promise<void>;
  /** Ends when either fails, the planning or what goes on beside it. */
  readonly signal: AbortSignal;
  readonly #failure = new AbortController();
  readonly #onEvent: OnEvent;
  /** What is told after `planned`. */
  #waiting: PullEvent[] | undefined = [];
  #rest: () => void = () => {};
  /** What brings the layers. */
  #layers: Promise<unknown> | undefined;
  #layersCome = false;

  /** Asks for the configuration of an image. */
  constructor(image: ImageManifest, options: PlanningOptions) {
    const { signal, onEvent } = options;
    this.#onEvent = onEvent;
    this.signal = signal
      ? AbortSignal.any([signal, this.#failure.signal])
      : this.#failure.signal;
    this.asked = new Promise((resolve) => this.#rest = resolve);
    this.whole = this.#plan(image, options);
    this.whole.then(this.#rest, (error) => {
      this.#rest();
      this.#failure.abort(error);
    });
  }

  async #plan(
    image: ImageManifest,
    options: PlanningOptions,
  ): Promise<PlannedImage> {
    const { signal } = this;
    const documents = await this.#documents(image, { ...options, signal });
    const size = await options.sizeOf(documents);
    this.#onEvent({
      type: "planned",
      manifest: documents.manifest.descriptor,
      platform: documents.platform,
      config: documents.config.descriptor,
      layers: documents.parsed.layers,
      size,
    });
    const events = this.#waiting!;
    this.#waiting = undefined;
    for (const event of events) this.#onEvent(event);
    return { ...documents, size };
  }

  async #documents(
    image: ImageManifest,
    options: PlanningOptions,
  ): Promise<ImageDocuments> {
    try {
      return await imageConfig(image, options);
    } catch (error) {
      // A registry may take no more connections than the layers have.
      if (!this.#layersCome || !isRefusal(error)) throw error;
      this.#rest();
      await this.#layers;
      return await imageConfig(image, options);
    }
  }

  /** Is told what brings the layers. */
  async bring<T>(layers: Promise<T>): Promise<T> {
    this.#layers = layers.catch(() => {});
    return await layers;
  }

  /** Tells of what goes on beside it, once `planned` has been told. */
  readonly onEvent: OnEvent = (event) => {
    if (event.type === "blob-progress") this.#layersCome = true;
    if (this.#waiting) this.#waiting.push(event);
    else this.#onEvent(event);
  };

  /** Does something beside it; each fails with the other. */
  async beside<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#failure.abort(error);
      await this.whole.catch(() => {});
      throw error;
    }
  }
}
