/** What a name stands for once and for all, as a lock says it. */

import type { Descriptor, Platform } from "./types.ts";

/** A blob of a locked image: its type, digest and size. */
export type LockedBlob = Pick<Descriptor, "mediaType" | "digest" | "size">;

/** A layer of a locked image. */
export interface LockedLayer extends LockedBlob {
  /** The digest of its uncompressed bytes. */
  diffId: string;
}

/** An image for one platform, of a locked name. */
export interface LockedManifest extends LockedBlob {
  /** The machine that it is for. */
  platform: Platform;
  /** Its configuration, whose digest is the image's ID. */
  config: LockedBlob;
  /** Its layers, lowest first. */
  layers: LockedLayer[];
}

/** A name, and what it stands for. */
export interface LockedImage {
  /** What it was called by who locked it, such as `nginx`. */
  name: string;
  /** Its full name, such as `docker.io/library/nginx:latest`. */
  reference: string;
  /** The digest of the manifest or index that the name stands for. */
  digest: string;
  /** The type of that; left open in a list of digests, as its size is. */
  mediaType?: string;
  /** Its size in bytes. */
  size?: number;
  /** The images that are meant; left open in a list of digests. */
  manifests?: LockedManifest[];
  /** The platforms that a list of digests wants of it, where it says so. */
  platforms?: Platform[] | "all";
}
