/**
 * Hosts that a registry redirects to and that want a token of their own: a
 * front end before several registries does so. They get one without a login,
 * which is the registry's alone.
 */

import { discard, type Exchange } from "../../net/body.ts";
import { parseChallenges } from "./challenge.ts";
import type { HttpClient } from "../../net/http.ts";
import type { Lookup } from "./realm.ts";
import { mergeScopes, pullScope } from "./scopes.ts";
import { SharedWork } from "../shared.ts";
import { requestToken, type Token } from "./token.ts";

/** What {@linkcode Guests} has to be told. */
export interface GuestsOptions {
  /** What sends. */
  http: HttpClient;
  /** The repository's name. */
  repository: string;
  /** Whether an address is the registry's own, or its token server's. */
  isOwn: (url: URL) => boolean;
  /** Looks up names. */
  lookup?: Lookup;
}

/** The tokens of other hosts, each for its own origin. */
export class Guests {
  readonly #options: GuestsOptions;
  readonly #tokens = new Map<string, Token>();
  readonly #asking = new SharedWork<Token>();

  /** Has no token yet. */
  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  /**
   * The Authorization header for an address.
   *
   * @param url The address.
   * @returns The header; nothing for a host that wants no token.
   */
  authorize({ origin }: URL): string | undefined {
    const token = this.#tokens.get(origin);
    return token && `Bearer ${token.value}`;
  }

  /**
   * Gets a token where another host refuses for want of one.
   *
   * The registry's own token server is none of another host's: a token of
   * its would tell that host what this machine may pull.
   *
   * @param exchange The refusal, after a redirect; its body is dropped where a
   * token is asked for.
   * @param signal Ends the request for the token.
   * @returns Whether there is one now that was not sent before.
   * @throws {AuthenticationError} If the host's token server must not be asked.
   * @throws {RegistryError} If that refuses.
   */
  async welcome(exchange: Exchange, signal?: AbortSignal): Promise<boolean> {
    const { response, url, sent } = exchange;
    const { http, repository, lookup, isOwn } = this.#options;
    if (response.status !== 401 || isOwn(url)) return false;
    const header = response.headers.get("www-authenticate") ?? "";
    const parameters = parseChallenges(header)
      .find(({ scheme }) => scheme === "bearer")?.parameters;
    const realm = parameters?.get("realm");
    if (parameters === undefined || !realm) return false;
    if (URL.canParse(realm) && isOwn(new URL(realm))) return false;
    await discard(exchange);
    // Another request may have got one in the meantime.
    if (this.authorize(url) !== sent.authorization) return true;
    const { origin, host } = url;
    const named = parameters.get("scope");
    const scopes = named
      ? mergeScopes([], named, repository)
      : [pullScope(repository)];
    const token = await this.#asking.run(
      origin,
      (signal) =>
        requestToken(http, {
          registry: host,
          origin: url,
          realm,
          service: parameters.get("service"),
          scopes,
          lookup,
          signal,
        }),
      signal,
    );
    this.#tokens.set(origin, token);
    return true;
  }
}
