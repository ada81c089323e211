/**
 * The blobs of a push: each goes once to the registry, and from there to its
 * other repositories.
 */

import type { Descriptor, Document } from "../../image/types.ts";
import type { BlobUpload } from "../../registry/upload/blob_upload.ts";
import {
  documentContent,
  type UploadContent,
} from "../../registry/upload/content.ts";
import { rootBlobs } from "../engine/graph.ts";
import type { PushPlace } from "./registry_places.ts";

/** What a push has sent. */
export interface Pushed {
  /** Bytes of blobs that were sent. */
  sent: number;
  /** Bytes of them that earlier runs had sent. */
  resumed: number;
  /** How many blobs were sent. */
  uploaded: number;
  /** How many were taken from another repository of the registry. */
  mounted: number;
  /** How many were there already. */
  there: number;
}

/** An upload of a blob, and the repositories that it may be mounted from. */
interface Sending {
  upload: BlobUpload;
  sources: readonly string[];
}

/** Uploads of one blob, and the names of those repositories that have it. */
interface Pending {
  uploads: Sending[];
  having: string[];
}

/** What ends the sending. */
export interface SendingEnds {
  /** Stops it, once the parts under way are there. */
  signal: AbortSignal;
  /** Breaks these off, too. */
  cut: AbortSignal;
}

/** Sends blobs to where they are lacking. */
export class RegistryBlobs {
  readonly #places: readonly PushPlace[];
  readonly #pushed: Pushed;
  readonly #ends: SendingEnds;
  /** By digest, what some repository lacks. */
  readonly #pending = new Map<string, Pending>();
  /** What is being sent. */
  readonly #running = new Set<Promise<void>>();

  /**
   * Asks nothing yet.
   *
   * @param pushed Told what is sent.
   */
  constructor(
    places: readonly PushPlace[],
    pushed: Pushed,
    ends: SendingEnds,
  ) {
    this.#places = places;
    this.#pushed = pushed;
    this.#ends = ends;
  }

  /** Whether some repository lacks a blob, once it was looked for there. */
  lacks(digest: string): boolean {
    return this.#pending.has(digest);
  }

  /** Finds out which repositories lack a blob, and has it mounted there. */
  async find(descriptor: Descriptor): Promise<void> {
    const { digest } = descriptor;
    const having: string[] = [];
    const lacking: Sending[] = [];
    for (const place of this.#places) {
      const needs = place.roots.some((root) =>
        rootBlobs(root).some((each) => each.digest === digest)
      );
      if (!needs) continue;
      const sending = this.#sendingTo(place, descriptor);
      if (this.#count(await sending.upload.find())) having.push(place.name);
      else lacking.push(sending);
    }
    const uploads: Sending[] = [];
    for (const each of lacking) {
      if (await this.#mount(each, having)) having.push(each.upload.repository);
      else uploads.push(each);
    }
    if (uploads.length > 0) this.#pending.set(digest, { uploads, having });
  }

  /** Sends a blob to where it is lacking. */
  async send(descriptor: Descriptor, content: UploadContent): Promise<void> {
    const sending = this.#sendOnce(descriptor, content);
    this.#running.add(sending);
    await sending.finally(() => this.#running.delete(sending));
  }

  /** Sends a document as a blob, such as a configuration. */
  async sendDocument(place: PushPlace, document: Document): Promise<void> {
    const sending = this.#sendingTo(place, document.descriptor);
    const { upload } = sending;
    if (this.#count(await upload.find()) || await this.#mount(sending, [])) {
      return;
    }
    this.#count(await upload.send(documentContent(document)));
  }

  /** Waits until nothing is being sent any more. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  #sendingTo(
    { repository, sources }: PushPlace,
    descriptor: Descriptor,
  ): Sending {
    const { signal, cut } = this.#ends;
    return { upload: repository.blob(descriptor, signal, cut), sources };
  }

  async #mount(
    { upload, sources }: Sending,
    having: readonly string[],
  ): Promise<boolean> {
    const from = [
      ...having,
      ...sources.filter((name) =>
        // Those of this push have it by now, or not yet.
        !this.#places.some((place) => place.name === name)
      ),
    ].find((name) => name !== upload.repository);
    if (from === undefined) return false;
    return this.#count(await upload.mount(from));
  }

  #count(outcome: Awaited<ReturnType<BlobUpload["find"]>>): boolean {
    if (!outcome) return false;
    this.#pushed[outcome.how]++;
    this.#pushed.sent += outcome.sent;
    this.#pushed.resumed += outcome.resumed;
    return true;
  }

  /** Sends a blob to the first repository that lacks it; the others mount it. */
  async #sendOnce(
    descriptor: Descriptor,
    content: UploadContent,
  ): Promise<void> {
    const pending = this.#pending.get(descriptor.digest);
    if (!pending) return;
    const { uploads, having } = pending;
    for (const [i, each] of uploads.entries()) {
      // What was there from the start was tried.
      if (i > 0 && await this.#mount(each, having)) continue;
      this.#count(await each.upload.send(content));
      having.unshift(each.upload.repository);
    }
    this.#pending.delete(descriptor.digest);
  }
}
