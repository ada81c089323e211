/** A repository, and what belongs to it. */

import type { Descriptor } from "../image/types.ts";

/** A repository. */
export interface Repository {
  /** The registry that it comes from; empty where none is known. */
  registry: string;
  /** Its path there. */
  path: string;
  /** Tags, by which digest they stand for. */
  tags: Map<string, string>;
  /** Manifests and indexes that are asked for by digest. */
  documents: Map<string, Descriptor>;
  /** Configurations, layers and the like. */
  blobs: Map<string, Descriptor>;
}
