/** Logins as registries ask for them: none, Basic, or Bearer tokens. */

import type { RecordedRequest } from "./exchange.ts";

/** A user name and a password with every request. */
export interface BasicAuth {
  /** Which one this is. */
  kind: "basic";
  /** Password by user name. */
  users: Record<string, string>;
}

/** Tokens from the registry's own `/token`. */
export interface BearerAuth {
  /** Which one this is. */
  kind: "bearer";
  /** Password by user name. */
  users?: Record<string, string>;
  /** User name by identity token, for `POST /token`, which is 404 without. */
  identityTokens?: Record<string, string>;
  /**
   * Which repositories may be pulled without a login: all of them, none, or
   * those listed.
   *
   * @default {false}
   */
  anonymous?: boolean | string[];
  /** A token's life in seconds; `null` leaves it out, which means 60.
   *
   * @default {300}
   */
  expiresIn?: number | null;
  /** @default {"fake-registry"} */
  service?: string;
  /** The token server's host, where it is not the registry's own. */
  tokenHost?: string;
  /**
   * The field that holds the token.
   *
   * @default {"token"}
   */
  field?: "token" | "access_token";
  /** Who may push, of those with a login; all without it. */
  pushers?: string[];
  /** Another header than the right challenge, such as one with two schemes. */
  challenge?: (right: string) => string;
}

/** How the registry asks for a login. */
export type Auth = BasicAuth | BearerAuth;

interface Token {
  pulls: Set<string>;
  pushes: Set<string>;
  expires: number;
}

/** The user and password of a Basic header. */
function readBasic(header: string | null): [string, string] | undefined {
  const [, coded] = /^Basic (.+)$/i.exec(header ?? "") ?? [];
  if (!coded) return undefined;
  const bytes = Uint8Array.from(atob(coded), (c) => c.charCodeAt(0));
  const text = new TextDecoder().decode(bytes);
  const colon = text.indexOf(":");
  return [text.slice(0, colon), text.slice(colon + 1)];
}

/** Gives out tokens and checks them. */
export class Gate {
  readonly #tokens: Map<string, Token> = new Map();
  #count = 0;

  /** Makes every token that was given out invalid. */
  revoke(): void {
    this.#tokens.clear();
  }

  /** The challenge to answer with, or nothing where the request may pass. */
  refuse(
    auth: Auth,
    record: RecordedRequest,
    repository: string | undefined,
    now: number,
    push = false,
  ): { challenge: string; denied: boolean } | undefined {
    const header = record.headers.get("authorization");
    if (auth.kind === "basic") {
      const [user, password] = readBasic(header) ?? [];
      if (user !== undefined && auth.users[user] === password) return undefined;
      return { challenge: `Basic realm="fake registry"`, denied: false };
    }
    const bearer = /^Bearer (.+)$/i.exec(header ?? "")?.[1];
    const token = bearer === undefined ? undefined : this.#tokens.get(bearer);
    const live = token !== undefined && token.expires > now;
    const allowed = push ? token?.pushes : token?.pulls;
    if (live && (repository === undefined || allowed!.has(repository))) {
      return undefined;
    }
    const actions = push ? "pull,push" : "pull";
    const { protocol, host } = new URL(record.url);
    const scope = repository === undefined
      ? ""
      : `,scope="repository:${repository}:${actions}"`;
    const error = live
      ? `,error="insufficient_scope"`
      : bearer === undefined
      ? ""
      : `,error="invalid_token"`;
    const right = `Bearer realm="${protocol}//${
      auth.tokenHost ?? host
    }/token",service="${auth.service ?? "fake-registry"}"${scope}${error}`;
    return { challenge: auth.challenge?.(right) ?? right, denied: live };
  }

  /** The answer of the token server: a status and a JSON document. */
  issue(
    auth: BearerAuth,
    record: RecordedRequest,
    now: number,
  ): { status: number; document: unknown } {
    const url = new URL(record.url);
    let parameters = url.searchParams;
    let user: string | undefined;
    if (record.method === "POST") {
      if (auth.identityTokens === undefined) {
        return { status: 404, document: {} };
      }
      parameters = new URLSearchParams(record.text);
      user = auth.identityTokens[parameters.get("refresh_token") ?? ""];
      if (user === undefined) return unauthorized("unknown refresh token");
    } else {
      const login = readBasic(record.headers.get("authorization"));
      if (login !== undefined) {
        if (auth.users?.[login[0]] !== login[1]) {
          return unauthorized("incorrect username or password");
        }
        user = login[0];
      }
    }
    const pulls = new Set<string>();
    const pushes = new Set<string>();
    for (const scope of parameters.getAll("scope").join(" ").split(" ")) {
      const [, name, actions = ""] =
        /^repository:(.+):([a-z,*]+)$/.exec(scope) ?? [];
      if (name === undefined) continue;
      const open = auth.anonymous === true ||
        Array.isArray(auth.anonymous) && auth.anonymous.includes(name);
      if (user !== undefined || open) pulls.add(name);
      const pusher = user !== undefined &&
        (auth.pushers?.includes(user) ?? true);
      if (pusher && actions.includes("push")) pushes.add(name);
    }
    const { expiresIn = 300, field = "token" } = auth;
    const token = `opaque-${++this.#count}`;
    this.#tokens.set(token, {
      pulls,
      pushes,
      expires: now + (expiresIn ?? 60) * 1000,
    });
    const life = expiresIn === null ? {} : { expires_in: expiresIn };
    return { status: 200, document: { [field]: token, ...life } };
  }
}

function unauthorized(message: string): { status: number; document: unknown } {
  return {
    status: 401,
    document: { errors: [{ code: "UNAUTHORIZED", message }] },
  };
}
