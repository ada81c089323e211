/** Where an image can be had from: a new source implements this. */

import type { HeldImage } from "./held_image.ts";
import type { ReferrerEntry } from "./referrer.ts";
import type {
  Descriptor,
  Document,
  Fetcher,
  FileRegion,
  Resolver,
} from "./types.ts";

/** How a single call may be ended. */
export interface CallOptions {
  /** Ends the call; its reason is thrown. */
  signal?: AbortSignal;
}

/**
 * Gives the documents and blobs of the images of one repository: as a registry
 * has them, with mirrors or without, or a layout.
 */
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
  /**
   * Lists what is said to refer to a digest, or to an index that lists it,
   * where that can be known; nothing of it is looked at yet.
   *
   * @throws {DockerPullError} If it cannot be had.
   */
  referrers?(digest: string, options?: CallOptions): Promise<ReferrerEntry[]>;
  /** Lists all images that there are, where all are at hand. */
  images?(): Promise<HeldImage[]>;
  /**
   * Where a blob lies in a file of this machine, as many bytes as it has, if it
   * does. The bytes are not verified.
   */
  local?(descriptor: Descriptor): Promise<FileRegion | undefined>;
}
