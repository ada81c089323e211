/** Images that lie on this machine as a source: in an archive or a layout. */

import { type Delta, lacksOf } from "../../image/delta.ts";
import { verifyBytes } from "../../image/digest.ts";
import { ArchiveError, InvalidDocumentError } from "../../image/errors.ts";
import type { HeldImage } from "../../image/held_image.ts";
import type { CallOptions, ImageSource } from "../../image/image_source.ts";
import { MAX_DOCUMENT_SIZE } from "../../image/manifest.ts";
import type { Reference } from "../../image/reference.ts";
import type { ReferrerEntry } from "../../image/referrer.ts";
import type {
  BlobBody,
  Descriptor,
  Document,
  FileRegion,
  RangeOptions,
} from "../../image/types.ts";
import { heldReferrers } from "./held_referrers.ts";

/** How much is read of a file at a time, in bytes. */
const STEP_BYTES = 256 * 1024;

/** A blob on this machine, opened. */
export interface LocalBlob {
  /** Where it lies. */
  readonly region: FileRegion;
  /** Reads bytes at a position; returns how many there were. */
  read(bytes: Uint8Array<ArrayBuffer>, position: number): Promise<number>;
  /** Ends the reading. */
  close(): Promise<void>;
}

/** What holds images on this machine. */
export interface ImageHolder {
  /** Where, for errors. */
  readonly path: string;
  /** The images in it. */
  images(): Promise<HeldImage[]>;
  /** A manifest or an index by its digest, verified, if it is there. */
  document(digest: string): Promise<Document | undefined>;
  /** A blob, if it is there in that size. */
  blob(descriptor: Descriptor): Promise<LocalBlob | undefined>;
  /** All that its `index.json` names, with what is said of it there. */
  entries?(): Promise<readonly Descriptor[]>;
  /** What it lacks, where it says that it is a delta. */
  delta?: Delta;
}

/** An image of a holder; its blobs are verified by whoever takes them. */
export class LocalSource implements ImageSource {
  readonly #holder: ImageHolder;
  readonly #reference: Reference;
  readonly #chosen: ReadonlyMap<string, Descriptor>;

  /**
   * Reads nothing yet.
   *
   * @param holder What holds the image.
   * @param reference What it is called, whose tag plays no part here.
   * @param chosen What tags stand for, whatever the holder says of them.
   */
  constructor(
    holder: ImageHolder,
    reference: Reference,
    chosen: ReadonlyMap<string, Descriptor> = new Map(),
  ) {
    this.#holder = holder;
    this.#reference = reference;
    this.#chosen = chosen;
  }

  /** Says what a tag or a digest names. */
  async resolve(
    tagOrDigest: string,
    options?: CallOptions,
  ): Promise<Descriptor> {
    return (await this.fetchManifest(tagOrDigest, options)).descriptor;
  }

  /** Reads a manifest or an index, and verifies it. */
  async fetchManifest(
    target: string | Descriptor,
    { signal }: CallOptions = {},
  ): Promise<Document> {
    signal?.throwIfAborted();
    if (typeof target !== "string") {
      const known = await this.#holder.document(target.digest);
      if (!known) throw this.#missing(target.digest);
      await verifyBytes(known.bytes, target);
      return { descriptor: target, bytes: known.bytes };
    }
    const digest = target.includes(":") ? target : await this.#tagged(target);
    const found = digest && await this.#holder.document(digest);
    if (!found) throw this.#missing(target);
    return found;
  }

  /** Reads a blob that is a document, and verifies it. */
  async fetchSmallBlob(
    descriptor: Descriptor,
    { signal }: CallOptions = {},
  ): Promise<Document> {
    const { size, digest } = descriptor;
    if (size > MAX_DOCUMENT_SIZE) {
      throw new InvalidDocumentError(
        `blob ${digest}`,
        { code: "too-large", size, limit: MAX_DOCUMENT_SIZE },
      );
    }
    signal?.throwIfAborted();
    const blob = await this.#blob(descriptor);
    try {
      const bytes = new Uint8Array(size);
      const length = await blob.read(bytes, 0);
      await verifyBytes(bytes.subarray(0, length), descriptor);
      return { descriptor, bytes };
    } finally {
      await blob.close();
    }
  }

  /** Begins to read a blob, or a range of it. */
  async fetchBlob(
    descriptor: Descriptor,
    { offset = 0, end = descriptor.size, signal }: RangeOptions = {},
  ): Promise<BlobBody> {
    signal?.throwIfAborted();
    const blob = await this.#blob(descriptor);
    const partial = offset > 0 || end < descriptor.size;
    const body = bodyOf(blob, offset, end, signal);
    return { body, offset, partial, host: this.#holder.path };
  }

  /** Where a blob lies. */
  async local(descriptor: Descriptor): Promise<FileRegion | undefined> {
    const blob = await this.#holder.blob(descriptor);
    await blob?.close();
    return blob?.region;
  }

  /**
   * Lists what is said to refer to a digest, or to an index that lists it, as
   * the whole may lie here that was pruned.
   */
  async referrers(
    digest: string,
    { signal }: CallOptions = {},
  ): Promise<ReferrerEntry[]> {
    signal?.throwIfAborted();
    const { entries } = this.#holder;
    if (!entries) return [];
    return await heldReferrers({
      entries,
      document: (each) => this.#holder.document(each),
    }, digest);
  }

  /** Lists all images that lie beside this one. */
  images(): Promise<HeldImage[]> {
    return this.#holder.images();
  }

  /** Lists the tags by which the repository's images are there. */
  async tags(_options?: CallOptions): Promise<string[]> {
    const tags = new Set<string>();
    for (const image of await this.#holder.images()) {
      if (this.#isHere(image)) tags.add(image.reference!.tag!);
    }
    return [...tags].sort();
  }

  /** Whether an image has a tag in this repository. */
  #isHere({ reference }: HeldImage): boolean {
    const { registry, repository } = this.#reference;
    return reference?.registry === registry &&
      reference.repository === repository && reference.tag !== undefined &&
      reference.digest === undefined;
  }

  async #tagged(tag: string): Promise<string | undefined> {
    const chosen = this.#chosen.get(tag);
    if (chosen) return chosen.digest;
    const images = await this.#holder.images();
    const found = images.find((image) =>
      this.#isHere(image) && image.reference?.tag === tag
    );
    return found?.descriptor.digest;
  }

  async #blob(descriptor: Descriptor): Promise<LocalBlob> {
    const blob = await this.#holder.blob(descriptor);
    if (!blob) throw this.#missing(descriptor.digest);
    return blob;
  }

  #missing(name: string): ArchiveError {
    const { path, delta } = this.#holder;
    const problem = lacksOf(delta, name) ??
      { code: "missing-file" as const, name };
    return new ArchiveError(path, problem);
  }
}

function bodyOf(
  blob: LocalBlob,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  let position = start;
  return new ReadableStream({
    async pull(controller) {
      try {
        signal?.throwIfAborted();
        const bytes = new Uint8Array(Math.min(STEP_BYTES, end - position));
        const length = bytes.length && await blob.read(bytes, position);
        position += length;
        if (length > 0) controller.enqueue(bytes.subarray(0, length));
        if (position < end && length > 0) return;
        await blob.close();
        controller.close();
      } catch (error) {
        await blob.close();
        controller.error(error);
      }
    },
    cancel: () => blob.close(),
  }, { highWaterMark: 0 });
}
