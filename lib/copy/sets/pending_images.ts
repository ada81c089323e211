/** Images whose layers are asked for while their configurations are on the way. */

import type { OnEvent, PullEvent } from "../../image/events.ts";
import {
  type DocumentOptions,
  imageConfig,
  type ImageDocuments,
  type ImageManifest,
} from "./documents.ts";
import { isRefusal } from "../../transfer/admission.ts";

/** An image whose configuration is asked for. */
export interface PendingImage {
  /** Its manifest. */
  found: ImageManifest;
  /** How to ask. */
  options: DocumentOptions;
  /** Makes what is told of the documents before all else. */
  planned: (documents: ImageDocuments) => Promise<PullEvent>;
}

/** The way to the images' documents. It begins at once, and must be waited for. */
export class PendingImages {
  /** Each settles when its configuration is there, and that has been told. */
  readonly documents: readonly Promise<ImageDocuments>[];
  /** Settles when no configuration needs a connection any more, or not for now. */
  readonly configsDone: Promise<unknown>;
  readonly #end = new AbortController();
  readonly #onEvent: OnEvent;
  /** What is told once the documents are there. */
  #waiting: PullEvent[] | undefined = [];
  /** What brings the layers. */
  #layers: Promise<unknown> | undefined;
  #layersCome = false;
  /** How many are still to come. */
  #open: number;
  #someCame = false;

  /**
   * Asks for the configurations of images.
   *
   * @param images The images.
   * @param onEvent Is told what goes on beside them, once they have been told of.
   */
  constructor(images: readonly PendingImage[], onEvent: OnEvent) {
    this.#onEvent = onEvent;
    const done: Promise<void>[] = [];
    this.documents = images.map((image) => {
      let configDone: () => void = () => {};
      done.push(new Promise((resolve) => configDone = resolve));
      const documents = this.#find(image, configDone);
      documents.then(configDone, configDone);
      return documents;
    });
    this.configsDone = Promise.all(done);
    this.#open = images.length;
    if (images.length === 0) this.#flush();
  }

  async #find(
    { found, options, planned }: PendingImage,
    configDone: () => void,
  ): Promise<ImageDocuments> {
    const ends = [options.signal ?? [], this.#end.signal].flat();
    const asking = { ...options, signal: AbortSignal.any(ends) };
    try {
      const documents = await this.#ask(found, asking, configDone);
      options.onEvent(await planned(documents));
      this.#someCame = true;
      return documents;
    } finally {
      if (--this.#open === 0 && this.#someCame) this.#flush();
    }
  }

  async #ask(
    image: ImageManifest,
    options: DocumentOptions,
    configDone: () => void,
  ): Promise<ImageDocuments> {
    try {
      return await imageConfig(image, options);
    } catch (error) {
      // A registry may take no more connections than the layers have.
      if (!this.#layersCome || !isRefusal(error)) throw error;
      configDone();
      await this.#layers;
      return await imageConfig(image, options);
    }
  }

  /** Is told what brings the layers. */
  readonly onTransfer = (layers: Promise<unknown>): void => {
    this.#layers = layers.catch(() => {});
  };

  /** Tells of what goes on beside them, once the documents have been told of. */
  readonly onEvent: OnEvent = (event) => {
    if (event.type === "blob-progress") this.#layersCome = true;
    if (this.#waiting) this.#waiting.push(event);
    else this.#onEvent(event);
  };

  /** Nothing is asked for any more; settles when that has ended. */
  async end(reason: unknown): Promise<void> {
    this.#end.abort(reason);
    await Promise.allSettled(this.documents);
  }

  #flush(): void {
    const events = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of events) this.#onEvent(event);
  }
}
