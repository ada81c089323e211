/** What an archive holds, and what a form makes of it. */

import type { Reference } from "../image/reference.ts";
import type { Proofs } from "../image/referrer.ts";
import type { Descriptor, Document, Manifest } from "../image/types.ts";
import type { Member } from "./plan.ts";

/** An image of an archive. */
export interface ArchiveImage {
  /** The image's manifest, with its platform in the descriptor. */
  manifest: Document;
  /** The same, parsed. */
  parsed: Manifest;
  /**
   * The image's configuration. The members are told while it is on its way,
   * too: their sizes are the same then, and only the configuration itself and
   * what tells the platform have no bytes.
   */
  config?: Document;
}

/** A name of an archive, and what it stands for. */
export interface ArchiveRoot {
  /** What it is called. */
  reference: Reference;
  /** What it is asked for by, where that was said word for word. */
  refName?: string;
  /** A manifest, or an index of several images. */
  top: Document;
  /** Its images; the first is the one for loaders that take one platform. */
  images: readonly ArchiveImage[];
  /** Further documents below `top`, children before their parents. */
  documents?: readonly Document[];
  /** Further blobs than the images'. */
  blobs?: readonly Descriptor[];
  /** What goes along and says something of it, such as its signatures. */
  proofs?: Proofs;
}

/** All that an archive holds. */
export interface ArchiveContent {
  /** The names, in their order. */
  roots: readonly ArchiveRoot[];
  /** What is said of the whole, in its `index.json`. */
  annotations?: Record<string, string>;
}

/** Lists the members of an archive, in their order; each name once. */
export type ArchiveForm = (content: ArchiveContent) => Member[];

/** What a name stands for: where that is an image's manifest, with its platform. */
export function namedDocument({ top, images }: ArchiveRoot): Document {
  const { digest } = top.descriptor;
  const image = images.find(({ manifest }) =>
    manifest.descriptor.digest === digest
  );
  return image?.manifest ?? top;
}
