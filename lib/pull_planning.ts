/** From an image's manifest to all of it, while its layers are asked for already. */

import type { OnEvent, PullEvent } from "./events.ts";
import {
  type DocumentOptions,
  imageConfig,
  type ImageDocuments,
  type ImageManifest,
} from "./pull_documents.ts";

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
  /** Ends when either fails, the planning or what goes on beside it. */
  readonly signal: AbortSignal;
  readonly #failure = new AbortController();
  readonly #onEvent: OnEvent;
  /** What is told after `planned`. */
  #waiting: PullEvent[] | undefined = [];

  /** Asks for the configuration of an image. */
  constructor(image: ImageManifest, options: PlanningOptions) {
    const { signal, onEvent } = options;
    this.#onEvent = onEvent;
    this.signal = signal
      ? AbortSignal.any([signal, this.#failure.signal])
      : this.#failure.signal;
    this.whole = this.#plan(image, options);
    this.whole.catch((error) => this.#failure.abort(error));
  }

  async #plan(
    image: ImageManifest,
    options: PlanningOptions,
  ): Promise<PlannedImage> {
    const { signal } = this;
    const documents = await imageConfig(image, { ...options, signal });
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

  /** Tells of what goes on beside it, once `planned` has been told. */
  readonly onEvent: OnEvent = (event) => {
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
