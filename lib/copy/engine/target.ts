/** Where a graph of images can go: a new target is one file in `targets/`. */

import type {
  Descriptor,
  FileRegion,
  ReadableSink,
} from "../../image/types.ts";
import type { OnEvent } from "../../image/events.ts";
import type { Delta } from "../../image/delta.ts";
import type { StoreEntry } from "../../layout/entry.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import type { ImageGraph } from "./graph.ts";

/** How a target is looked at and opened. */
export interface TargetOptions {
  /**
   * The cache that the blobs come by. What is in it need not be kept in the
   * target for a later run; and it remembers what was verified.
   */
  cache?: LayoutStore;
  /** Whether the cache's blobs are taken without computing their digests. */
  trustCache: boolean;
  /** Whether to write even what is there. */
  force: boolean;
  /**
   * Bytes that are going to be written beside it, to other targets.
   *
   * @default {0}
   */
  reserved?: number;
  /** Ends the reading, and the waiting for others who write the same. */
  signal?: AbortSignal;
  /** Told what goes on. */
  onEvent?: OnEvent;
}

/** A place that images can be written to. */
export interface ImageTarget {
  /** Bytes of what is there when all is written. */
  sizeOf(graph: ImageGraph): number | Promise<number>;
  /** The files that it is written to, where they are several. */
  parts?(graph: ImageGraph): string[] | undefined;
  /**
   * What it is not given, as whoever it goes to has it. The images'
   * configurations are waited for.
   *
   * @throws {DeltaError} If that is nothing.
   */
  lacks?(graph: ImageGraph): Promise<Delta>;
  /**
   * Whether this very graph is there already, and right: what was verified
   * and not touched since need not be read again. It is told without waiting
   * for a configuration where something else is there, or nothing.
   */
  holds(graph: ImageGraph, options: TargetOptions): Promise<boolean>;
  /**
   * What a graph has become in a target that changes images, once it was
   * written or found there; the graph itself in one that does not.
   */
  written?(graph: ImageGraph): ImageGraph;
  /**
   * Whether only its writer knows which blobs it has already.
   *
   * @default {false}
   */
  spares?: boolean;
  /**
   * Whether its writer may take blobs from where they lie, by
   * {@linkcode TargetWriter.upload}.
   *
   * @default {false}
   */
  uploads?: boolean;
  /**
   * Checks room and rights, and opens a place for what is missing. No
   * configuration needs to be there.
   *
   * @throws {StorageError} If it cannot be written.
   */
  open(graph: ImageGraph, options: TargetOptions): Promise<TargetWriter>;
}

/** What is being written. */
export interface TargetWriter {
  /** Where blobs can lie whole, in a target that is a store of such itself. */
  store?: LayoutStore;
  /** A blob's own place, in a target that has one for each. */
  sink?(descriptor: Descriptor): ReadableSink;
  /**
   * The digests of the blobs in the order that they are wanted in: the first
   * are fetched first.
   *
   * @default {undefined} The largest first, so that all end together.
   */
  order?: readonly string[];
  /** Aborts when nothing can be written any more, with the reason. */
  ended?: AbortSignal;
  /**
   * Whether it expands what it is given, and fails where that cannot be. Then
   * none is given to it unread: one that is damaged in the cache is found out
   * while it can still be fetched anew.
   *
   * @default {false}
   */
  expands?: boolean;
  /**
   * Whether a blob is to be brought at all: what is there already is not even
   * fetched. Asked once for each, at the same time.
   */
  wants?(descriptor: Descriptor): Promise<boolean>;
  /**
   * Waits until there is room for a blob in {@linkcode store}; not asked where
   * blobs go into a cache.
   *
   * @param signal Ends the waiting.
   */
  room?(descriptor: Descriptor, signal: AbortSignal): Promise<void>;
  /**
   * Is given a blob that is verified and lies whole in the cache or in
   * {@linkcode store}, as each is there. Its place among those that are open at
   * a time is kept until this settles.
   *
   * @param open Opens it for reading.
   */
  deliver?(
    descriptor: Descriptor,
    open: () => Promise<StoreEntry>,
  ): Promise<void>;
  /**
   * Is given a blob that lies in a file of the source, in place of having it
   * brought. It is not verified: that is the target's affair.
   *
   * @param region Where its bytes lie.
   */
  upload?(descriptor: Descriptor, region: FileRegion): Promise<void>;
  /**
   * All blobs are verified: writes what was not known before, and makes it
   * visible.
   */
  commit(graph: ImageGraph): Promise<void>;
  /** Ends for now; what can be resumed stays. */
  close(error?: unknown): Promise<void>;
}
