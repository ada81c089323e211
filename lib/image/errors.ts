/**
 * Everything that can go wrong, one class for each decision that a caller
 * makes. All are a {@linkcode DockerPullError}; an abort rethrows the
 * signal's reason instead.
 */

import { holdsLogin, MASK, redactAddress } from "../redact/address.ts";
import type { Descriptor, Platform } from "./types.ts";

/** The base of every error that this library throws of its own. */
export class DockerPullError extends Error {
  /** The class, for programs that have more than one copy of it. */
  override name = "DockerPullError";
}

/** A text that is no image reference. */
export class InvalidReferenceError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "InvalidReferenceError";
  /** The text, with `•••` in place of a login in it. */
  readonly input: string;
  /** The position in it, in UTF-16 code units, at which it goes wrong. */
  readonly position: number;
  /** What is wrong there, as half a sentence. */
  readonly reason: string;
  /** Whether there was a login in it, which is what is wrong then. */
  readonly heldLogin: boolean;

  /** Made by {@linkcode parseReference}. */
  constructor(input: string, position: number, reason: string) {
    const shown = redactAddress(input);
    super(`Cannot parse reference ${JSON.stringify(shown)}: ${reason}`);
    this.input = shown;
    this.heldLogin = holdsLogin(input);
    this.position = this.heldLogin
      ? shown.indexOf(MASK)
      : Math.min(position, shown.length);
    this.reason = reason;
  }
}

/** A text that is no platform. */
export class InvalidPlatformError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "InvalidPlatformError";
  /** The text. */
  readonly input: string;

  /** Made by {@linkcode parsePlatform}. */
  constructor(input: string, reason: string) {
    super(`Cannot parse platform ${JSON.stringify(input)}: ${reason}`);
    this.input = input;
  }
}

/** A text that is no digest, or one by an unknown algorithm. */
export class InvalidDigestError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "InvalidDigestError";
  /** The text. */
  readonly input: string;

  /** What is wrong with it, as half a sentence. */
  readonly reason: string;

  /** Made by {@linkcode parseDigest}. */
  constructor(input: string, reason: string) {
    super(`Cannot parse digest ${JSON.stringify(input)}: ${reason}`);
    this.input = input;
    this.reason = reason;
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

/** An answer of a registry, of its token server or of its storage, that is no success. */
export class RegistryError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "RegistryError";
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
  /** The registry's host. */
  readonly registry: string;
  /** Why the token server is not asked, where the user may vouch for it. */
  readonly code?: "realm-plain" | "realm-private";
  /** That token server, as `host` or `host:port`. */
  readonly host?: string;

  /** Made from a challenge. */
  constructor(
    registry: string,
    reason: string,
    options?: ErrorOptions & Pick<AuthenticationError, "code" | "host">,
  ) {
    super(`Cannot log in to ${registry}: ${reason}`, options);
    this.registry = registry;
    this.code = options?.code;
    this.host = options?.host;
  }
}

/** Bytes that are not those of their descriptor. */
export class ContentMismatchError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "ContentMismatchError";
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
    this.descriptor = descriptor;
    this.actual = actual;
  }
}

/** An image that is not made for the platform that was asked for. */
export class PlatformNotFoundError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "PlatformNotFoundError";
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

/**
 * Why something cannot be pulled: it is of Docker's schema 1, it is no image,
 * or it is of a kind that is not known.
 */
export type UnsupportedKind = "schema-1" | "artifact" | "unknown";

/** A document or layer of a kind that cannot be pulled. */
export class UnsupportedMediaTypeError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "UnsupportedMediaTypeError";
  /** The media type. */
  readonly mediaType: string;
  /** Why it cannot be pulled. */
  readonly kind: UnsupportedKind;

  /** Made by the readers of documents. */
  constructor(
    mediaType: string,
    reason: string,
    kind: UnsupportedKind = "unknown",
  ) {
    super(`Cannot use media type ${JSON.stringify(mediaType)}: ${reason}`);
    this.mediaType = mediaType;
    this.kind = kind;
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
    super(mediaType, `it is no container image (${artifact})`, "artifact");
    this.artifact = artifact;
  }
}

/**
 * What is wrong with a document: it is not what it should be, or one program
 * may read it as one thing and the next one as another.
 */
export type InvalidDocumentKind = "malformed" | "ambiguous";

/** A manifest, index or configuration that is malformed, ambiguous or too large. */
export class InvalidDocumentError extends DockerPullError {
  /** The class, for programs that have more than one copy of it. */
  override name = "InvalidDocumentError";
  /** What it is known by. */
  readonly subject: string;
  /** What is wrong with it. */
  readonly kind: InvalidDocumentKind;

  /** Made by the readers of documents. */
  constructor(
    subject: string,
    reason: string,
    options: ErrorOptions & { kind?: InvalidDocumentKind } = {},
  ) {
    super(`Cannot use ${subject}: ${reason}`, options);
    this.subject = subject;
    this.kind = options.kind ?? "malformed";
  }
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
  readonly code: HelperFailure["code"];
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
   * `not-a-file`, `not-an-archive`, `not-a-layout`, `system-folder`,
   * `too-large`, and `replaced`, where another file came in its place.
   */
  readonly code: string;
  /** How many bytes were to be written, for `ENOSPC`, where that is known. */
  readonly needed?: number;
  /** How many bytes there is room for, for `ENOSPC`, where that is known. */
  readonly free?: number;

  /** Made from what `node:fs` threw. */
  constructor(
    operation: string,
    path: string,
    code: string,
    options?: ErrorOptions & Pick<StorageError, "needed" | "free">,
  ) {
    super(`Cannot ${operation} ${JSON.stringify(path)}: ${code}`, options);
    this.operation = operation;
    this.path = path;
    this.code = code;
    this.needed = options?.needed;
    this.free = options?.free;
  }
}
