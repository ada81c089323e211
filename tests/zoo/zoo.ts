/**
 * One emulator for every registry of the zoo: a `FakeRegistry` that behaves
 * after the facts of a product, with its token server and its storage, at the
 * hosts that they have in the world. No network is needed.
 */

import { assert, assertEquals } from "@std/assert";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import type { Content } from "../registry_server/mod.ts";
import { FakeRegistry, uploadTo } from "../registry_server/mod.ts";
import type { Answer, Fault, RecordedRequest } from "../registry_server/mod.ts";
import { manifest } from "../registry_server/answers.ts";
import { parseRoute } from "../registry_server/content.ts";
import type {
  Credential,
  Fetch,
  FoundCredential,
} from "../../lib/image/types.ts";
import type { BearerFacts, Facts } from "./facts.ts";
import { Secrets, type Sent } from "./secrets.ts";
import { Storage } from "./storage.ts";
import {
  type Account,
  actionOf,
  basicOf,
  TokenServer,
} from "./token_server.ts";

/** What may be said of a login. */
export type LoginKind = "right" | "wrong" | "identity token";

/** A registry of the zoo. */
export class Zoo {
  /** Its facts. */
  readonly facts: Facts;
  /** The host that answers. */
  readonly host: string;
  /** What it holds, and what it was asked. */
  readonly registry: FakeRegistry;
  /** All secrets that are in use. */
  readonly secrets = new Secrets();
  /** Every request that left, to whatever host. */
  readonly sent: Sent[] = [];
  /** The account that it knows. */
  readonly account: Account;
  /** The clock, in milliseconds since 1970. */
  time: number = Date.now();
  /** Whether the limit of pulls is reached. */
  limited = false;
  /** Whether logins by Basic have run out. */
  loginExpired = false;
  /** Answers in place of everyone, where it returns something. */
  intercept?: (sent: Sent) => Response | undefined;
  /** Called before each request is answered. */
  onRequest?: (sent: Sent) => void;
  /** Called when each request has been answered. */
  onAnswer?: (sent: Sent, response: Response) => void;
  readonly #tokens?: TokenServer;
  readonly #storage?: Storage;

  /** An empty one, after the facts. */
  constructor(facts: Facts) {
    this.facts = facts;
    this.host = facts.host ?? facts.registry;
    // Each has rules of its own, as some of them count.
    const uploads = facts.uploads && { ...facts.uploads.rules };
    const registry = new FakeRegistry({ host: this.host, uploads });
    this.registry = registry;
    registry.now = () => this.time;
    registry.respond = (record) => this.#respond(record);
    registry.amend = (record, answer) =>
      facts.amend?.(record, answer) ?? answer;
    const { auth, storage, user } = facts;
    const password = `pass word+${crypto.randomUUID()}/ü`;
    this.account = { user, password, identityToken: crypto.randomUUID() };
    const place = auth?.kind === "bearer"
      ? new URL(auth.realm).host
      : this.host;
    this.secrets.add("password", password, [place]);
    this.secrets.add("identity token", this.account.identityToken, [place]);
    if (auth?.kind === "bearer") {
      registry.hosts.add(place);
      this.#tokens = new TokenServer({
        facts: facts as Facts & { auth: BearerFacts },
        host: this.host,
        account: this.account,
        secrets: this.secrets,
        now: registry.now,
      });
    }
    if (storage) {
      registry.hosts.add(storage.host);
      this.#storage = new Storage(storage, registry, this.secrets);
    }
  }

  /** To be injected. */
  readonly fetch: Fetch = async (address, init = {}) => {
    const sent: Sent = {
      method: init.method ?? "GET",
      url: new URL(address),
      headers: new Headers(init.headers),
      body: String(init.body ?? ""),
      ...(init.signal && { signal: init.signal }),
    };
    this.sent.push(sent);
    this.onRequest?.(sent);
    init.signal?.throwIfAborted();
    const response = this.intercept?.(sent) ??
      await this.registry.fetch(address, init);
    this.#noteUpload(response);
    this.onAnswer?.(sent, response);
    return response;
  };

  /** How the library is told to ask it, with a login and by its clock. */
  client(login?: FoundCredential): PullOptions {
    // Not for users of the library, but taken.
    const clock = { now: () => this.time };
    return {
      fetch: this.fetch,
      credentials: (registry) =>
        Promise.resolve(registry === this.facts.registry ? login : undefined),
      sleep: (milliseconds) => {
        this.time += milliseconds;
        return Promise.resolve();
      },
      ...clock,
    };
  }

  /**
   * Fails where a body is left open, a secret went or was told where it must
   * not be, or a host was asked that is none of its own.
   */
  assertClean(...told: unknown[]): void {
    this.registry.assertNoOpenBodies();
    this.secrets.assertConfined(this.sent);
    this.secrets.assertClean("what was told", told);
    const { auth, storage } = this.facts;
    const known = new Set([
      this.host,
      storage?.host,
      auth?.kind === "bearer" && new URL(auth.realm).host,
    ]);
    for (const { url, headers } of this.sent) {
      assert(known.has(url.host), `${url.host} was asked`);
      assertEquals(headers.get("cookie"), null);
    }
  }

  /** The address of an upload may be as good as a login. */
  #noteUpload({ headers }: Response): void {
    const location = headers.get("location");
    const state = location && URL.canParse(location, `https://${this.host}/`) &&
      new URL(location, `https://${this.host}/`).searchParams.get("_state");
    if (state) this.secrets.add("upload's address", state, [this.host]);
  }

  /** Puts an image into both repositories. */
  add(content: Content, tag: string): void {
    const { open, closed } = this.facts;
    for (const repository of [open, closed]) {
      if (repository) this.registry.add(repository, content, tag);
    }
  }

  /** A login, as a store gives it. */
  login(kind: LoginKind): FoundCredential {
    const { user, password, identityToken } = this.account;
    const wrong = `wrong-${crypto.randomUUID()}`;
    const { auth } = this.facts;
    const place = auth?.kind === "bearer"
      ? new URL(auth.realm).host
      : this.host;
    this.secrets.add("wrong password", wrong, [place]);
    const credential: Credential = kind === "identity token"
      ? { kind: "identity-token", token: identityToken }
      : {
        kind: "basic",
        username: user,
        password: kind === "right" ? password : wrong,
      };
    return { credential, source: "~/.docker/config.json" };
  }

  /** Ends the life of all tokens, whatever the client's clock says. */
  expireTokens(): void {
    this.#tokens?.expire();
  }

  /** Requests to a host, as `GET /v2/`. */
  log(host = this.host): string[] {
    return this.sent.filter(({ url }) => url.host === host)
      .map(({ method, url }) => `${method} ${url.pathname}`);
  }

  /** Breaks off each blob's first body after so many bytes. */
  breakBlobs(closeAfter: number): void {
    const { host } = this.facts.storage ?? this;
    const seen = new Set<string>();
    this.registry.fault = (record): Fault | undefined => {
      const { url, path, method } = record;
      if (method !== "GET" || new URL(url).host !== host) return undefined;
      if (!/\/blobs\//.test(path) || seen.has(path)) return undefined;
      seen.add(path);
      return { closeAfter };
    };
  }

  #respond(record: RecordedRequest): Answer | undefined {
    const { host } = new URL(record.url);
    if (this.#storage && host === this.#storage.facts.host) {
      return this.#storage.answer(record);
    }
    if (this.#tokens?.serves(record)) return this.#tokens.answer(record);
    const { facts } = this;
    if (host !== this.host) return facts.noRepository;
    const route = parseRoute(record.path);
    const repository = "repository" in route
      ? route.repository
      : uploadTo(record.path);
    const refusal = this.#refuse(record, repository);
    if (refusal || repository === undefined) return refusal;
    const pushes = actionOf(record.method) === "push";
    if (repository !== facts.open && repository !== facts.closed) {
      return pushes && facts.uploads
        ? facts.uploads.missing
        : facts.noRepository;
    }
    if (pushes) return undefined;
    if (/\/referrers\/[^/]+$/.test(record.path)) {
      return facts.uploads?.referrers;
    }
    if (route.kind === "manifest") {
      const { documents, tags } = this.registry.repository(repository);
      const { reference } = route;
      if (!tags.has(reference) && !documents.has(reference)) {
        const subject = documents.get(reference.replace(/^sha256-/, "sha256:"));
        return facts.uploads?.fallback === "subject" && subject
          ? manifest(subject, record.headers.get("accept"))
          : facts.noTag;
      }
      // HEAD costs nothing, by Docker Hub's rule.
      if (this.limited && record.method === "GET") return facts.limit;
    }
    return route.kind === "blob" && this.#has(repository, route.digest)
      ? this.#storage?.redirect(
        repository,
        route.digest,
        new URL(record.url).protocol,
      )
      : undefined;
  }

  #has(repository: string, digest: string): boolean {
    return this.registry.repository(repository).blobs.has(digest);
  }

  #refuse(record: RecordedRequest, repository?: string): Answer | undefined {
    const { auth } = this.facts;
    if (auth?.kind !== "basic") return this.#tokens?.refuse(record, repository);
    const login = basicOf(record.headers.get("authorization"));
    const { user, password } = this.account;
    const good = login === `${user}:${password}`;
    if (good && !this.loginExpired) return undefined;
    if (good && auth.expired) return auth.expired;
    const answer = login !== undefined && auth.wrong || {
      status: 401,
      headers: { "content-type": "application/json" },
      bytes: new TextEncoder().encode(
        '{"errors":[{"code":"UNAUTHORIZED","message":"authentication ' +
          'required","detail":null}]}\n',
      ),
    };
    return {
      ...answer,
      headers: { ...answer.headers, "www-authenticate": auth.challenge },
    };
  }
}
