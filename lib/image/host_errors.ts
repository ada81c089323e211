/** What a host fails with: a response that is no success, or none. */

import { DockerPullError } from "./base_error.ts";
import type { Platform } from "./types.ts";

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
  /** What the status means. */
  declare readonly code: RegistryErrorCode;
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
      "RegistryError",
      STATUS_CODES[init.status] ??
        (Math.floor(init.status / 100) === 5 ? "server-fault" : "status"),
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
  /** The address, without user, password and query values. */
  readonly url: string;
  /** The reason, else the kind. */
  declare readonly code: NetworkErrorReason | NetworkErrorKind;
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
    super(
      "NetworkError",
      options?.reason ?? kind,
      `Cannot reach ${url}: ${words}`,
      options,
    );
    this.url = url;
    this.kind = kind;
    this.words = words;
    this.reason = options?.reason;
    this.page = options?.page;
  }
}
