/**
 * Asks a token server for a token.
 *
 * @see {@link https://distribution.github.io/distribution/spec/auth/token/}
 * @see {@link https://distribution.github.io/distribution/spec/auth/oauth/}
 */

import type { AuthenticationProblem } from "../../image/problems.ts";
import {
  AuthenticationError,
  InvalidDocumentError,
  RegistryError,
} from "../../image/errors.ts";
import type { Credential } from "../../image/types.ts";
import { encodeBase64 } from "../../net/base64.ts";
import { type HttpClient, MAX_REPLY_SIZE } from "../../net/http.ts";
import { checkRealm, type Lookup } from "./realm.ts";

/** A token and how long it may be used. */
export interface Token {
  /** The token. */
  value: string;
  /** When to ask for another one, in milliseconds since 1970. */
  renewAt: number;
  /** How many milliseconds it lasts, where the server says it. */
  lifetime?: number;
  /** A new identity token that replaces the one that was sent. */
  identityToken?: string;
}

/** What a token is asked for. */
export interface TokenRequest {
  /** The registry's name, for errors. */
  registry: string;
  /** The registry's own address. */
  origin: URL;
  /** The token server's address, as the challenge says it. */
  realm: string;
  /** The registry's name at the token server. */
  service?: string;
  /** What the token shall allow, such as `repository:library/nginx:pull`. */
  scopes: string[];
  /** The login. */
  credential?: Credential;
  /** Token servers that the user vouches for, as `host` or `host:port`. */
  trustedRealms?: readonly string[];
  /** Looks up the registry's name. */
  lookup?: Lookup;
  /** Ends the request. */
  signal?: AbortSignal;
}

const CLIENT_ID = "docker-pull";
/** Statuses by which a server says that it has no `POST`. */
const NO_POST = new Set([400, 401, 404, 405]);

/**
 * Asks for a token: by `GET` with the user's name and password or without
 * any, or by `POST` with an identity token and then, where the server has no
 * such, by `GET` too.
 *
 * @param http What sends.
 * @param request What to ask for.
 * @returns The token.
 * @throws {AuthenticationError} If the server must not be asked, or its reply
 * holds no token.
 * @throws {RegistryError} If it refuses.
 */
export async function requestToken(
  http: HttpClient,
  request: TokenRequest,
): Promise<Token> {
  const rules = {
    origin: request.origin,
    registry: request.registry,
    login: request.credential !== undefined,
    trusted: request.trustedRealms,
    lookup: request.lookup,
  };
  const url = await checkRealm(request.realm, rules);
  if (request.credential?.kind === "identity-token") {
    try {
      return await post(http, url, request, request.credential.token);
    } catch (error) {
      if (!(error instanceof RegistryError) || !NO_POST.has(error.status)) {
        throw error;
      }
    }
  }
  const { service, scopes, credential, signal } = request;
  if (service) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  return await http.retrying(url, async () => {
    const exchange = await http.send(url, {
      headers: { accept: "application/json" },
      authorization: credential && basicAuthorization(credential),
      signal,
      // The login itself stays behind.
      checkRedirect: async (target) =>
        void await checkRealm(target.href, { ...rules, login: false }),
    });
    if (!exchange.response.ok) throw await http.toError(exchange);
    return await readToken(http, exchange, request);
  }, signal);
}

/**
 * The Authorization header of a login, in the scheme Basic.
 *
 * @param credential The login.
 * @returns The header's value; nothing for a registry token, which is none.
 */
export function basicAuthorization(credential: Credential): string | undefined {
  if (credential.kind === "registry-token") return undefined;
  const { username, password } = credential.kind === "basic" ? credential : {
    username: credential.username || "<token>",
    password: credential.token,
  };
  return `Basic ${encodeBase64(`${username}:${password}`)}`;
}

async function post(
  http: HttpClient,
  url: URL,
  request: TokenRequest,
  identityToken: string,
): Promise<Token> {
  const { service, scopes, signal } = request;
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: CLIENT_ID,
    ...service ? { service } : {},
    scope: scopes.join(" "),
    refresh_token: identityToken,
  });
  return await http.retrying(url, async () => {
    const exchange = await http.send(url, {
      method: "POST",
      headers: {
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
      },
      body: form.toString(),
      signal,
    });
    if (!exchange.response.ok) throw await http.toError(exchange);
    return await readToken(http, exchange, request);
  }, signal);
}

async function readToken(
  http: HttpClient,
  exchange: Awaited<ReturnType<HttpClient["send"]>>,
  { registry }: TokenRequest,
): Promise<Token> {
  const { host } = exchange.url;
  const fail = (problem: AuthenticationProblem): never => {
    throw new AuthenticationError(registry, problem);
  };
  let fields: Record<string, unknown>;
  try {
    const bytes = await http.read(exchange, MAX_REPLY_SIZE, "token");
    const value = JSON.parse(new TextDecoder().decode(bytes));
    fields = value !== null && typeof value === "object" ? value : {};
  } catch (error) {
    if (error instanceof InvalidDocumentError) {
      return fail({ code: "reply-too-large", host, limit: MAX_REPLY_SIZE });
    }
    // Not as the cause: a parser's words quote what it read.
    if (error instanceof SyntaxError) {
      return fail({ code: "reply-no-json", host });
    }
    throw error;
  }
  const value = [fields.token, fields.access_token].find((each) =>
    typeof each === "string" && each !== ""
  );
  if (value === undefined) return fail({ code: "reply-no-token", host });
  if (!isHeaderSafe(value as string)) {
    return fail({ code: "reply-bad-token", host });
  }
  const { refresh_token: identityToken } = fields;
  return {
    value: value as string,
    renewAt: renewalTime(fields, http.now()),
    lifetime: lifetimeOf(fields),
    identityToken: typeof identityToken === "string" && identityToken !== ""
      ? identityToken
      : undefined,
  };
}

/**
 * Whether a token can be part of a header.
 *
 * @param token The token.
 * @returns False where it would end the header or has no letters at all.
 */
export function isHeaderSafe(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token);
}

const DEFAULT_LIFETIME_MS = 60_000;
/** At most this long before a token's end another one is asked for. */
const EARLY_MS = 10_000;

/**
 * A token counts from when it was issued where the clocks seem to agree, else
 * from now, so that a wrong clock neither ages nor prolongs it.
 */
function renewalTime(fields: Record<string, unknown>, now: number): number {
  const lifetime = lifetimeOf(fields) ?? DEFAULT_LIFETIME_MS;
  const age = typeof fields.issued_at === "string"
    ? now - Date.parse(fields.issued_at)
    : 0;
  const start = age > 0 && age < lifetime ? now - age : now;
  return start + lifetime - Math.min(EARLY_MS, lifetime / 4);
}

/** No token is believed to last longer, in seconds: a year. */
const LONGEST_LIFETIME_S = 31_536_000;

/** The lifetime in milliseconds, where it is a positive number or the text of one. */
function lifetimeOf(
  { expires_in: told }: Record<string, unknown>,
): number | undefined {
  const seconds = typeof told === "number" ||
      (typeof told === "string" && /^\d{1,20}(?:\.\d{1,20})?$/.test(told))
    ? Number(told)
    : NaN;
  return seconds > 0 ? Math.min(seconds, LONGEST_LIFETIME_S) * 1000 : undefined;
}
