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
    | "platform-config"
    | "zstd-layer"
    | "many-layers"
    | "credentials-refused"
    | "credentials-unusable"
    | "credential-helper"
    | "cache-entry-damaged"
    | "foreign-layer"
    | "plain-storage"
    | "rate-limit"
    | "mirror"
    | "registry-not-asked";
  /** What it says, one sentence without a period. */
  message: string;
  /** The host that it is about, for `plain-storage` and `foreign-layer`. */
  host?: string;
  /** The number of layers, where that is what it is about. */
  layers?: number;
  /** The most that can be of it. */
  limit?: number;
}

/** Why something is asked for again, for programs. */
export type RetryCode =
  /** The kinds of a `NetworkError`. */
  | "dns"
  | "refused"
  | "reset"
  | "tls"
  | "timeout"
  | "proxy"
  | "truncated"
  | "other"
  /** An answer with a status that may pass, such as 503. */
  | "status"
  /** A connection much slower than the others, or than it has to be. */
  | "slow"
  /** Bytes that are not those that were asked for. */
  | "content";

/** A request that failed and is made again. */
export interface Retry {
  /** Which event it is. */
  type: "retry";
  /** The address, redacted. */
  url: string;
  /** The host that failed, and its port where that is not the usual one. */
  host?: string;
  /** Why. */
  code: RetryCode;
  /** The answer's status, where that is why. */
  status?: number;
  /** The error's message. */
  reason: string;
  /** How many tries have failed since the last progress, from 1. */
  attempt: number;
  /** With how many that have failed it is tried again, at most. */
  of: number;
  /** Milliseconds until the next one. */
  delay: number;
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
    /** The size of the archive, or of the image's blobs in a layout. */
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
  /** A request failed and is made again. */
  | Retry
  /** Something that the user should know. */
  | { type: "warning"; warning: Warning }
  /** The archive is complete under its final name. */
  | { type: "written"; path: string; size: number };

/** Takes the events of a pull, as they come and in order. */
export type OnEvent = (event: PullEvent) => void;
