/** What an image is pulled from: a repository, or one with its mirrors. */

import type { Descriptor, Document, Fetcher, Resolver } from "./types.ts";
import type { CallOptions } from "../registry/repository.ts";

/** Gives an image's documents and blobs. */
export interface ImageSource extends Fetcher, Resolver {
  /** Fetches a manifest or an index, and verifies it. */
  fetchManifest(
    target: string | Descriptor,
    options?: CallOptions,
  ): Promise<Document>;
  /** Fetches a blob that is a document, and verifies it. */
  fetchSmallBlob(
    descriptor: Descriptor,
    options?: CallOptions,
  ): Promise<Document>;
  /**
   * Lists the repository's tags; none where there are none.
   *
   * @throws {DockerPullError} If they cannot be had.
   */
  tags(options?: CallOptions): Promise<string[]>;
}
