/** A token server after the facts of its registry. */

import { Buffer } from "node:buffer";
import { json, problem } from "../registry_server/answers.ts";
import type { Answer, RecordedRequest } from "../registry_server/mod.ts";
import type { Asked, BearerFacts, Facts } from "./facts.ts";
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

interface Token {
  pulls: Set<string>;
  end: number;
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
    // A login is checked without any.
    const [scope] = scopes;
    const good = scopes.length < 2 &&
      (scope === undefined || /^repository:[^ ]+:pull$/.test(scope));
    if (!good) {
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
    if (scope === undefined) return this.#issue([]);
    const repository = scope.slice("repository:".length, -":pull".length);
    const allowed = repository === facts.open ||
      (known && repository === facts.closed);
    if (!allowed && auth.closed) return auth.closed;
    return this.#issue(allowed ? [repository] : []);
  }

  #issue(pulls: string[]): Answer {
    const { facts: { auth }, host, secrets, now } = this.#options;
    const { lifetime } = auth;
    const token = `eyJ${crypto.randomUUID()}`;
    this.#tokens.set(token, {
      pulls: new Set(pulls),
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
    const scope = repository && `repository:${repository}:pull`;
    const { method } = record;
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
    if (repository === undefined || token.pulls.has(repository)) {
      return undefined;
    }
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
