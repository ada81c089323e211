/** A source of one image that is there in memory. */

import { verifyBytes } from "../../lib/image/digest.ts";
import { RegistryError } from "../../lib/image/errors.ts";
import type { ImageSource } from "../../lib/image/image_source.ts";
import type {
  BlobBody,
  Descriptor,
  Document,
  RangeOptions,
} from "../../lib/image/types.ts";

/** An image, whole. */
export interface FixedImage {
  /** Its only tag. */
  tag: string;
  /** Its manifest. */
  manifest: Document;
  /** Its blobs by digest. */
  blobs: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** Gives the one image. */
export class FixedSource implements ImageSource {
  readonly #image: FixedImage;

  /** Of that image. */
  constructor(image: FixedImage) {
    this.#image = image;
  }

  /** Says what the tag or the digest names. */
  async resolve(tagOrDigest: string): Promise<Descriptor> {
    return (await this.fetchManifest(tagOrDigest)).descriptor;
  }

  /** Gives the manifest. */
  fetchManifest(target: string | Descriptor): Promise<Document> {
    const name = typeof target === "string" ? target : target.digest;
    const { tag, manifest } = this.#image;
    return name === tag || name === manifest.descriptor.digest
      ? Promise.resolve(manifest)
      : Promise.reject(missing(name));
  }

  /** Gives a blob that is a document, verified. */
  async fetchSmallBlob(descriptor: Descriptor): Promise<Document> {
    const bytes = this.#bytes(descriptor);
    await verifyBytes(bytes, descriptor);
    return { descriptor, bytes };
  }

  /** Gives a blob, or a part of it. */
  // deno-lint-ignore require-await
  async fetchBlob(
    descriptor: Descriptor,
    { offset = 0, end = descriptor.size, signal }: RangeOptions = {},
  ): Promise<BlobBody> {
    signal?.throwIfAborted();
    const body = new Blob([this.#bytes(descriptor).slice(offset, end)])
      .stream();
    const partial = offset > 0 || end < descriptor.size;
    return { body, offset, partial, host: "fixed" };
  }

  /** The only tag. */
  tags(): Promise<string[]> {
    return Promise.resolve([this.#image.tag]);
  }

  #bytes({ digest }: Descriptor): Uint8Array<ArrayBuffer> {
    const bytes = this.#image.blobs.get(digest);
    if (!bytes) throw missing(digest);
    return bytes;
  }
}

function missing(what: string): RegistryError {
  return new RegistryError({
    method: "GET",
    url: `fixed:${what}`,
    status: 404,
  });
}
