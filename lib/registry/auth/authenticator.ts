/**
 * Logs in to one repository: keeps the challenge, the login and the token,
 * and decides after a refusal whether another try makes sense.
 */

import type { AuthenticationProblem } from "../../image/problems.ts";
import { AuthenticationError, type RegistryError } from "../../image/errors.ts";
import { DOCKER_HUB } from "../../image/reference.ts";
import type { Credential } from "../../image/types.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { discard } from "../../net/body.ts";
import type { HttpClient } from "../../net/http.ts";
import { cleanText } from "../../redact/clean.ts";
import type { Lookup } from "./realm.ts";
import {
  isLoginRefusal,
  Login,
  type LoginOptions,
  withLoginOrWithout,
} from "./login.ts";
import { mergeScopes, pullScope } from "./scopes.ts";
import { SharedWork } from "../shared.ts";
import {
  basicAuthorization,
  isHeaderSafe,
  requestToken,
  type Token,
} from "./token.ts";

/** What {@linkcode Authenticator} has to be told. */
export interface AuthenticatorOptions extends LoginOptions {
  /** The registry's address, which may change from http to https. */
  endpoint: () => URL;
  /** What sends. */
  http: HttpClient;
  /** Token servers that the user vouches for, as `host` or `host:port`. */
  trustedRealms?: readonly string[];
  /** Looks up the registry's name. */
  lookup?: Lookup;
  /**
   * What tokens shall allow.
   *
   * @default {undefined} To pull from the repository.
   */
  scopes?: readonly string[];
}

/** What one request has been through, so that its tries come to an end. */
export interface AuthTrail {
  /** Whether a token was asked for on behalf of this request. */
  renewed?: boolean;
  /** Whether the `/v2/` challenge was asked for on its behalf. */
  asked?: boolean;
  /** Whether a token with more scopes was asked for on its behalf. */
  widened?: boolean;
}

/**
 * The token servers of registries that let nobody in without a token. Asking
 * them first spares the request that would only be refused.
 */
const KNOWN_CHALLENGES: ReadonlyMap<string, [realm: string, service: string]> =
  new Map([
    [DOCKER_HUB, ["https://auth.docker.io/token", "registry.docker.io"]],
    ["ghcr.io", ["https://ghcr.io/token", "ghcr.io"]],
  ]);

function knownChallenge(registry: string): Challenge | undefined {
  const known = KNOWN_CHALLENGES.get(registry);
  if (known === undefined) return undefined;
  const [realm, service] = known;
  const parameters = new Map([["realm", realm], ["service", service]]);
  return { scheme: "bearer", parameters };
}

/** The login to one repository. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #tokens = new SharedWork<Token>();
  #challenge: Challenge | undefined;
  /** Whether the challenge is one that the registry has not made itself. */
  #presumed: boolean;
  #scopes: string[];
  #token: Token | undefined;
  readonly #login: Login;
  readonly #roots = new SharedWork<{ header: string | null }>();
  #root: { header: string | null } | undefined;

  #connecting = false;

  /** Knows nothing of how the registry asks for a login, until it asks. */
  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#login = new Login(options);
    this.#scopes = [...options.scopes ?? [pullScope(options.repository)]];
    this.#challenge = knownChallenge(options.registry);
    this.#presumed = this.#challenge !== undefined;
  }

  /**
   * The Authorization header for the next request. A token that is about to
   * run out is replaced first, in one request for all who wait.
   *
   * @param signal Ends the wait.
   * @param trail The trail of the request.
   * @returns The header's value; nothing while no login is called for.
   */
  async authorization(
    signal?: AbortSignal,
    trail: AuthTrail = {},
  ): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    if (this.#presumed) this.#connect(challenge, signal);
    const credential = await this.#login.credential();
    if (credential?.kind === "registry-token") {
      if (!isHeaderSafe(credential.token)) {
        throw this.#error({ code: "bad-registry-token" });
      }
      return `Bearer ${credential.token}`;
    }
    if (challenge.scheme === "basic") {
      return credential && basicAuthorization(credential);
    }
    const { now } = this.#options.http;
    if (this.#token === undefined || now() >= this.#token.renewAt) {
      trail.renewed = !this.#presumed;
      try {
        this.#token = await this.#renew(challenge, credential, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!this.#presumed || isLoginRefusal(error)) throw error;
        // The server has moved; the registry will say where to.
        this.#challenge = undefined;
        this.#presumed = false;
        return undefined;
      }
    }
    return `Bearer ${this.#token.value}`;
  }

  /**
   * Takes a refusal, and says whether the request should be sent again.
   *
   * @param error The refusal.
   * @param header The `WWW-Authenticate` header, if there was one.
   * @param sent The Authorization header that was sent, if any.
   * @param trail The trail of the request.
   * @param signal Ends the requests that this may take.
   * @returns Whether another try makes sense.
   * @throws {AuthenticationError} If no way to log in can be followed.
   */
  async refused(
    error: RegistryError,
    header: string | null,
    sent: string | undefined,
    trail: AuthTrail,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const before = this.#scopes.length;
    await this.#learn(error, header, trail, signal);
    if (this.#challenge === undefined) return false;
    // No wait from here on: others may be told of the same refusal just now.
    const credential = await this.#login.credential();
    if (sent === undefined) {
      return this.#challenge.scheme === "bearer" || credential !== undefined;
    }
    if (sent !== this.#current(credential)) return true;
    if (sent === `Bearer ${this.#token?.value}`) {
      this.#token = undefined;
      if (!trail.renewed) return true;
      if (!trail.widened && this.#scopes.length > before) {
        return trail.widened = true;
      }
    }
    if (credential === undefined) return false;
    const known = this.#challenge.scheme === "bearer" &&
      credential.kind !== "registry-token";
    await this.#login.drop(error, known);
    return true;
  }

  /** The refusal of the login, where one was refused. */
  get loginRefusal(): RegistryError | undefined {
    return this.#login.refusal;
  }

  /** The name of the token server's host, where there is one. */
  get tokenHost(): string | undefined {
    const realm = this.#challenge?.parameters.get("realm") ?? "";
    return URL.canParse(realm) ? new URL(realm).hostname : undefined;
  }

  /** The header that would be sent now, without asking anyone. */
  #current(credential: Credential | undefined): string | undefined {
    if (credential?.kind === "registry-token") {
      return `Bearer ${credential.token}`;
    }
    if (this.#challenge?.scheme === "basic") {
      return credential && basicAuthorization(credential);
    }
    return this.#token && `Bearer ${this.#token.value}`;
  }

  /** Notes how the registry wants a login. */
  async #learn(
    error: RegistryError,
    header: string | null,
    trail: AuthTrail,
    signal?: AbortSignal,
  ): Promise<void> {
    let challenges = parseChallenges(header ?? "");
    if (
      challenges.length === 0 && this.#challenge === undefined && !trail.asked
    ) {
      // gcr.io answers some requests with a bare 401, but never this one.
      trail.asked = true;
      challenges = parseChallenges(await this.#rootChallenge(signal) ?? "");
    }
    const usable = challenges.find(({ scheme }) => scheme === "bearer") ??
      challenges.find(({ scheme }) => scheme === "basic");
    if (usable === undefined) {
      if (challenges.length > 0 && this.#challenge === undefined) {
        const all = challenges.map(({ scheme }) => scheme).join(", ");
        const schemes = cleanText(all, 100);
        throw this.#error({ code: "other-schemes", schemes }, error);
      }
      return;
    }
    this.#scopes = mergeScopes(
      this.#scopes,
      usable.parameters.get("scope") ?? "",
      this.#options.repository,
    );
    // nvcr.io names another token server once a token has run out, where an
    // anonymous request fails; and Harbor then asks for Basic.
    if (this.#challenge?.scheme === "bearer" && !this.#presumed) return;
    if (usable.scheme === "bearer" && !usable.parameters.get("realm")) {
      throw this.#error({ code: "no-realm" }, error);
    }
    this.#challenge = usable;
    this.#presumed = false;
  }

  #rootUrl(): URL {
    return new URL("v2/", this.#options.endpoint());
  }

  async #rootChallenge(signal?: AbortSignal): Promise<string | null> {
    const { http } = this.#options;
    this.#root ??= await this.#roots.run("", async (signal) => {
      const url = this.#rootUrl();
      const exchange = await http.retrying(
        url,
        () => http.send(url, { signal }),
        signal,
      );
      await discard(exchange);
      const { response, redirected } = exchange;
      const header = response.headers.get("www-authenticate");
      return { header: redirected ? null : header };
    }, signal);
    return this.#root.header;
  }

  /**
   * Has a connection to the registry made while the token is on its way from
   * another host. The response is always the same and costs no quota.
   */
  #connect({ parameters }: Challenge, signal?: AbortSignal): void {
    const { http } = this.#options;
    const url = this.#rootUrl();
    const elsewhere = new URL(parameters.get("realm")!).host !== url.host;
    if (!elsewhere || this.#connecting) return;
    this.#connecting = true;
    http.send(url, { signal }).then(discard).catch(() => {});
  }

  async #renew(
    challenge: Challenge,
    credential: Credential | undefined,
    signal?: AbortSignal,
  ): Promise<Token> {
    const { registry, endpoint, http, trustedRealms, lookup } = this.#options;
    const scopes = this.#scopes;
    const ask = (login: Credential | undefined) =>
      this.#tokens.run(
        `${login === undefined} ${scopes.join(" ")}`,
        (signal) =>
          requestToken(http, {
            registry,
            origin: endpoint(),
            realm: challenge.parameters.get("realm")!,
            service: challenge.parameters.get("service"),
            scopes,
            credential: login,
            trustedRealms,
            lookup,
            signal,
          }),
        signal,
      );
    return await withLoginOrWithout(
      async (login) => {
        const token = await ask(login);
        if (login) this.#login.replaceToken(token.identityToken);
        return token;
      },
      credential,
      (refusal) => this.#login.drop(refusal),
    ).catch((error) => {
      // Where another request has had the login refused, that is what is wrong.
      throw isLoginRefusal(error) ? this.#login.refusal ?? error : error;
    });
  }

  #error(problem: AuthenticationProblem, cause?: unknown): AuthenticationError {
    return new AuthenticationError(this.#options.registry, problem, { cause });
  }
}
