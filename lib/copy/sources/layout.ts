/** An OCI image layout in a folder as a source of images. */

import { verifyBytes } from "../../image/digest.ts";
import { InvalidDocumentError, StorageError } from "../../image/errors.ts";
import type { CallOptions, ImageSource } from "../../image/image_source.ts";
import { MAX_DOCUMENT_SIZE } from "../../image/manifest.ts";
import { formatReference, type Reference } from "../../image/reference.ts";
import type {
  BlobBody,
  Descriptor,
  Document,
  RangeOptions,
} from "../../image/types.ts";
import type { StoreEntry } from "../../layout/entry.ts";
import { LayoutStore } from "../../layout/layout_store.ts";

/** How much is read of a file at a time, in bytes. */
const STEP_BYTES = 256 * 1024;

/** An image in a layout; its blobs are verified by whoever takes them. */
export class LayoutSource implements ImageSource {
  readonly #layout: LayoutStore;
  readonly #reference: Reference;

  private constructor(layout: LayoutStore, reference: Reference) {
    this.#layout = layout;
    this.#reference = reference;
  }

  /**
   * Opens a layout that is there.
   *
   * @param folder The layout's folder.
   * @param reference The image in it, whose tag plays no part here.
   * @throws {StorageError} With the code `not-a-layout` if there is none.
   */
  static async open(
    folder: string,
    reference: Reference,
  ): Promise<LayoutSource> {
    const layout = await LayoutStore.find(folder);
    if (!layout) throw new StorageError("read", folder, "not-a-layout");
    return new LayoutSource(layout, reference);
  }

  /** Says what a tag or a digest names. */
  async resolve(tagOrDigest: string): Promise<Descriptor> {
    return (await this.#document(tagOrDigest)).descriptor;
  }

  /** Reads a manifest or an index, and verifies it. */
  async fetchManifest(target: string | Descriptor): Promise<Document> {
    if (typeof target === "string") return await this.#document(target);
    return { descriptor: target, bytes: await this.#bytes(target) };
  }

  /** Reads a blob that is a document, and verifies it. */
  async fetchSmallBlob(descriptor: Descriptor): Promise<Document> {
    return { descriptor, bytes: await this.#bytes(descriptor) };
  }

  /** Begins to read a blob, or a range of it. */
  async fetchBlob(
    descriptor: Descriptor,
    { offset = 0, end = descriptor.size, signal }: RangeOptions = {},
  ): Promise<BlobBody> {
    signal?.throwIfAborted();
    const entry = await this.#layout.entry(descriptor);
    if (!entry) throw this.#missing(descriptor.digest);
    const partial = offset > 0 || end < descriptor.size;
    const body = bodyOf(entry, offset, end, signal);
    return { body, offset, partial, host: this.#layout.path };
  }

  /** Lists the tags by which the layout has the repository's images. */
  async tags(_options?: CallOptions): Promise<string[]> {
    const { registry, repository } = this.#reference;
    const base = `${registry}/${repository}:`;
    return [...await this.#layout.names()]
      .filter((name) => name.startsWith(base))
      .map((name) => name.slice(base.length))
      .filter((tag) => !tag.includes("@")).sort();
  }

  async #document(tagOrDigest: string): Promise<Document> {
    const isDigest = tagOrDigest.includes(":");
    const { registry, repository } = this.#reference;
    const digest = isDigest ? tagOrDigest : await this.#layout.tagged(
      formatReference({ registry, repository, tag: tagOrDigest }),
    );
    const found = digest && await this.#layout.document(digest);
    if (!found) throw this.#missing(tagOrDigest);
    return found;
  }

  async #bytes(descriptor: Descriptor): Promise<Document["bytes"]> {
    const { size, digest } = descriptor;
    if (size > MAX_DOCUMENT_SIZE) {
      throw new InvalidDocumentError(
        `blob ${digest}`,
        { code: "too-large", size, limit: MAX_DOCUMENT_SIZE },
      );
    }
    const entry = await this.#layout.entry(descriptor);
    if (!entry) throw this.#missing(digest);
    try {
      const bytes = new Uint8Array(size);
      const length = await entry.read(bytes, 0);
      await verifyBytes(bytes.subarray(0, length), descriptor);
      return bytes;
    } finally {
      await entry.close();
    }
  }

  #missing(what: string): StorageError {
    return new StorageError("find", `${this.#layout.path} ${what}`, "ENOENT");
  }
}

function bodyOf(
  entry: StoreEntry,
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
        const length = bytes.length && await entry.read(bytes, position);
        position += length;
        if (length > 0) controller.enqueue(bytes.subarray(0, length));
        if (position < end && length > 0) return;
        await entry.close();
        controller.close();
      } catch (error) {
        await entry.close();
        controller.error(error);
      }
    },
    cancel: () => entry.close(),
  }, { highWaterMark: 0 });
}
