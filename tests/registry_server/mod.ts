/**
 * A registry in memory, which tests and the demo pull from. It answers as the
 * distribution-spec has it, through an injected `fetch` or over loopback, and
 * does on demand what registries do on bad days.
 */

import {
  type Answer,
  blob,
  json,
  limited,
  manifest,
  problem,
  type PullLimit,
  tagList,
} from "./answers.ts";
import { type Auth, Gate } from "./auth.ts";
import {
  type Content,
  parseRoute,
  RepositoryContent,
  type Route,
} from "./content.ts";
import {
  type Fault,
  type FaultHook,
  type RecordedRequest,
  sendBody,
  sleep,
} from "./exchange.ts";
import { serve, type ServedRegistry, type ServeOptions } from "./serve.ts";
import { type UploadRules, Uploads } from "./uploads.ts";

export type { Answer, PullLimit } from "./answers.ts";
export type { Auth, BasicAuth, BearerAuth } from "./auth.ts";
export type { Content } from "./content.ts";
export type { Fault, FaultHook, RecordedRequest } from "./exchange.ts";
export type { ServedRegistry, ServeOptions } from "./serve.ts";
export type { UploadRules } from "./uploads.ts";

/** How the registry is at first; each can be changed later. */
export interface RegistryOptions {
  /** @default {"registry.test"} */
  host?: string;
  /** How it asks for a login; without it, not at all. */
  auth?: Auth;
  /** A host that blobs are redirected to, which refuses a login. */
  storageHost?: string;
  /** How it takes what is pushed; without it, not at all. */
  uploads?: UploadRules;
}

/** A registry in memory. */
export class FakeRegistry {
  /** The registry's own host, for an injected `fetch`. */
  host: string;
  /** How it asks for a login. */
  auth?: Auth;
  /** A host that blobs are redirected to, which refuses a login. */
  storageHost?: string;
  /** Chooses the mishaps. */
  fault?: FaultHook;
  /** Milliseconds before each answer. */
  latency = 0;
  /** The speed of each body. */
  bytesPerSecond = Infinity;
  /** The size of the pieces that bodies come in. */
  chunkSize = 65536;
  /** How many manifests may be fetched. */
  pullLimit?: PullLimit;
  /** The clock, by which tokens expire. */
  now: () => number = Date.now;
  /** Further hosts that an injected `fetch` finds here. */
  readonly hosts: Set<string> = new Set();
  /** Answers in place of the registry where it returns something. */
  respond?: (record: RecordedRequest) => Answer | undefined;
  /** Changes the registry's own answers, as one product or another does. */
  amend?: (record: RecordedRequest, answer: Answer) => Answer;
  /** Every request, in order. */
  readonly requests: RecordedRequest[] = [];
  readonly #repositories: Map<string, RepositoryContent> = new Map();
  readonly #gate = new Gate();
  /** What is being pushed, where that can be done. */
  readonly uploads?: Uploads;

  /** Makes an empty one. */
  constructor(options: RegistryOptions = {}) {
    this.host = options.host ?? "registry.test";
    this.auth = options.auth;
    this.storageHost = options.storageHost;
    if (options.uploads) {
      this.uploads = new Uploads(
        options.uploads,
        (name) => this.repository(name),
      );
    }
  }

  /** The repository of that name, made when it is not there. */
  repository(name: string): RepositoryContent {
    let repository = this.#repositories.get(name);
    if (repository === undefined) {
      repository = new RepositoryContent();
      this.#repositories.set(name, repository);
    }
    return repository;
  }

  /** Puts an image or index into a repository, under any number of tags. */
  add(repository: string, content: Content, ...tags: string[]): void {
    this.repository(repository).add(content, tags);
  }

  /** Makes every token that was given out invalid. */
  revokeTokens(): void {
    this.#gate.revoke();
  }

  /** What was asked for, as `GET /v2/`, with the query left out. */
  get log(): string[] {
    return this.requests.map(({ method, path }) => `${method} ${path}`);
  }

  /** Fails when a body was neither read to its end nor cancelled. */
  assertNoOpenBodies(): void {
    const open = this.requests.filter(({ body }) => body === "open");
    if (open.length > 0) {
      const list = open.map(({ method, url }) => `${method} ${url}`);
      throw new Error(`bodies neither read nor cancelled: ${list.join(", ")}`);
    }
  }

  /** To be injected as `fetch`. It knows the registry's hosts and no others. */
  readonly fetch = async (
    url: string,
    init: RequestInit = {},
  ): Promise<Response> => {
    const { signal, ...rest } = init;
    signal?.throwIfAborted();
    const { host } = new URL(url);
    const tokenHost = this.auth?.kind === "bearer" && this.auth.tokenHost;
    if (
      host !== this.host && host !== this.storageHost && host !== tokenHost &&
      !this.hosts.has(host)
    ) {
      throw new TypeError(`error sending request for url (${url})`, {
        cause: Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
          code: "ENOTFOUND",
        }),
      });
    }
    // A runtime's own client, which is for real connections, plays no part.
    const { method, headers, body } = rest;
    const duplex = body instanceof ReadableStream ? { duplex: "half" } : {};
    const request = new Request(url, { method, headers, body, ...duplex });
    const response = await this.handle(request, signal);
    if (response.status >= 301 && response.status <= 308) {
      if (rest.redirect !== "manual") {
        throw new Error(`redirect of ${url} is not followed by hand`);
      }
    }
    return response;
  };

  /** Serves over loopback. */
  serve(options: ServeOptions = {}): Promise<ServedRegistry> {
    return serve((request) => this.handle(request, request.signal), options);
  }

  /** Answers one request. */
  async handle(
    request: Request,
    signal?: AbortSignal | null,
  ): Promise<Response> {
    const { pathname } = new URL(request.url);
    const record: RecordedRequest = {
      method: request.method,
      url: request.url,
      path: pathname,
      headers: new Headers(request.headers),
      text: isForm(request) ? await request.text() : "",
      received: 0,
      status: 0,
      sent: 0,
      body: "none",
    };
    this.requests.push(record);
    const count =
      this.requests.filter((other) =>
        other.method === record.method && other.path === record.path
      ).length;
    const fault = this.fault?.(record, count) ?? {};
    const delay = this.latency + (fault.delay ?? 0);
    if (delay > 0) await sleep(delay, signal);
    signal?.throwIfAborted();
    if (fault.throws) throw fault.throws;
    const most = fault.breakAfter ?? Infinity;
    const { body: sent, broken } = await readSent(request, most, signal);
    record.received = sent.length;
    const answer = fault.status === undefined
      ? this.#answer(record, fault, sent, broken)
      : problem(fault.status, fault.code ?? "UNKNOWN", "as the test asked");
    if (fault.text !== undefined) {
      answer.bytes = new TextEncoder().encode(fault.text);
    }
    if (broken || fault.loseAnswer) {
      throw Object.assign(new TypeError("connection reset by peer"), {
        code: "ECONNRESET",
      });
    }
    const headers = new Headers(answer.headers);
    if (!fault.withoutLength) {
      headers.set("content-length", `${answer.bytes.length}`);
    }
    for (const [name, value] of Object.entries(fault.headers ?? {})) {
      headers.set(name, value);
    }
    record.status = answer.status;
    const empty = record.method === "HEAD" || answer.bytes.length === 0;
    const body = empty ? null : sendBody(record, answer.bytes, {
      fault,
      offset: answer.offset ?? 0,
      bytesPerSecond: this.bytesPerSecond,
      chunkSize: this.chunkSize,
      signal,
    });
    return new Response(body, { status: answer.status, headers });
  }

  #answer(
    record: RecordedRequest,
    fault: Fault,
    body: Uint8Array<ArrayBuffer>,
    broken: boolean,
  ): Answer {
    const answer = this.respond?.(record);
    if (answer !== undefined) return answer;
    const own = this.#ownAnswer(record, fault, body, broken);
    return this.amend?.(record, own) ?? own;
  }

  #ownAnswer(
    record: RecordedRequest,
    fault: Fault,
    body: Uint8Array<ArrayBuffer>,
    broken: boolean,
  ): Answer {
    const route = parseRoute(record.path);
    const now = this.now();
    if (route.kind === "token" && this.auth?.kind === "bearer") {
      const { status, document } = this.#gate.issue(this.auth, record, now);
      return json(status, document);
    }
    const upload = this.uploads && uploadTo(record.path);
    const reads = record.method === "GET" || record.method === "HEAD";
    if (!reads && !(upload && this.uploads)) {
      return problem(405, "UNSUPPORTED", "the operation is unsupported");
    }
    if (route.kind === "storage") {
      // As object stores do: the signature is in the address, and a second
      // way to log in is an error.
      if (record.headers.has("authorization")) {
        return problem(400, "InvalidArgument", "Only one auth mechanism");
      }
      const range = fault.ignoreRange ? null : record.headers.get("range");
      const repository = this.#repositories.get(route.repository);
      return blob(repository, route.digest, range);
    }
    const [, at, subject] = /^\/v2\/(.+)\/referrers\/([^/]+)$/
      .exec(record.path) ?? [];
    const name = "repository" in route ? route.repository : upload ?? at;
    const refused = this.auth &&
      this.#gate.refuse(this.auth, record, name, now, !reads);
    if (refused) {
      const headers = { "www-authenticate": refused.challenge };
      return refused.denied
        ? problem(401, "DENIED", "requested access is denied", headers)
        : problem(401, "UNAUTHORIZED", "authentication required", headers);
    }
    const taken = upload
      ? this.uploads?.answer({ record, repository: upload, body, broken })
      : subject
      ? this.uploads?.referrers(at!, subject)
      : undefined;
    return taken ?? this.#serve(route, record, fault);
  }

  #serve(route: Route, record: RecordedRequest, fault: Fault): Answer {
    if (route.kind === "ping") return json(200, {});
    if (!("repository" in route)) {
      return problem(404, "UNSUPPORTED", "no such path");
    }
    const repository = this.#repositories.get(route.repository);
    if (repository === undefined) {
      return problem(404, "NAME_UNKNOWN", "repository name not known");
    }
    const url = new URL(record.url);
    switch (route.kind) {
      case "tags":
        return tagList(route.repository, repository, url.searchParams);
      case "manifest": {
        const document = repository.document(route.reference);
        if (document === undefined) {
          return problem(404, "MANIFEST_UNKNOWN", "manifest unknown");
        }
        const answer = manifest(document, record.headers.get("accept"));
        return this.pullLimit === undefined
          ? answer
          : limited(answer, record, this.requests, this.pullLimit);
      }
      default: {
        if (this.storageHost === undefined) {
          const range = fault.ignoreRange ? null : record.headers.get("range");
          return blob(repository, route.digest, range);
        }
        const location = `${url.protocol}//${this.storageHost}/storage/` +
          `${route.repository}/blobs/${route.digest}` +
          `?signature=${this.requests.length}`;
        return { ...json(307, {}), headers: { location } };
      }
    }
  }
}

/** Whether a body is one of a token server. */
function isForm({ method, headers }: Request): boolean {
  return method === "POST" &&
    /^application\/x-www-form/.test(headers.get("content-type") ?? "");
}

/** The repository that an upload or a manifest is for. */
export function uploadTo(path: string): string | undefined {
  return /^\/v2\/(.+)\/(?:blobs\/uploads?(?:\/[^/]*)?|manifests\/[^/]+)$/
    .exec(path)?.[1];
}

/** The bytes of a request, up to where the connection breaks. */
async function readSent(
  request: Request,
  most: number,
  signal?: AbortSignal | null,
): Promise<{ body: Uint8Array<ArrayBuffer>; broken: boolean }> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const none = request.bodyUsed || request.body === null;
  const reader = none ? undefined : request.body!.getReader();
  while (reader && size < most) {
    signal?.throwIfAborted();
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value.slice(0, most - size));
    size += parts.at(-1)!.length;
  }
  const broken = size >= most;
  if (broken) await reader?.cancel().catch(() => {});
  const body = new Uint8Array(size);
  let position = 0;
  for (const part of parts) {
    body.set(part, position);
    position += part.length;
  }
  return { body, broken };
}
