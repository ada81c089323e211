/** What an import has brought. */

import type { Reference } from "../../image/reference.ts";
import type { Descriptor, Platform } from "../../image/types.ts";

/** An image that was found. */
export interface ImportedImage {
  /** The file or folder that it was in. */
  from: string;
  /** What it is called there. */
  names: string[];
  /** Its full name, by which the cache has it then. */
  reference?: Reference;
  /**
   * The digest of what the cache has by that name in place of it: the last that
   * was imported of several images of one name and platform.
   */
  replacedBy?: string;
  /** Its manifest. */
  manifest: Descriptor;
  /** What it is made for. */
  platform: Platform;
  /** Whether all of its layers were there; else it has no name in the cache. */
  isWhole: boolean;
  /** How many of its layers are stored as they are expanded. */
  plainLayers: number;
}

/** What an import has brought. Sizes are in bytes. */
export interface ImportResult {
  /** The images. */
  images: ImportedImage[];
  /** The files that could not be imported, or not to their end, and why. */
  failures: { path: string; error: unknown }[];
  /** Blobs that are in the cache now, and were not before. */
  added: { blobs: number; bytes: number };
  /** Blobs that it had. */
  known: { blobs: number; bytes: number };
  /**
   * Layers that are stored as they are expanded. A registry has them compressed,
   * under digests of their own: only what wants layers expanded takes these.
   */
  plain: { blobs: number; bytes: number };
  /** Blobs that are named there and missing, each once. */
  missing: number;
  /** How long it took, in milliseconds. */
  elapsed: number;
}
