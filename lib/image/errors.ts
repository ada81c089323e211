/**
 * Everything that can go wrong, one class for each decision that a caller
 * makes. All are a {@linkcode DockerPullError}; an abort rethrows the
 * signal's reason instead.
 */

import { holdsLogin, MASK, redactAddress } from "../redact/address.ts";
import { DockerPullError, ProblemError } from "./base_error.ts";
import type {
  ArchiveProblem,
  AuthenticationProblem,
  DeltaProblem,
  DigestProblem,
  DocumentProblem,
  HelperFailure,
  LockProblem,
  MediaTypeProblem,
  PlaceProblem,
  PlatformProblem,
  Problem,
  ReferenceProblem,
  SetProblem,
  SettingProblem,
} from "./problems.ts";
import { formatPlatform } from "./platform_text.ts";
import type { Descriptor, Platform } from "./types.ts";

export * from "./base_error.ts";
export * from "./daemon_error.ts";
export * from "./host_errors.ts";
export * from "./signature_error.ts";

const quote = JSON.stringify;

/** A text, document or media type that is not what it should be. */
export abstract class InvalidError<P extends Problem = Problem>
  extends ProblemError<P> {}

/** A text that is no image reference. */
export class InvalidReferenceError extends InvalidError<ReferenceProblem> {
  /** The text, with `•••` in place of a login in it. */
  readonly input: string;
  /** The position in it, in UTF-16 code units, at which it goes wrong. */
  readonly position: number;
  /** Whether there was a login in it, which is what is wrong then. */
  readonly heldLogin: boolean;

  /** Made by {@linkcode parseReference}. */
  constructor(input: string, position: number, problem: ReferenceProblem) {
    const shown = redactAddress(input);
    super("InvalidReferenceError", `parse reference ${quote(shown)}`, problem);
    this.input = shown;
    this.heldLogin = holdsLogin(input);
    this.position = this.heldLogin
      ? shown.indexOf(MASK)
      : Math.min(position, shown.length);
  }
}

/** A text that is no platform. */
export class InvalidPlatformError extends InvalidError<PlatformProblem> {
  /** The text. */
  readonly input: string;

  /** Made by {@linkcode parsePlatform}. */
  constructor(input: string, problem: PlatformProblem) {
    super("InvalidPlatformError", `parse platform ${quote(input)}`, problem);
    this.input = input;
  }
}

/** A text that is no digest, or one by an unknown algorithm. */
export class InvalidDigestError extends InvalidError<DigestProblem> {
  /** The text. */
  readonly input: string;

  /** Made by `parseDigest()`. */
  constructor(input: string, problem: DigestProblem) {
    super("InvalidDigestError", `parse digest ${quote(input)}`, problem);
    this.input = input;
  }
}

/** A document or layer of a kind that cannot be pulled. */
export class UnsupportedMediaTypeError extends InvalidError<MediaTypeProblem> {
  /** The media type. */
  readonly mediaType: string;

  /** Made by the readers of documents. */
  constructor(
    mediaType: string,
    problem: MediaTypeProblem,
    name = "UnsupportedMediaTypeError",
  ) {
    super(name, `use media type ${quote(mediaType)}`, problem);
    this.mediaType = mediaType;
  }
}

/** What it is that is no container image; `files` is anything else. */
export type ArtifactKind =
  | "attestation"
  | "build-cache"
  | "compose"
  | "docker-model"
  | "docker-plugin"
  | "files"
  | "flux"
  | "helm-chart"
  | "model"
  | "ollama-model"
  | "policy"
  | "sbom"
  | "signature"
  | "singularity"
  | "wasm";

/** What a registry keeps as it keeps images, and is none. */
export class NotAnImageError extends UnsupportedMediaTypeError {
  /** What it is. */
  readonly artifact: ArtifactKind;

  /** Made from a manifest or an index. */
  constructor(artifact: ArtifactKind, mediaType: string) {
    super(mediaType, { code: "artifact" }, "NotAnImageError");
    this.artifact = artifact;
  }
}

/** A manifest, index or configuration that is malformed, ambiguous or too large. */
export class InvalidDocumentError extends InvalidError<DocumentProblem> {
  /** What it is known by. */
  readonly subject: string;

  /** Made by the readers of documents. */
  constructor(
    subject: string,
    problem: DocumentProblem,
    options?: ErrorOptions,
  ) {
    super("InvalidDocumentError", `use ${subject}`, problem, options);
    this.subject = subject;
  }
}

/**
 * A registry whose way of asking for a login cannot or must not be followed:
 * no usable challenge, or a token server at a place that no secret may be
 * sent to.
 */
export class AuthenticationError extends ProblemError<AuthenticationProblem> {
  /** The registry's host. */
  readonly registry: string;

  /** Made from a challenge. */
  constructor(
    registry: string,
    problem: AuthenticationProblem,
    options?: ErrorOptions,
  ) {
    super("AuthenticationError", `log in to ${registry}`, problem, options);
    this.registry = registry;
  }
}

/** A credential helper that could not store or erase a login. */
export class CredentialHelperError extends ProblemError<HelperFailure> {
  /** What was to be done. */
  readonly operation: "store" | "erase";
  /** The helper's name, as it is configured. */
  readonly helper: string;
  /** The server's name. */
  readonly server: string;

  /** Made by whoever ran it. */
  constructor(
    operation: "store" | "erase",
    helper: string,
    server: string,
    failure: HelperFailure,
  ) {
    super(
      "CredentialHelperError",
      `${operation} the login for ${server}`,
      failure,
    );
    this.operation = operation;
    this.helper = helper;
    this.server = server;
  }
}

/** Bytes that are not those of their descriptor. */
export class ContentMismatchError extends DockerPullError {
  /** What differs. */
  declare readonly code: "size" | "digest";
  /** What was expected. */
  readonly descriptor: Descriptor;
  /** What came: the size where that differs, else the digest. */
  readonly actual: { size?: number; digest?: string };

  /** Made by whoever verifies. */
  constructor(
    descriptor: Descriptor,
    actual: { size?: number; digest?: string },
  ) {
    const difference = actual.digest === undefined
      ? `${actual.size} bytes instead of ${descriptor.size}`
      : `the bytes have digest ${actual.digest}`;
    super(
      "ContentMismatchError",
      actual.digest === undefined ? "size" : "digest",
      `Cannot verify ${descriptor.digest}: ${difference}`,
    );
    this.descriptor = descriptor;
    this.actual = actual;
  }
}

/** An image that is not made for the platform that was asked for. */
export class PlatformNotFoundError extends DockerPullError {
  /** The only thing that it can be. */
  declare readonly code: "no-platform";
  /** What was asked for. */
  readonly wanted: Platform;
  /** What there is. */
  readonly available: Platform[];

  /** Made by {@linkcode selectPlatform} and {@linkcode pull}. */
  constructor(wanted: Platform, available: Platform[]) {
    super(
      "PlatformNotFoundError",
      "no-platform",
      `Cannot find platform ${formatPlatform(wanted)}: the image has ${
        available.map(formatPlatform).join(", ") || "none"
      }`,
    );
    this.wanted = wanted;
    this.available = available;
  }
}

/** A pull that would fetch more than its caller allows; nothing was fetched. */
export class DownloadLimitError extends DockerPullError {
  /** The only thing that it can be. */
  declare readonly code: "max-bytes";
  /** The bytes that would have to be fetched. */
  readonly needed: number;
  /** The most that are allowed. */
  readonly limit: number;

  /** Made before a layer is fetched. */
  constructor(needed: number, limit: number) {
    super(
      "DownloadLimitError",
      "max-bytes",
      `Cannot pull: ${needed} bytes would be fetched, and ${limit} are allowed`,
    );
    this.needed = needed;
    this.limit = limit;
  }
}

/** A set of images that cannot be pulled as it was asked for. */
export class InvalidSetError extends ProblemError<SetProblem> {
  /** Made before anything is fetched, or before any layer is. */
  constructor(problem: SetProblem) {
    super("InvalidSetError", "pull these images", problem);
  }
}

/** A lock that cannot be used, or an image that is not as it says. */
export class LockError extends ProblemError<LockProblem> {
  /** The lock's file, or the full name of the image. */
  readonly subject: string;

  /** Made by {@linkcode readLock}, and by whoever pulls what is locked. */
  constructor(subject: string, problem: LockProblem, options?: ErrorOptions) {
    super("LockError", `use lock of ${quote(subject)}`, problem, options);
    this.subject = subject;
  }
}

/** An archive that cannot be a delta, or what it is measured against. */
export class DeltaError extends ProblemError<DeltaProblem> {
  /** What is measured against, or the file. */
  readonly subject: string;

  /** Made before a layer is fetched. */
  constructor(subject: string, problem: DeltaProblem, options?: ErrorOptions) {
    const shown = redactAddress(subject);
    super("DeltaError", `leave out what ${quote(shown)} has`, problem, options);
    this.subject = shown;
  }
}

/** A setting that cannot be used. */
export class InvalidSettingError extends ProblemError<SettingProblem> {
  /** What it is for. */
  readonly setting:
    | "ca-certificate"
    | "client-certificate"
    | "client-key"
    | "compression"
    | "index"
    | "mirror"
    | "referrers"
    | "user-name";
  /** What it is, without a login; nothing where it is secret. */
  readonly input?: string;

  /** Made by whoever reads it. */
  constructor(
    setting: InvalidSettingError["setting"],
    problem: SettingProblem,
    input?: string,
  ) {
    const shown = input === undefined ? "" : ` ${quote(input)}`;
    super("InvalidSettingError", `use ${setting}${shown}`, problem);
    this.setting = setting;
    this.input = input;
  }
}

/** A file or folder that cannot be read or written. */
export class StorageError extends DockerPullError {
  /** What was to be done with it, such as `read`. */
  readonly operation: string;
  /** The path. */
  readonly path: string;
  /**
   * The system's code, such as `ENOSPC`, or one of ours, such as `is-a-link`,
   * `not-a-file`, `not-permitted` (by Deno), `unknown`, `not-an-archive`, `not-a-layout`, `layout-version`, `system-folder`,
   * `too-large`, `one-platform`, `not-for-k3s`,
   * `too-many-parts`, `no-such-part`, `other-part`, `split-compressed`, and `replaced`, where another file came in its place.
   */
  declare readonly code: string;
  /** The system's own words, for `unknown` and `not-permitted`. */
  readonly words?: string;
  /** How many bytes were to be written, for `ENOSPC`, where that is known. */
  readonly needed?: number;
  /** How many bytes there is room for, for `ENOSPC`, where that is known. */
  readonly free?: number;

  /** Made from what `node:fs` threw. */
  constructor(
    operation: string,
    path: string,
    code: string,
    options?: ErrorOptions & Pick<StorageError, "words" | "needed" | "free">,
  ) {
    super(
      "StorageError",
      code,
      `Cannot ${operation} ${JSON.stringify(path)}: ${options?.words ?? code}`,
      options,
    );
    this.operation = operation;
    this.path = path;
    this.words = options?.words;
    this.needed = options?.needed;
    this.free = options?.free;
  }
}

/** A file or folder that cannot be read as images. */
export class ArchiveError extends ProblemError<ArchiveProblem> {
  /** The path, as it was given. */
  readonly path: string;

  /** Made by the readers of archives. */
  constructor(path: string, problem: ArchiveProblem, options?: ErrorOptions) {
    super("ArchiveError", `read images from ${quote(path)}`, problem, options);
    this.path = path;
  }
}

/** A text that names no place of images, or nothing that is there. */
export class PlaceError extends ProblemError<PlaceProblem> {
  /** The text, with `•••` in place of a login in it. */
  readonly input: string;

  /** Made by {@linkcode parsePlace}, and by what opens places. */
  constructor(input: string, problem: PlaceProblem, options?: ErrorOptions) {
    const shown = redactAddress(input);
    super("PlaceError", `use place ${quote(shown)}`, problem, options);
    this.input = shown;
  }
}
