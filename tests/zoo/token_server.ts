/** A token server after the facts of its registry. */

import { Buffer } from "node:buffer";
import { json, problem } from "../registry_server/answers.ts";
import type { Answer, RecordedRequest } from "../registry_server/mod.ts";
import { type Asked, type BearerFacts, type Facts, pushedTo } from "./facts.ts";
import type { Secrets } from "./secrets.ts";

/** User and password, or identity token, that a registry takes. */
export interface Account {
  /** The user. */
  user: string;
  /** The password. */
  password: string;
  /** The identity token. */
  identityToken: string;
}

/** What a token allows, as `pull library/nginx`. */
type Rights = ReadonlySet<string>;

interface Token {
  rights: Rights;
  end: number;
}

/** What a request is for. */
export function actionOf(method: string): "pull" | "push" {
  return method === "GET" || method === "HEAD" ? "pull" : "push";
}

/** The user and the password of a header. */
export function basicOf(header: string | null): string | undefined {
  const value = /^Basic (.+)$/.exec(header ?? "")?.[1];
  return value && Buffer.from(value, "base64").toString();
}

/** What {@linkcode TokenServer} goes by. */
export interface TokenServerOptions {
  facts: Facts & { auth: BearerFacts };
  host: string;
  account: Account;
  secrets: Secrets;
  now: () => number;
}

/** Gives out tokens, and judges those that come. */
export class TokenServer {
  readonly #options: TokenServerOptions;
  readonly #tokens = new Map<string, Token>();

  constructor(options: TokenServerOptions) {
    this.#options = options;
  }

  /** Whether a request is for the token server. */
  serves({ url }: RecordedRequest): boolean {
    const asked = new URL(url);
    const realm = new URL(this.#options.facts.auth.realm);
    return asked.host === realm.host && asked.pathname === realm.pathname;
  }

  /** Ends the life of all tokens. */
  expire(): void {
    for (const token of this.#tokens.values()) token.end = 0;
  }

  /** The answer to who asks for a token. */
  answer({ method, url, headers, text }: RecordedRequest): Answer {
    const { facts, account } = this.#options;
    const { auth } = facts;
    const posted = method === "POST";
    if (posted && auth.post !== "identity token") {
      return problem(auth.post, "UNSUPPORTED", "The operation is unsupported.");
    }
    const asked = posted
      ? new URLSearchParams(text)
      : new URL(url).searchParams;
    const scopes = asked.getAll("scope");
    const service = asked.get("service") ?? undefined;
    // Artifact Registry's /v2/ names none.
    const unsaid = service === undefined && scopes.length === 0;
    if (service !== auth.service && !unsaid) {
      return problem(400, "BAD_REQUEST", "another service is served here");
    }
    // A login is checked without any; a push may be of several repositories.
    const asks = scopes.map((scope) =>
      /^repository:([^ :]+):(pull|pull,push)$/.exec(scope)
    );
    const pushes = asks.some((ask) => ask?.[2] === "pull,push");
    if (asks.includes(null) || (asks.length > 1 && !pushes)) {
      return problem(400, "BAD_REQUEST", "not one scope of one repository");
    }
    const login = basicOf(headers.get("authorization"));
    const known = posted
      ? asked.get("refresh_token") === account.identityToken &&
        asked.get("grant_type") === "refresh_token" && asked.has("client_id")
      : login === `${account.user}:${account.password}` ||
        login === `<token>:${account.identityToken}`;
    if ((posted || login !== undefined) && !known) return auth.wrong;
    if (!known && auth.anonymous) return auth.anonymous;
    const rights = new Set<string>();
    for (const [, repository = "", actions = ""] of asks.map((ask) => ask!)) {
      const readable = repository === facts.open ||
        (known && repository === facts.closed);
      if (readable) rights.add(`pull ${repository}`);
      const writable = known && actions.includes("push") &&
        repository === pushedTo(facts);
      if (writable) rights.add(`push ${repository}`);
    }
    if (asks.length > 0 && rights.size === 0 && auth.closed) return auth.closed;
    return this.#issue(rights);
  }

  #issue(rights: Rights): Answer {
    const { facts: { auth }, host, secrets, now } = this.#options;
    const { lifetime } = auth;
    const token = `eyJ${crypto.randomUUID()}`;
    this.#tokens.set(token, {
      rights,
      end: now() + lifetime * 1000,
    });
    secrets.add("token", token, [host]);
    return json(200, auth.reply(token, lifetime));
  }

  /** The registry's refusal of a request, or nothing. */
  refuse(record: RecordedRequest, repository?: string): Answer | undefined {
    const { facts, now } = this.#options;
    const { auth } = facts;
    const header = record.headers.get("authorization");
    const { method } = record;
    const action = actionOf(method);
    const scope = repository &&
      `repository:${repository}:${action === "pull" ? "pull" : "pull,push"}`;
    if (header?.startsWith("Basic ") && auth.basic) return auth.basic;
    const value = /^Bearer (.+)$/.exec(header ?? "")?.[1];
    if (value === undefined) {
      return this.#challenge({ scope, method });
    }
    const token = this.#tokens.get(value);
    if (token === undefined || now() >= token.end) {
      return auth.expired ??
        this.#challenge({ scope, method, error: "invalid_token" });
    }
    if (
      repository === undefined || token.rights.has(`${action} ${repository}`)
    ) return undefined;
    return this.#challenge(
      { scope, method, error: "insufficient_scope" },
      facts.insufficient,
    );
  }

  #challenge(asked: Asked, refusal?: Answer): Answer {
    const { auth } = this.#options.facts;
    const right = Object.entries({
      realm: auth.realm,
      service: auth.service,
      scope: asked.scope,
      error: asked.error,
    }).filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}="${value}"`).join(",");
    const whole = `Bearer ${right}`;
    const challenge = auth.challenge ? auth.challenge(whole, asked) : whole;
    const answer = refusal ??
      problem(401, "UNAUTHORIZED", "authentication required");
    return challenge === undefined ? answer : {
      ...answer,
      headers: { ...answer.headers, "www-authenticate": challenge },
    };
  }
}
