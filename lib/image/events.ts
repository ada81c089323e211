/** What a pull tells while it goes on. Drawing it is the caller's affair. */

import type { DockerPullError, NetworkError } from "./errors.ts";
import type { HelperFailure } from "./problems.ts";
import type { Descriptor, Platform } from "./types.ts";

/**
 * Where a blob's bytes come from. What the target has itself is neither
 * fetched nor sent.
 */
export type BlobSource = "registry" | "cache" | "target";

/** How a registry has come to have a blob. */
export type UploadedBy =
  /** It was there already. */
  | "there"
  /** It was linked from another repository of the registry. */
  | "mounted"
  /** Its bytes were sent. */
  | "uploaded";

/** Why the entry of a registry in a file of logins cannot be used. */
export type LoginProblem = "no-object" | "bad-token" | "bad-auth" | "no-user";

/** Why a mirror, or the registry among its mirrors, is not used. */
export type MirrorFault =
  /** It is not reached, or what it sends is of no use. */
  | { code: "unreachable"; error: NetworkError }
  | { code: "unusable"; error: DockerPullError }
  /** It has sent wrong bytes of this digest. */
  | { code: "wrong-bytes"; digest: string }
  /** It is slow, or breaks off again and again. */
  | { code: "slow" }
  /** It lacks the image, or a blob of it. */
  | { code: "missing"; what: "image" | "blob" }
  /** It wants a login (401), forbids it (403), or allows no more pulls (429). */
  | { code: "login" | "forbidden" | "rate-limit" }
  | { code: "status"; status: number };

/**
 * A thing that the user should know and that stops nothing, as data: which
 * one, and what it is about. Putting it in words is the caller's affair.
 */
export type Warning =
  /** The image is for another platform than `wanted`, which runs there or not. */
  | {
    code: "platform-fallback" | "platform-mismatch";
    platform: Platform;
    wanted: Platform;
    /** Whether the caller has asked for that one. */
    explicit: boolean;
  }
  /** The index and the image's own configuration differ. */
  | { code: "platform-config"; index: Platform; config: Platform }
  /** There are layers that Docker takes from version 23 on. */
  | { code: "zstd-layer" }
  /** There are more layers than Docker takes in its classic store. */
  | { code: "many-layers"; layers: number; limit: number }
  /** The login is refused, and it goes on without one. */
  | {
    code: "credentials-refused";
    registry: string;
    repository?: string;
    /** Where it comes from. */
    source: string;
    /** Whether it is right, and merely of no use for the repository. */
    known: boolean;
  }
  /** A file or text of logins cannot be used. */
  | { code: "credentials-unusable"; source: string; error: DockerPullError }
  /** One entry of it cannot be used. */
  | {
    code: "login-unusable";
    source: string;
    key: string;
    problem: LoginProblem;
  }
  /** A credential helper gives no login. */
  | {
    code: "credential-helper";
    /** The helper's name, as it is configured. */
    helper: string;
    server: string;
    failure: HelperFailure;
  }
  /** The cache's copy is fetched anew. */
  | { code: "cache-entry-damaged"; digest: string }
  /** A layer that the registry does not hold comes from another host. */
  | { code: "foreign-layer"; registry: string; digest: string; host: string }
  /** Layers come by plain HTTP. */
  | { code: "plain-storage"; registry: string; host: string }
  /** Few pulls are left, of `total` in `window` seconds. */
  | {
    code: "rate-limit";
    registry: string;
    remaining: number;
    total?: number;
    window?: number;
  }
  /** A mirror fails; another place is asked, or there is none. */
  | {
    code: "mirror";
    mirror: string;
    fault: MirrorFault;
    /** Where it is asked instead; `null` where there is nothing else to ask. */
    next?: { name: string; isOrigin: boolean } | null;
  }
  /** What a tag names is the word of a mirror, as the registry says nothing. */
  | {
    code: "mirror-believed";
    registry: string;
    fault: MirrorFault;
    tag: string;
    mirror: string;
  }
  /** The image is from the cache, and the registry does not answer. */
  | { code: "registry-not-asked"; reference: string }
  /**
   * What refers to an image, such as signatures, is not copied with it: so many
   * documents are about what does not go there, mostly the whole index.
   */
  | { code: "referrers-left"; reference: string; count: number };

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
  /** What it failed with. */
  error: Error;
  /** How many tries have failed since the last progress, from 1. */
  attempt: number;
  /** With how many that have failed it is tried again, at most. */
  of: number;
  /** Milliseconds until the next one. */
  delay: number;
}

/** One step of a pull, and whose. Sizes are in bytes, times in milliseconds. */
export type PullEvent = PullStep & {
  /**
   * The images that it is about, by their full names: several where they have
   * a blob in common, and none where it is not known.
   */
  images?: readonly string[];
};

/** One step of a pull. */
export type PullStep =
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
  /**
   * Bytes of a blob begin to go to a registry, which has `resumed` of them
   * from an earlier try or run.
   */
  | { type: "upload-start"; descriptor: Descriptor; resumed: number }
  /** So many of its bytes are on their way or there, `resumed` ones included. */
  | { type: "upload-progress"; descriptor: Descriptor; sent: number }
  /** The registry has the blob: it was uploaded, mounted, or there already. */
  | { type: "upload-done"; descriptor: Descriptor; how: UploadedBy }
  /** A tag or a digest names this manifest or index in a registry. */
  | { type: "pushed"; reference: string; descriptor: Descriptor }
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
