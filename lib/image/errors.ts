/**
 * Everything that can go wrong, one class for each decision that a caller
 * makes. All are a {@linkcode DockerPullError}; an abort rethrows the
 * signal's reason instead.
 */

import { holdsLogin, MASK, redactAddress } from "../redact/address.ts";
import {
  type AuthenticationProblem,
  type DigestProblem,
  type DocumentProblem,
  type MediaTypeProblem,
  type PlatformProblem,
  problemText,
  type ReferenceProblem,
} from "./problems.ts";
import type { Descriptor, Platform } from "./types.ts";

/** The base of every error that this library throws of its own. */
export class DockerPullError extends Error {
  /** The class, for programs that have more than one copy of it. */
  override name = "DockerPullError";
  /**
   * Which of the class's errors it is, for programs. The message is for
   * developers; what a user is to read is made from the code and its data.
   */
  readonly code: string = "other";
}

/** A text that is no image reference. */
export class InvalidReferenceError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "InvalidReferenceError";
  /** Which problem it is. */
  override readonly code: ReferenceProblem["code"];
  /** The text, with `•••` in place of a login in it. */
  readonly input: string;
  /** The position in it, in UTF-16 code units, at which it goes wrong. */
  readonly position: number;
  /** What is wrong there. */
  readonly problem: ReferenceProblem;
  /** Whether there was a login in it, which is what is wrong then. */
  readonly heldLogin: boolean;

  /** Made by {@linkcode parseReference}. */
  constructor(input: string, position: number, problem: ReferenceProblem) {
    const shown = redactAddress(input);
    super(
      `Cannot parse reference ${JSON.stringify(shown)}: ${
        problemText(problem)
      }`,
    );
    this.code = problem.code;
    this.input = shown;
    this.heldLogin = holdsLogin(input);
    this.position = this.heldLogin
      ? shown.indexOf(MASK)
      : Math.min(position, shown.length);
    this.problem = problem;
  }
}

/** A text that is no platform. */
export class InvalidPlatformError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "InvalidPlatformError";
  /** Which problem it is. */
  override readonly code: PlatformProblem["code"];
  /** The text. */
  readonly input: string;
  /** What is wrong with it. */
  readonly problem: PlatformProblem;

  /** Made by {@linkcode parsePlatform}. */
  constructor(input: string, problem: PlatformProblem) {
    super(
      `Cannot parse platform ${JSON.stringify(input)}: ${problemText(problem)}`,
    );
    this.code = problem.code;
    this.input = input;
    this.problem = problem;
  }
}

/** A text that is no digest, or one by an unknown algorithm. */
export class InvalidDigestError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "InvalidDigestError";
  /** Which problem it is. */
  override readonly code: DigestProblem["code"];
  /** The text. */
  readonly input: string;
  /** What is wrong with it. */
  readonly problem: DigestProblem;

  /** Made by {@linkcode parseDigest}. */
  constructor(input: string, problem: DigestProblem) {
    super(
      `Cannot parse digest ${JSON.stringify(input)}: ${problemText(problem)}`,
    );
    this.code = problem.code;
    this.input = input;
    this.problem = problem;
  }
}

/** One entry of a registry's error body. */
export interface RegistryErrorDetail {
  /** The code of the distribution-spec, such as `MANIFEST_UNKNOWN`. */
  code: string;
  /** The registry's own words, with control characters taken out. */
  message: string;
  /** Whatever the registry adds. */
  detail?: unknown;
}

/** What a registry was asked for. */
export type Asked =
  /** What a tag names. */
  | { kind: "tag"; tag: string }
  /** A manifest or an index by its digest. */
  | { kind: "digest"; digest: string }
  /** The same, as an entry of an index that the registry has. */
  | { kind: "child"; digest: string; index: string; platform?: Platform }
  /** A layer, a configuration, or another part of an image. */
  | { kind: "blob"; digest: string };

/** An address that a layer names, and why it does not come from there. */
export interface FailedAddress {
  /** The address, without user, password and query values. */
  url: string;
  /** What it failed with. */
  error: NetworkError | RegistryError;
}

/** What a status means, as far as a caller decides by it. */
export type RegistryErrorCode =
  /** 401, 403, 404 and 429. */
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "rate-limited"
  /** 500 to 599. */
  | "server-fault"
  /** Any other. */
  | "status";

const STATUS_CODES: Readonly<Record<number, RegistryErrorCode>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  429: "rate-limited",
};

/** An answer of a registry, of its token server or of its storage, that is no success. */
export class RegistryError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "RegistryError";
  /** What the status means. */
  override readonly code: RegistryErrorCode;
  /** The HTTP status. */
  readonly status: number;
  /** The HTTP method. */
  readonly method: string;
  /** The address, without user, password and query values. */
  readonly url: string;
  /** What the registry says of it. */
  readonly errors: RegistryErrorDetail[];
  /** How long it asks to wait, in milliseconds. */
  readonly retryAfter?: number;
  /** What it was asked for, where that is a part of an image. */
  readonly asked?: Asked;
  /** The other addresses of a foreign layer, all of which failed, too. */
  readonly tried: readonly FailedAddress[];

  /** Made from a response. */
  constructor(
    init: {
      status: number;
      method: string;
      url: string;
      errors?: RegistryErrorDetail[];
      retryAfter?: number;
      asked?: Asked;
      message?: string;
      tried?: readonly FailedAddress[];
    },
    options?: ErrorOptions,
  ) {
    const errors = init.errors ?? [];
    const words = errors.map(({ code, message }) =>
      [code, message].filter(Boolean).join(": ")
    ).join("; ");
    super(
      init.message ??
        `Cannot ${init.method} ${init.url}: HTTP ${init.status}${
          words && ` (${words})`
        }`,
      options,
    );
    this.code = STATUS_CODES[init.status] ??
      (Math.floor(init.status / 100) === 5 ? "server-fault" : "status");
    this.status = init.status;
    this.method = init.method;
    this.url = init.url;
    this.errors = errors;
    this.retryAfter = init.retryAfter;
    this.asked = init.asked;
    this.tried = init.tried ?? [];
  }
}

/** What kind of failure a {@linkcode NetworkError} is. */
export type NetworkErrorKind =
  | "dns"
  | "refused"
  | "reset"
  | "tls"
  | "timeout"
  /** It sends, and less than the minimum speed. */
  | "slow"
  | "proxy"
  | "truncated"
  | "other";

/** What exactly is wrong, where more is known than the kind. */
export type NetworkErrorReason =
  /** The certificate's issuer is not trusted here. */
  | "unknown-authority"
  /** The certificate is its own issuer. */
  | "self-signed"
  /** The certificate has expired. */
  | "expired"
  /** The certificate is not valid yet. */
  | "not-yet-valid"
  /** The certificate is for another host's name. */
  | "other-host"
  /** The certificate has been revoked. */
  | "revoked"
  /** Something else is wrong with the certificate. */
  | "bad-certificate"
  /** The server wants to be shown a certificate. */
  | "client-certificate"
  /** The server wants a certificate, or another one than it was shown. */
  | "client-certificate-refused"
  /** The server broke off the handshake, without a word about certificates. */
  | "handshake-refused"
  /** The handshake failed. */
  | "handshake"
  /** The server does not speak TLS where it was expected to. */
  | "no-tls"
  /** The server speaks TLS where plain HTTP was sent. */
  | "tls-port"
  /** What came is no HTTP. */
  | "no-http"
  /** A web page came in place of a registry's answer. */
  | "web-page"
  /** The proxy wants a user and a password. */
  | "proxy-login-missing"
  /** The proxy refuses the user or the password. */
  | "proxy-login-refused"
  /** The proxy's address is none, or of a kind that is not spoken. */
  | "proxy-address"
  /** The proxy does not connect to that host. */
  | "proxy-refused";

/** How a {@linkcode NetworkError} is made. */
export interface NetworkErrorOptions extends ErrorOptions {
  /** What exactly is wrong. */
  reason?: NetworkErrorReason;
  /** The web page that came, for the reason `web-page`. */
  page?: WebPage;
}

/** A web page in place of a registry's answer. */
export interface WebPage {
  /** Its title, fit for a terminal; empty where it has none. */
  title: string;
  /** The host that it came from, after redirects. */
  host: string;
}

/** No answer, or one that broke off. */
export class NetworkError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "NetworkError";
  /** The address, without user, password and query values. */
  readonly url: string;
  /** The reason, else the kind. */
  override readonly code: NetworkErrorReason | NetworkErrorKind;
  /** What kind of failure it is. */
  readonly kind: NetworkErrorKind;
  /** What went wrong, as half a sentence. */
  readonly words: string;
  /** What exactly is wrong, where that is known. */
  readonly reason?: NetworkErrorReason;
  /** The web page that came, for the reason `web-page`. */
  readonly page?: WebPage;

  /** Made from what `fetch` threw. */
  constructor(
    url: string,
    kind: NetworkErrorKind,
    words: string,
    options?: NetworkErrorOptions,
  ) {
    super(`Cannot reach ${url}: ${words}`, options);
    this.url = url;
    this.code = options?.reason ?? kind;
    this.kind = kind;
    this.words = words;
    this.reason = options?.reason;
    this.page = options?.page;
  }
}

/**
 * A registry whose way of asking for a login cannot or must not be followed:
 * no usable challenge, or a token server at a place that no secret may be
 * sent to.
 */
export class AuthenticationError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "AuthenticationError";
  /** Which problem it is. */
  override readonly code: AuthenticationProblem["code"];
  /** The registry's host. */
  readonly registry: string;
  /** What is wrong. */
  readonly problem: AuthenticationProblem;

  /** Made from a challenge. */
  constructor(
    registry: string,
    problem: AuthenticationProblem,
    options?: ErrorOptions,
  ) {
    super(`Cannot log in to ${registry}: ${problemText(problem)}`, options);
    this.code = problem.code;
    this.registry = registry;
    this.problem = problem;
  }
}

/** Bytes that are not those of their descriptor. */
export class ContentMismatchError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "ContentMismatchError";
  /** What differs. */
  override readonly code: "size" | "digest";
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
    super(`Cannot verify ${descriptor.digest}: ${difference}`);
    this.code = actual.digest === undefined ? "size" : "digest";
    this.descriptor = descriptor;
    this.actual = actual;
  }
}

/** An image that is not made for the platform that was asked for. */
export class PlatformNotFoundError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "PlatformNotFoundError";
  /** The only thing that it can be. */
  override readonly code = "no-platform";
  /** What was asked for. */
  readonly wanted: Platform;
  /** What there is. */
  readonly available: Platform[];

  /** Made by {@linkcode selectPlatform} and {@linkcode pull}. */
  constructor(wanted: Platform, available: Platform[]) {
    super(
      `Cannot find platform ${platformText(wanted)}: the image has ${
        available.map(platformText).join(", ") || "none"
      }`,
    );
    this.wanted = wanted;
    this.available = available;
  }
}

/**
 * `os[(version)]/architecture[/variant]`, as containerd writes it; the
 * domain's `formatPlatform` is this one.
 */
export function platformText(platform: Platform): string {
  const { os, architecture, variant, "os.version": version } = platform;
  return [version ? `${os}(${version})` : os, architecture, variant].filter(
    Boolean,
  ).join("/");
}

/** A document or layer of a kind that cannot be pulled. */
export class UnsupportedMediaTypeError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "UnsupportedMediaTypeError";
  /** Which problem it is. */
  override readonly code: MediaTypeProblem["code"];
  /** The media type. */
  readonly mediaType: string;
  /** Why it cannot be pulled. */
  readonly problem: MediaTypeProblem;

  /** Made by the readers of documents. */
  constructor(mediaType: string, problem: MediaTypeProblem) {
    super(
      `Cannot use media type ${JSON.stringify(mediaType)}: ${
        problemText(problem)
      }`,
    );
    this.code = problem.code;
    this.mediaType = mediaType;
    this.problem = problem;
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
  /** The class, for programs that have more than one copy of it. */
  override name = "NotAnImageError";
  /** What it is. */
  readonly artifact: ArtifactKind;

  /** Made from a manifest or an index. */
  constructor(artifact: ArtifactKind, mediaType: string) {
    super(mediaType, { code: "artifact" });
    this.artifact = artifact;
  }
}

/** A manifest, index or configuration that is malformed, ambiguous or too large. */
export class InvalidDocumentError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "InvalidDocumentError";
  /** Which problem it is. */
  override readonly code: DocumentProblem["code"];
  /** What it is known by. */
  readonly subject: string;
  /** What is wrong with it. */
  readonly problem: DocumentProblem;

  /** Made by the readers of documents. */
  constructor(
    subject: string,
    problem: DocumentProblem,
    options?: ErrorOptions,
  ) {
    super(`Cannot use ${subject}: ${problemText(problem)}`, options);
    this.code = problem.code;
    this.subject = subject;
    this.problem = problem;
  }
}

/** The errors of texts and documents that are not what they should be. */
export type InvalidError =
  | InvalidDigestError
  | InvalidDocumentError
  | InvalidPlatformError
  | InvalidReferenceError
  | UnsupportedMediaTypeError;

/** Whether an error is one of them. */
export function isInvalid(error: unknown): error is InvalidError {
  return error instanceof InvalidDigestError ||
    error instanceof InvalidDocumentError ||
    error instanceof InvalidPlatformError ||
    error instanceof InvalidReferenceError ||
    error instanceof UnsupportedMediaTypeError;
}

/** Why a credential helper was of no use. */
export type HelperFailure =
  /** What it is called is no helper's name. */
  | { code: "not-a-name" }
  | { code: "not-installed" }
  /** It cannot be started; `system` is the system's code. */
  | { code: "unstartable"; system: string }
  /** It did not answer in that time, in milliseconds. */
  | { code: "timeout"; timeout: number }
  /** It printed more than that many bytes. */
  | { code: "overflow"; limit: number }
  /** It failed, and says why in words that are known to hold no secret. */
  | { code: "failed"; status: number; words: string }
  /** What it printed is no login. */
  | { code: "no-login" }
  /** Helpers do not keep registry tokens. */
  | { code: "registry-token" };

/** A credential helper that could not store or erase a login. */
export class CredentialHelperError extends DockerPullError {
  /** Which error it is. */
  override name = "CredentialHelperError";
  /** Which failure it is. */
  override readonly code: HelperFailure["code"];
  /** What was to be done. */
  readonly operation: "store" | "erase";
  /** The helper's name, as it is configured. */
  readonly helper: string;
  /** The server's name. */
  readonly server: string;
  /** What happened. */
  readonly failure: HelperFailure;

  /** Made by whoever ran it. */
  constructor(
    operation: "store" | "erase",
    helper: string,
    server: string,
    failure: HelperFailure,
  ) {
    super(`Cannot ${operation} the login for ${server}: ${failure.code}`);
    this.code = failure.code;
    this.operation = operation;
    this.helper = helper;
    this.server = server;
    this.failure = failure;
  }
}

/** A file or folder that cannot be read or written. */
export class StorageError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "StorageError";
  /** What was to be done with it, such as `read`. */
  readonly operation: string;
  /** The path. */
  readonly path: string;
  /**
   * The system's code, such as `ENOSPC`, or one of ours, such as `is-a-link`,
   * `not-a-file`, `not-permitted` (by Deno), `unknown`, `not-an-archive`, `not-a-layout`, `system-folder`,
   * `too-large`, and `replaced`, where another file came in its place.
   */
  override readonly code: string;
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
      `Cannot ${operation} ${JSON.stringify(path)}: ${options?.words ?? code}`,
      options,
    );
    this.operation = operation;
    this.path = path;
    this.code = code;
    this.words = options?.words;
    this.needed = options?.needed;
    this.free = options?.free;
  }
}
