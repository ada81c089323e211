/** An image whose layers are asked for while its configuration is on its way. */

import type { OnEvent, PullEvent } from "../image/events.ts";
import {
  type DocumentOptions,
  imageConfig,
  type ImageDocuments,
  type ImageManifest,
} from "./documents.ts";
import { isRefusal } from "../transfer/admission.ts";

/** The way to an image's documents. It begins at once, and must be waited for. */
export class PendingImage {
  /** Settles when the configuration is there, and that has been told. */
  readonly documents: Promise<ImageDocuments>;
  /** Settles when the configuration needs no connection any more, or not for now. */
  readonly configDone: Promise<void>;
  /** Ends when either fails, the documents or what goes on beside them. */
  readonly signal: AbortSignal;
  readonly #failure = new AbortController();
  readonly #onEvent: OnEvent;
  /** What is told once the documents are there. */
  #waiting: PullEvent[] | undefined = [];
  #resolveConfigDone: () => void = () => {};
  /** What brings the layers. */
  #layers: Promise<unknown> | undefined;
  #layersCome = false;

  /**
   * Asks for the configuration of an image.
   *
   * @param image Its manifest.
   * @param options How to ask.
   * @param planned Makes what is told of the documents before all else.
   */
  constructor(
    image: ImageManifest,
    options: DocumentOptions,
    planned: (documents: ImageDocuments) => Promise<PullEvent>,
  ) {
    const { signal, onEvent } = options;
    this.#onEvent = onEvent;
    this.signal = signal
      ? AbortSignal.any([signal, this.#failure.signal])
      : this.#failure.signal;
    this.configDone = new Promise((resolve) =>
      this.#resolveConfigDone = resolve
    );
    this.documents = this.#find(image, options, planned);
    this.documents.then(this.#resolveConfigDone, (error) => {
      this.#resolveConfigDone();
      this.#failure.abort(error);
    });
  }

  async #find(
    image: ImageManifest,
    options: DocumentOptions,
    planned: (documents: ImageDocuments) => Promise<PullEvent>,
  ): Promise<ImageDocuments> {
    const { signal } = this;
    const documents = await this.#ask(image, { ...options, signal });
    const first = await planned(documents);
    const events = [first, ...this.#waiting!];
    this.#waiting = undefined;
    for (const event of events) this.#onEvent(event);
    return documents;
  }

  async #ask(
    image: ImageManifest,
    options: DocumentOptions,
  ): Promise<ImageDocuments> {
    try {
      return await imageConfig(image, options);
    } catch (error) {
      // A registry may take no more connections than the layers have.
      if (!this.#layersCome || !isRefusal(error)) throw error;
      this.#resolveConfigDone();
      await this.#layers;
      return await imageConfig(image, options);
    }
  }

  /** Is told what brings the layers. */
  readonly onTransfer = (layers: Promise<unknown>): void => {
    this.#layers = layers.catch(() => {});
  };

  /** Tells of what goes on beside it, once the documents have been told of. */
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
      await this.documents.catch(() => {});
      throw error;
    }
  }
}
