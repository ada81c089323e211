/** Requests to one repository, with whatever login they take. */

import {
  type Asked,
  InvalidReferenceError,
  type RegistryError,
} from "../image/errors.ts";
import {
  CALL,
  either,
  FLAG,
  LIST,
  type Rules,
  TEXT,
} from "../image/options.ts";
import type { CredentialProvider } from "../image/types.ts";
import { Authenticator, type AuthTrail } from "./auth/authenticator.ts";
import { isUnauthorized } from "./auth/login.ts";
import { discard, type Exchange } from "../net/body.ts";
import { Endpoint, type PlainHttp } from "./endpoint.ts";
import { Guests } from "./auth/guests.ts";
import { HttpClient } from "../net/http.ts";
import {
  HTTP_RULES,
  type HttpOptions,
  type SendOptions,
} from "../net/http_options.ts";
import { type CheckPlain, plainStorage } from "./plain_storage.ts";
import type { Lookup } from "./auth/realm.ts";

/** How a repository is asked. */
export interface SessionOptions extends HttpOptions {
  /** Looks up the login, once the registry asks for one. */
  credentials?: CredentialProvider;
  /**
   * Whether the registry is asked by plain HTTP, in which logins can be read
   * by anyone on the way.
   *
   * @default {undefined} https, but for this machine's own addresses, where
   * the first request finds out.
   */
  plainHttp?: PlainHttp;
  /**
   * The address to ask in place of the registry's own, for a mirror. The
   * login is then looked up for that address's host.
   */
  endpoint?: string;
  /**
   * The registry whose images a mirror is asked for, sent as the query
   * parameter `ns`, as containerd does: mirrors of several registries go by it.
   */
  namespace?: string;
  /**
   * Token servers, as `host` or `host:port`, that a login is sent to though
   * they speak plain HTTP or are at a private address.
   *
   * @default {[]}
   */
  trustedRealms?: readonly string[];
  /** Looks up the addresses of a name; this machine's way is the default. */
  lookup?: Lookup;
}

/** What those options may be. */
export const SESSION_RULES: Rules<SessionOptions> = {
  ...HTTP_RULES,
  credentials: CALL,
  plainHttp: either(FLAG, CALL),
  endpoint: TEXT,
  namespace: TEXT,
  trustedRealms: LIST,
  lookup: CALL,
};

/** One request of a session. */
export interface SessionRequest extends SendOptions {
  /** What an error says was asked for; without it, what the path tells. */
  asked?: Asked;
}

/** More than any request needs: challenge, renewal, more scopes, no login. */
const MAX_ROUNDS = 5;

/** What is asked for by its digest, which is compared with what comes. */
const BY_DIGEST = /^(?:blobs|manifests)\/[a-z0-9+._-]+:/;

/** A storage says by these that a signed address is over; the registry makes another. */
const DEAD_ADDRESS = new Set([400, 401, 403, 410]);

/** The endpoint, the login and the connection state of one repository. */
export class Session {
  /** What sends. */
  readonly http: HttpClient;
  /** The host that is asked, with its port where it is none of the usual. */
  readonly host: string;
  /** Decides whether content known by its digest may come by plain HTTP. */
  readonly checkPlain: CheckPlain;
  readonly #endpoint: Endpoint;
  readonly #auth: Authenticator;
  readonly #guests: Guests;
  readonly #repository: string;
  readonly #namespace: string | undefined;

  /**
   * Sends nothing yet.
   *
   * @param registry The registry's name.
   * @param registryHost The host that answers for it.
   * @param repository The repository's name; empty for the registry itself.
   * @param options How to ask.
   * @param scopes What tokens shall allow; to pull, without it.
   * @throws {InvalidReferenceError} If a name cannot be part of an address.
   */
  constructor(
    registry: string,
    registryHost: string,
    repository: string,
    options: SessionOptions,
    scopes?: readonly string[],
  ) {
    const { plainHttp, endpoint, namespace, credentials, onEvent } = options;
    const { trustedRealms, lookup } = options;
    check(registryHost, /^[a-z0-9.:_[\]-]+$/i);
    check(repository, /^(?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/(?!$)|$))*$/);
    this.http = new HttpClient(options);
    this.#repository = repository;
    this.#namespace = namespace;
    this.#endpoint = endpoint === undefined
      ? Endpoint.of(registryHost, registry, plainHttp)
      : new Endpoint(new URL(endpoint.replace(/\/*$/, "/")));
    this.host = this.#endpoint.url.host;
    this.#auth = new Authenticator({
      registry: endpoint === undefined ? registry : this.host,
      repository,
      endpoint: () => this.#endpoint.url,
      http: this.http,
      credentials,
      onEvent,
      trustedRealms,
      lookup,
      scopes,
    });
    this.checkPlain = plainStorage(registry, onEvent);
    this.#guests = new Guests({
      http: this.http,
      repository,
      isOwn: (url) => this.#isOwn(url),
      lookup,
    });
  }

  /**
   * The Authorization header for a host that the registry redirects to.
   *
   * @param url The address there.
   * @returns The header; nothing where that host has not asked for a token.
   */
  authorize(url: URL): string | undefined {
    return this.#guests.authorize(url);
  }

  /**
   * The address of something in the repository.
   *
   * @param path Such as `tags/list`.
   * @returns The address.
   */
  url(path: string): URL {
    return new URL(this.#path(path), this.#endpoint.url);
  }

  /** Whether an address is the registry's, or that of its token server. */
  #isOwn({ hostname }: URL): boolean {
    const own = this.#endpoint.url.hostname;
    return hostname === own || hostname.endsWith(`.${own}`) ||
      hostname === this.#auth.tokenHost;
  }

  #path(path: string): string {
    const whole = this.#repository === ""
      ? "v2/"
      : `v2/${this.#repository}/${path}`;
    // The link to a next page may have it already.
    if (this.#namespace === undefined || /[?&]ns=/.test(path)) return whole;
    const separator = path.includes("?") ? "&" : "?";
    return `${whole}${separator}ns=${encodeURIComponent(this.#namespace)}`;
  }

  /**
   * Sends a request, logs in where the registry asks for it, and once more
   * where a token has run out.
   *
   * @param target Such as `tags/list`; or an address that the registry has
   * given, which gets no login unless it is the registry's own.
   * @param options The request.
   * @param anyStatus Whether a response that is no success is returned as well.
   * @returns The response, whose body has not been read unless it is no success.
   * @throws {RegistryError} If it is no success.
   * @throws {NetworkError} If none comes.
   * @throws {AuthenticationError} If no way to log in can be followed.
   */
  async request(
    target: string | URL,
    { asked, ...options }: SessionRequest,
    anyStatus = false,
  ): Promise<Exchange> {
    const { signal } = options;
    const path = typeof target === "string" ? target : "";
    const address = typeof target === "string" ? undefined : target;
    const elsewhere = address !== undefined &&
      address.origin !== this.#endpoint.url.origin;
    const trail: AuthTrail = {};
    let refusal: RegistryError | undefined;
    let renewed = false;
    let welcomed = 0;
    const { method = "GET" } = options;
    const byDigest = method === "GET" && BY_DIGEST.test(path);
    for (let round = 1;; round++) {
      const authorization = elsewhere
        ? this.authorize(address)
        : await this.#auth.authorization(signal, trail);
      const request: SendOptions = {
        ...options,
        authorization,
        authorize: (url) => this.authorize(url),
        checkPlain: byDigest ? this.checkPlain : undefined,
      };
      const exchange = address
        ? await this.http.send(address, request)
        : await this.#endpoint.send(this.http, this.#path(path), request);
      exchange.redirected ||= elsewhere;
      if (exchange.response.ok) return exchange;
      if (
        exchange.redirected && welcomed++ < 2 &&
        await this.#guests.welcome(exchange, signal)
      ) continue;
      if (
        exchange.redirected && !renewed && path.startsWith("blobs/") &&
        DEAD_ADDRESS.has(exchange.response.status)
      ) {
        renewed = true;
        await discard(exchange);
        continue;
      }
      const header = exchange.response.headers.get("www-authenticate");
      const error = await this.http.toError(
        exchange,
        asked ?? askedBy(path),
      );
      if (authorization !== undefined) refusal ??= error;
      const again = !exchange.redirected && isUnauthorized(error) &&
        round < MAX_ROUNDS &&
        await this.#auth.refused(error, header, authorization, trail, signal);
      if (again) continue;
      if (anyStatus) return exchange;
      // The refusal of a login says more than that of none.
      const { loginRefusal } = this.#auth;
      if (isUnauthorized(error)) throw loginRefusal ?? refusal ?? error;
      throw error.status === 403 ? loginRefusal ?? error : error;
    }
  }
}

/** What is asked for by a path within a repository. */
export function askedBy(path: string): Asked | undefined {
  const [kind, name] = path.split(/[/?]/);
  if (name === undefined) return undefined;
  if (kind === "blobs") return { kind: "blob", digest: name };
  if (kind !== "manifests") return undefined;
  return name.includes(":")
    ? { kind: "digest", digest: name }
    : { kind: "tag", tag: name };
}

function check(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) {
    throw new InvalidReferenceError(text, 0, { code: "not-for-address" });
  }
}
