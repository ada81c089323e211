/** What a host fails with: a response that is no success, or none. */

import { DockerPullError, ProblemError } from "./base_error.ts";
import type {
  NetworkProblem,
  PlainNetworkCode,
  UploadProblem,
} from "./problems.ts";
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
  | { kind: "blob"; digest: string }
  /** To take something into a repository. */
  | { kind: "push"; registry: string; repository: string };

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
    const words = wordsOf(errors);
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

  /** What the registry says of it, in one line of its own words. */
  get words(): string {
    return wordsOf(this.errors);
  }
}

function wordsOf(errors: RegistryErrorDetail[]): string {
  return errors.map(({ code, message }) =>
    [code, message].filter(Boolean).join(": ")
  ).filter(Boolean).join("; ");
}

/** Something that a registry does not take, or not as it should. */
export class UploadError extends ProblemError<UploadProblem> {
  /** The registry's name. */
  readonly registry: string;
  /** The repository's name. */
  readonly repository: string;

  /** Made by whoever uploads; the cause is what the registry says, if anything. */
  constructor(
    registry: string,
    repository: string,
    problem: UploadProblem,
    options?: ErrorOptions,
  ) {
    super(
      "UploadError",
      `push to ${registry}/${repository}`,
      problem,
      options,
    );
    this.registry = registry;
    this.repository = repository;
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

/** No answer, or one that broke off. */
export class NetworkError extends ProblemError<NetworkProblem> {
  /** The address, without user, password and query values. */
  readonly url: string;
  /** What kind of failure it is. */
  readonly kind: NetworkErrorKind;

  /**
   * Made from what `fetch` threw.
   *
   * @param problem What exactly is wrong, or its code where that says all.
   */
  constructor(
    url: string,
    kind: NetworkErrorKind,
    problem: NetworkProblem | PlainNetworkCode,
    options?: ErrorOptions,
  ) {
    super(
      "NetworkError",
      `reach ${url}`,
      typeof problem === "string" ? { code: problem } : problem,
      options,
    );
    this.url = url;
    this.kind = kind;
  }
}
