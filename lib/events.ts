/** What a pull tells while it goes on. Drawing it is the caller's affair. */

import type { Descriptor, Platform } from "./types.ts";

/** Where a blob's bytes come from. */
export type BlobSource = "registry" | "cache";

/** A thing that the user should know and that stops nothing. */
export interface Warning {
  /** Which one, for programs. */
  code:
    | "platform-fallback"
    | "platform-mismatch"
    | "zstd-layer"
    | "credentials-refused"
    | "credentials-unusable"
    | "credential-helper"
    | "cache-entry-damaged"
    | "foreign-layer"
    | "rate-limit"
    | "mirror"
    | "registry-not-asked";
  /** What it says, one sentence without a period. */
  message: string;
}

/** One step of a pull. Sizes are in bytes, times in milliseconds. */
export type PullEvent =
  /** The reference was resolved to a manifest or index. */
  | { type: "resolved"; reference: string; descriptor: Descriptor }
  /** The image's manifest is here, and what will be written is known. */
  | {
    type: "planned";
    manifest: Descriptor;
    platform: Platform;
    config: Descriptor;
    /** As the manifest lists them, lowest first; a blob may occur twice. */
    layers: Descriptor[];
    /** The size of the archive. */
    size: number;
  }
  /** Bytes of a blob begin to come. `resumed` of them were there already. */
  | {
    type: "blob-start";
    descriptor: Descriptor;
    source: BlobSource;
    resumed: number;
  }
  /** So many of its bytes are there now, those of an earlier run included. */
  | { type: "blob-progress"; descriptor: Descriptor; received: number }
  /** All of its bytes are there and verified. */
  | { type: "blob-done"; descriptor: Descriptor; source: BlobSource }
  /** Another process fetches this blob; this one waits for it. */
  | { type: "blob-wait"; descriptor: Descriptor }
  /** A request failed and is tried again after `delay`. */
  | {
    type: "retry";
    /** The address, redacted. */
    url: string;
    reason: string;
    /** Counted from 1 since the last progress. */
    attempt: number;
    delay: number;
  }
  /** Something that the user should know. */
  | { type: "warning"; warning: Warning }
  /** The archive is complete under its final name. */
  | { type: "written"; path: string; size: number };

/** Takes the events of a pull, as they come and in order. */
export type OnEvent = (event: PullEvent) => void;
