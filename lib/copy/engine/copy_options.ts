/** What is copied, how, and what comes of it. */

import type { OnEvent } from "../../image/events.ts";
import type { BlobOutcome, SharedOptions } from "../../transfer/transfer.ts";
import type { ImageGraph } from "./graph.ts";
import type { ImageTarget, TargetOptions } from "./target.ts";

/** How graphs are copied. */
export interface CopyOptions
  extends Omit<SharedOptions, "onOutcome" | "onFailure">, TargetOptions {
  /** Ends it all; what has come stays where it can be resumed. */
  signal?: AbortSignal;
  /** Told what goes on. */
  onEvent: OnEvent;
  /** Given what brings the blobs, once that has begun. */
  onTransfer?: (blobs: Promise<unknown>) => void;
  /** The most bytes that may be fetched; nothing is where it would be more. */
  maxBytes?: number;
  /**
   * Whether what a graph lacks does not keep the rest of it from coming, to be
   * there for a later run.
   *
   * @default {false}
   */
  finishRest?: boolean;
}

/** A graph, and where it is to go. */
export interface Copy {
  /** What. */
  graph: ImageGraph;
  /** Where to. */
  target: ImageTarget;
  /**
   * Settles when nothing is expected any more that would make the layers of no
   * use; they are not asked for before.
   */
  ready?: Promise<unknown>;
  /** Called when the target is open, and the blobs are about to come. */
  onOpen?: () => void;
}

/** What came of a copy. */
export interface CopyResult {
  /** Whether all was there already, and nothing was written. */
  upToDate: boolean;
  /** What became of each blob that has come, in the graph's order. */
  outcomes: BlobOutcome[];
  /** Why it is not there; nothing where it is. */
  failure?: { error: unknown };
  /** The blobs that could not be had, by digest, and why. */
  failed: ReadonlyMap<string, unknown>;
}
