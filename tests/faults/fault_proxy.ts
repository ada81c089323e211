/**
 * Stands between a client and a real registry and does to each response what
 * a schedule says. It counts the bytes of blobs that it delivers, and those of
 * them that its faults make worthless.
 */

import { readFileSync } from "node:fs";
import { Agent, type IncomingMessage, request as send } from "node:http";
import { type Connection, type RawRequest, RawServer } from "./raw_server.ts";
import type { Fault, Schedule, Target } from "./schedule.ts";

/** How a proxy is started. */
export interface FaultProxyOptions {
  /** The registry's host and port. It is asked by plain HTTP, without login. */
  upstream: string;
  /** What goes wrong. */
  schedule: Schedule;
  /**
   * Whether to ask for tokens.
   *
   * @default {false}
   */
  auth?: boolean;
  /**
   * Whether blobs are served by a storage that the registry redirects to, at
   * signed addresses.
   *
   * @default {false}
   */
  redirect?: boolean;
  /**
   * The speed of each connection.
   *
   * @default {Infinity}
   */
  bytesPerSecond?: number;
  /** What `latest` is from the beginning, and once it has moved. */
  tags?: readonly [first: string, moved: string];
}

/**
 * The most bytes of one response that may be lost when it breaks off: what
 * the client has not yet taken out of its connection, and the buffer that it
 * is filling.
 */
const IN_FLIGHT = 1024 * 1024 + 256 * 1024;
const CHUNK = 64 * 1024;
/** How long a connection that was left hanging is kept, in milliseconds. */
const PATIENCE = 60_000;
const OUTAGE = 150;
/** How long a client may be busy with what it has, in milliseconds. */
const RECENT = 200;

interface ProxiedBody {
  status: number;
  headers: Record<string, string>;
  length: number;
  /** Where in the blob it begins. */
  offset: number;
  /** The whole blob's size. */
  size: number;
  bytes: IncomingMessage;
}

/** A proxy that breaks things. */
export class FaultProxy {
  /** What has been done so far. */
  readonly injected: Map<Fault, number> = new Map();
  /** Bytes of blobs and manifests that went to the client. */
  delivered = 0;
  /** How many of them the faults have made worthless, at most. */
  destroyed = 0;
  /** Bytes that went to the client, by the digest of their blob. */
  readonly deliveredOf: Map<string, number> = new Map();

  readonly #options: FaultProxyOptions;
  readonly #agent = new Agent({ keepAlive: true });
  #registry!: RawServer;
  #storage!: RawServer;
  /** Statuses that the next requests get, whatever they are for. */
  readonly #burst: number[] = [];
  #moved = false;
  #tokens = new Set<string>();
  #signatures = new Map<string, string>();
  #count = 0;
  readonly #live = new Map<object, number>();
  /** Responses that are complete, which the client may still be busy with. */
  readonly #recent: { sent: number; since: number }[] = [];
  #restarting: Promise<void> | undefined;
  #closed = false;

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
  }

  /** Starts a proxy on a free port. */
  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    proxy.#registry = await RawServer.start((request, connection) =>
      proxy.#answer(request, connection)
    );
    proxy.#storage = await RawServer.start((request, connection) =>
      proxy.#answerStorage(request, connection)
    );
    return proxy;
  }

  /** The host and port that the client is to ask. */
  get host(): string {
    return this.#registry.host;
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#restarting;
    await this.#registry.close();
    await this.#storage.close();
    this.#agent.destroy();
  }

  /**
   * To be called when the client is about to be killed and stands still: what
   * it has not taken out of its connections is lost on the way.
   *
   * @param most The most bytes of each response under way that it loses
   * besides: those that it has and has not put down.
   */
  killed(most: number): void {
    this.destroyed += unreadBytes([this.#registry.host, this.#storage.host]);
    const recent = this.#recent
      .filter(({ since }) => performance.now() - since < RECENT)
      .map(({ sent }) => sent);
    for (const sent of [...this.#live.values(), ...recent]) {
      this.destroyed += Math.min(sent, most);
    }
    // What is still sent reaches nobody.
    this.#live.clear();
  }

  #inject(fault: Fault): void {
    this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1);
  }

  async #answer(request: RawRequest, connection: Connection): Promise<boolean> {
    const { method, path } = request;
    if (path.startsWith("/token")) return await this.#token(connection);
    if (!path.startsWith("/v2/") || !/^(GET|HEAD)$/.test(method)) {
      return await refuse(connection, 404);
    }
    const { auth, redirect } = this.#options;
    const target: Target | undefined = /\/blobs\//.test(path)
      ? blobTarget(request)
      : /\/manifests\/sha256:/.test(path)
      ? "manifest"
      : /\/manifests\//.test(path)
      ? "tag"
      : undefined;
    if (auth && !this.#tokens.has(request.headers.get("authorization") ?? "")) {
      return await this.#challenge(connection);
    }
    if (target === undefined) return await this.#pass(request, connection);
    const status = this.#burst.shift();
    if (status !== undefined) return await refuse(connection, status);
    const fault = this.#options.schedule.decide(target);
    const early = await this.#early(fault, connection, true);
    if (early !== undefined) return early;
    if (/\/blobs\//.test(path) && (redirect || fault === "dead-redirect")) {
      const signature = `${++this.#count}`;
      if (fault === "dead-redirect") this.#inject(fault);
      else this.#signatures.set(signature, path);
      await connection.head(307, {
        location: `http://${this.#storage.host}/${signature}?sig=${signature}`,
        "content-length": 0,
      });
      return true;
    }
    return await this.#pass(request, connection, fault);
  }

  async #answerStorage(
    { path, ...request }: RawRequest,
    connection: Connection,
  ): Promise<boolean> {
    const signature = path.slice(1).split("?")[0]!;
    const real = this.#signatures.get(signature);
    if (real === undefined) return await refuse(connection, 403);
    const status = this.#burst.shift();
    if (status !== undefined) return await refuse(connection, status);
    const fault = this.#options.schedule.decide(
      blobTarget(request),
    );
    if (fault === "dead-redirect") {
      this.#inject(fault);
      this.#signatures.delete(signature);
      return await refuse(connection, 403);
    }
    const early = await this.#early(fault, connection, false);
    if (early !== undefined) return early;
    return await this.#pass({ ...request, path: real }, connection, fault);
  }

  /** The faults that come before any answer of the registry. */
  async #early(
    fault: Fault | undefined,
    connection: Connection,
    home: boolean,
  ): Promise<boolean | undefined> {
    const { schedule: { random }, auth } = this.#options;
    switch (fault) {
      case "half-open":
        this.#inject(fault);
        await this.#hang(connection);
        return false;
      case "5xx":
        this.#inject(fault);
        for (let more = random.int(0, 3); more > 0; more--) {
          this.#burst.push(random.pick([500, 502, 503, 504]));
        }
        return await refuse(connection, random.pick([500, 502, 503, 504]));
      case "429":
        this.#inject(fault);
        return await refuse(connection, 429, {
          "retry-after": random.chance(0.5)
            ? "1"
            : new Date(Date.now() + 1000).toUTCString(),
        });
      case "401":
        // Without tokens, none can run out; and a storage takes none.
        if (!auth || !home) return undefined;
        this.#inject(fault);
        this.#tokens.clear();
        return await this.#challenge(connection);
      case "restart":
        if (this.#restarting) return undefined;
        this.#inject(fault);
        for (const sent of this.#live.values()) {
          this.destroyed += Math.min(sent, IN_FLIGHT);
        }
        this.#restarting = Promise.all([
          this.#registry.restart(OUTAGE),
          this.#storage.restart(OUTAGE),
        ]).then(() => this.#restarting = undefined);
        return false;
      case "moved-tag":
        if (this.#moved || !this.#options.tags) return undefined;
        this.#inject(fault);
        this.#moved = true;
        return undefined;
      default:
        return undefined;
    }
  }

  async #hang(connection: Connection): Promise<void> {
    let timer: ReturnType<typeof setTimeout>;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE);
    });
    await Promise.race([patience, connection.gone]);
    clearTimeout(timer!);
    connection.reset();
  }

  async #token(connection: Connection): Promise<boolean> {
    const token = `token-${++this.#count}`;
    this.#tokens.add(`Bearer ${token}`);
    const body = JSON.stringify({ token, expires_in: 300 });
    await connection.head(200, {
      "content-type": "application/json",
      "content-length": body.length,
    });
    await connection.write(new TextEncoder().encode(body));
    return true;
  }

  async #challenge(connection: Connection): Promise<boolean> {
    return await refuse(connection, 401, {
      "www-authenticate":
        `Bearer realm="http://${this.#registry.host}/token",service="tests"`,
    });
  }

  /** Passes an answer of the registry on, with a fault in it. */
  async #pass(
    { method, path, headers }: RawRequest,
    connection: Connection,
    fault?: Fault,
  ): Promise<boolean> {
    const { tags } = this.#options;
    const asked = fault === "ignored-range" ? undefined : headers.get("range");
    const real = tags
      ? path.replace(/\/latest$/, `/${tags[this.#moved ? 1 : 0]}`)
      : path;
    const accept = headers.get("accept");
    let body: ProxiedBody;
    try {
      body = await this.#fetch(method, real, {
        ...(asked !== undefined && { range: asked }),
        ...(accept !== undefined && { accept }),
      });
    } catch {
      connection.reset();
      return false;
    }
    if (method === "HEAD" || body.status >= 300) {
      body.bytes.resume();
      if (method !== "HEAD") return await refuse(connection, body.status);
      await connection.head(body.status, body.headers);
      return true;
    }
    if (fault === "ignored-range") {
      const first = /^bytes=(\d+)-/.exec(headers.get("range") ?? "");
      if (first) {
        this.#inject(fault);
        this.destroyed += Number(first[1]);
      }
    }
    const digest = /\/blobs\/(sha256:\w+)$/.exec(real)?.[1];
    const key = {};
    this.#live.set(key, 0);
    try {
      return await this.#send(body, connection, fault, key, digest);
    } finally {
      this.#recent.push({
        sent: this.#live.get(key) ?? 0,
        since: performance.now(),
      });
      this.#live.delete(key);
      body.bytes.destroy();
    }
  }

  async #send(
    { status, headers, length, offset, size, bytes }: ProxiedBody,
    connection: Connection,
    fault: Fault | undefined,
    key: object,
    digest = "",
  ): Promise<boolean> {
    const { random } = this.#options.schedule;
    const at = random.int(0, Math.max(1, length));
    const shown = { ...headers };
    let kept = true;
    if (fault === "truncate" || (fault === "over-long" && length === size)) {
      this.#inject(fault);
      delete shown["content-length"];
      shown.connection = "close";
      kept = false;
    } else if (fault === "over-long") {
      this.#inject(fault);
      // A range that gives more than was asked for.
      shown["content-length"] = `${length + 100}`;
      shown["content-range"] = `bytes ${offset}-${offset + length + 99}/${
        size + 100
      }`;
    } else if (fault === "wrong-range" && status === 206) {
      this.#inject(fault);
      const shift = random.pick([-1, 1, 512]);
      shown["content-range"] = `bytes ${Math.max(0, offset + shift)}-${
        offset + length - 1 + shift
      }/${size}`;
    }
    await connection.head(status, shown);
    let sent = 0;
    const deliver = async (part: Uint8Array) => {
      await connection.write(part);
      sent += part.length;
      if (!this.#live.has(key)) return;
      this.delivered += part.length;
      this.deliveredOf.set(
        digest,
        (this.deliveredOf.get(digest) ?? 0) + part.length,
      );
      this.#live.set(key, sent);
    };
    const breaks = fault === "drop" || fault === "reset" ||
      fault === "stall" || fault === "truncate";
    for await (const part of this.#paced(bytes)) {
      if (connection.closed) break;
      if (breaks && sent + part.length > at) {
        await deliver(part.subarray(0, at - sent));
        return await this.#break(fault, connection, sent);
      }
      if (fault === "flip" && sent <= at && at < sent + part.length) {
        this.#inject(fault);
        // The digest is of the whole, so the whole is to be fetched anew.
        this.destroyed += size;
        part[at - sent]! ^= 1 << random.int(0, 8);
      }
      await deliver(part);
    }
    // Whoever does not believe the head has closed it by now.
    if (fault === "wrong-range" || fault === "over-long") {
      this.destroyed += sent;
    }
    if (connection.closed) return false;
    if (fault === "over-long") await connection.write(new Uint8Array(100));
    if (!kept) connection.end();
    return kept;
  }

  async #break(
    fault: Fault,
    connection: Connection,
    sent: number,
  ): Promise<false> {
    if (fault !== "truncate") this.#inject(fault);
    this.destroyed += Math.min(sent, IN_FLIGHT);
    if (fault === "reset") connection.reset();
    else if (fault === "stall") await this.#hang(connection);
    else connection.end();
    return false;
  }

  async *#paced(bytes: IncomingMessage): AsyncGenerator<Uint8Array> {
    const { bytesPerSecond = Infinity } = this.#options;
    const start = performance.now();
    let sent = 0;
    for await (const part of bytes as AsyncIterable<Uint8Array>) {
      for (let i = 0; i < part.length; i += CHUNK) {
        const piece = part.subarray(i, i + CHUNK);
        yield piece;
        sent += piece.length;
        const due = start + sent / bytesPerSecond * 1000;
        const wait = due - performance.now();
        if (wait > 4) await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  async #fetch(
    method: string,
    path: string,
    headers: Record<string, string>,
  ): Promise<ProxiedBody> {
    const { upstream } = this.#options;
    if (this.#closed) throw new Error("closed");
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = send(
        `http://${upstream}${path}`,
        { method, headers, agent: this.#agent },
        resolve,
      );
      outgoing.on("error", reject);
      outgoing.end();
    });
    incoming.on("error", () => {});
    const { statusCode: status = 0 } = incoming;
    const shown: Record<string, string> = {};
    for (
      const name of [
        "content-type",
        "content-length",
        "content-range",
        "docker-content-digest",
        "accept-ranges",
        "etag",
      ]
    ) {
      const value = incoming.headers[name];
      if (typeof value === "string") shown[name] = value;
    }
    const length = Number(shown["content-length"] ?? 0);
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(shown["content-range"] ?? "");
    return {
      status,
      headers: shown,
      length,
      offset: range ? Number(range[1]) : 0,
      size: range ? Number(range[2]) : length,
      bytes: incoming,
    };
  }
}

function blobTarget({ headers }: Pick<RawRequest, "headers">): Target {
  return headers.has("range") ? "range" : "blob";
}

async function refuse(
  connection: Connection,
  status: number,
  headers: Record<string, string> = {},
): Promise<true> {
  const body = JSON.stringify({
    errors: [{ code: "FAULT", message: `made by the fault proxy` }],
  });
  await connection.head(status, {
    "content-type": "application/json",
    "content-length": body.length,
    ...headers,
  });
  await connection.write(new TextEncoder().encode(body));
  return true;
}

/** Bytes that the system holds for whoever is connected to these hosts. */
function unreadBytes(hosts: string[]): number {
  const ports = hosts.map((host) => Number(host.split(":")[1]));
  let text: string;
  try {
    text = readFileSync("/proc/net/tcp", "utf8");
  } catch {
    return 0; // only Linux tells
  }
  let total = 0;
  for (const line of text.split("\n").slice(1)) {
    const [, local, remote, , queues] = line.trim().split(/\s+/);
    if (!local || !remote || !queues) continue;
    const [sending, received] = queues.split(":");
    const portOf = (address: string) => parseInt(address.split(":")[1]!, 16);
    if (ports.includes(portOf(local))) total += parseInt(sending!, 16);
    if (ports.includes(portOf(remote))) total += parseInt(received!, 16);
  }
  return total;
}
