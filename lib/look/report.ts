/** What is found where images are looked at. Sizes are in bytes. */

import type { Delta } from "../image/delta.ts";
import type { ArtifactKind } from "../image/errors.ts";
import type { Reference } from "../image/reference.ts";
import type { Descriptor, Document, Platform } from "../image/types.ts";
import type { HistoryStep, ImageDetails } from "./settings.ts";

/** A layer of an image, lowest first. */
export interface InspectedLayer {
  /** Type, digest and size as it is served. */
  descriptor: Descriptor;
  /** The digest of its bytes when expanded. */
  diffId?: string;
  /** Its size when expanded, where that is known. */
  unpacked?: number;
  /** The step that has made it, where the history tells. */
  step?: HistoryStep;
}

/** An image for one platform, or what is no image. */
export interface InspectedImage extends Partial<ImageDetails> {
  /** The manifest. */
  manifest: Document;
  /** The configuration, as it is served; nothing in what is no image. */
  config?: Document;
  /** What it is, where it is no image. */
  artifact?: ArtifactKind;
  /** The type that what is no image says it is of. */
  artifactType?: string;
  /** The image's ID, which is the digest of its configuration. */
  imageId?: string;
  /** The platform that it is made for. */
  platform?: Platform;
  /** The layers, lowest first. */
  layers: InspectedLayer[];
  /** The manifest, the configuration, and the layers, each once, as served. */
  size: number;
  /** All layers when expanded, where that is known of each. */
  unpacked?: number;
}

/** What an index lists. */
export interface InspectedEntry {
  /** Type, digest and size of the manifest, and what is said of it. */
  descriptor: Descriptor;
  /** The platform, where it is an image's. */
  platform?: Platform;
  /** The digest of the image that this is an attestation of. */
  attests?: string;
  /** Whether it is there whole, in a file or folder that may lack it. */
  isThere: boolean;
}

/** A name, and what it stands for. */
export interface InspectedReference {
  /** What it is called, as it was found; its digest, where it has no name. */
  name: string;
  /** Its full name, where it has one. */
  reference?: Reference;
  /** What the file lacks, where it says that it is a delta. */
  delta?: Delta;
  /** The manifest or index that the name stands for. */
  top: Document;
  /** What the index lists; nothing where a manifest is named. */
  entries?: InspectedEntry[];
  /**
   * The images for the platforms that were asked for; none where none was, and
   * this machine's is not there.
   */
  images: InspectedImage[];
}
