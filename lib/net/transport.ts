/**
 * The default transport, which asks in which runtime it is.
 *
 * - Deno: its own `fetch` with a client of HTTP/1.1, because several ranges
 *   of one blob over HTTP/2 would share a single window.
 * - Bun: its own `fetch`, which takes the TLS settings by request.
 * - Node: `node:http` and `node:https`, which were measured at twice the
 *   speed of its `fetch`, and which do not undo a Content-Encoding.
 *
 * Bodies that are wanted in a thread come there by the short way, where the
 * caller says by which proxy an address is reached and it is by none; what that
 * leaves alone, such as a server that speaks no plain HTTP/1.1, comes by
 * `fetch` as all else does.
 *
 * What the `fetch` of Deno or Bun cannot do goes over `node:https` there too:
 * in Deno unverified TLS and a self-signed certificate named as trusted; in
 * both, proxies. Their own support for proxies obeys the NO_PROXY of the
 * environment whatever the caller has decided, and the caller's decision is
 * to win.
 */

import {
  CALL,
  checkOptions,
  either,
  FLAG,
  LIST,
  OBJECT,
  type Rules,
  TEXT,
} from "../image/options.ts";
import type { Fetch, FetchInit } from "../image/types.ts";
import { reach } from "./reach.ts";
import {
  type AllTlsOptions,
  type HostSettings,
  tlsSettings,
} from "./tls_settings.ts";

/** How {@linkcode createTransport} connects. */
export interface TransportOptions extends AllTlsOptions {
  /**
   * Decides by which proxy an address is reached, if by any. Proxies are
   * `http:` or `https:`, with `user:password@` where they want them.
   *
   * @default {undefined} Deno and Bun then obey the environment by themselves,
   * at the speed of their `fetch`, and Node asks directly.
   */
  proxy?: (url: URL) => string | undefined;
  /**
   * Whether the environment of this process names proxies. The `fetch` of
   * Deno and Bun would obey it even where `proxy` says to connect directly;
   * with true, every connection is made by `node:http`, which does not.
   *
   * @default {false}
   */
  ambientProxy?: boolean;
}

/** What those options may be. */
const TRANSPORT_RULES: Rules<TransportOptions> = {
  caCerts: LIST,
  insecure: either(FLAG, LIST),
  clientCert: TEXT,
  clientKey: TEXT,
  hosts: OBJECT,
  proxy: CALL,
  ambientProxy: FLAG,
};

/** What sends requests, and holds connections until it is closed. */
export interface Transport {
  /** Sends one request. It should say `redirect: "manual"`. */
  fetch: Fetch;
  /** Closes all connections. */
  close(): void;
}

interface DenoClient {
  close(): void;
}

/** What is used of Deno, where it is there. */
interface DenoRuntime {
  createHttpClient(options: DenoClientOptions): DenoClient;
}

interface DenoClientOptions {
  http1: boolean;
  http2: boolean;
  caCerts?: string[];
  cert?: string;
  key?: string;
  poolMaxIdlePerHost?: number;
}

type Runtime = { Deno?: DenoRuntime; Bun?: unknown };

/** Connections that are kept for the next request, for each host. */
const MAX_IDLE = 16;

/**
 * Makes the transport for this runtime.
 *
 * @param options How it connects.
 * @returns The transport, to be closed when the work is done.
 * @throws {TypeError} For an option that there is not.
 * @throws {DockerPullError} If a text is no PEM.
 *
 * @example
 * ```ts
 * import { createTransport } from "@x/docker-pull";
 *
 * const transport = createTransport({ insecure: ["registry.test:5000"] });
 * transport.close();
 * ```
 */
export function createTransport(options: TransportOptions = {}): Transport {
  checkOptions("make a transport", options, TRANSPORT_RULES);
  const { proxy, ambientProxy = false } = options;
  const settings = tlsSettings(options);
  const { Deno, Bun } = globalThis as Runtime;
  const node = nodeFetch((url) => settings(url).node, proxy);
  /** The hosts whose responses are not plainly in order. */
  const unfit = new Set<string>();
  // Without the caller's word, the fetch of Deno and Bun obeys the environment.
  const decided = proxy !== undefined || (!Deno && !Bun);
  /** By the short way where that fits, else by the next one. */
  async function first(
    url: URL,
    init: FetchInit | undefined,
    tls: HostSettings,
    next: () => Promise<Response>,
  ): Promise<Response> {
    const { thread, method, body } = init ?? {};
    const fits = thread && decided && !unfit.has(url.host) && !body &&
      isRead(method);
    if (!fits) return await next();
    try {
      const short = { caCerts: tls.caCerts, ...tls.node };
      return await thread.fetch(url.href, init!, { short });
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (init!.signal?.aborted || code !== "UNFIT") throw error;
      unfit.add(url.host);
      return await next();
    }
  }
  if (Deno === undefined && Bun === undefined) {
    return {
      ...node,
      async fetch(address, init) {
        const url = new URL(address);
        const next = () => node.fetch(address, init);
        return proxy?.(url) === undefined
          ? await first(url, init, settings(url), next)
          : await next();
      },
    };
  }

  const native = Deno ? denoFetch(Deno) : bunFetch();
  const byNode = new Set<string>();
  const met = new Set<string>();
  return {
    async fetch(address, init) {
      const url = new URL(address);
      const tls = settings(url);
      // The runtimes' own keep a stream in memory, or do not tell its length.
      if (
        init?.body instanceof ReadableStream ||
        byNode.has(url.host) || proxy?.(url) !== undefined ||
        (ambientProxy && !init?.thread) ||
        (Deno && tls.insecure && url.protocol === "https:")
      ) return await node.fetch(address, init);
      const send = (init?: FetchInit) =>
        first(
          url,
          init,
          tls,
          () =>
            ambientProxy
              ? node.fetch(address, init)
              : native.fetch(address, init, tls),
        );
      try {
        if (!Deno || met.has(url.host) || !isRead(init?.method)) {
          return await send(init);
        }
        return await reach(
          (signal) => send({ ...init, signal }),
          (signal) => node.fetch(address, { ...init, signal }),
          {
            signal: init?.signal,
            onFirst: () => met.add(url.host),
            onSecond: () => byNode.add(url.host),
          },
        );
      } catch (error) {
        if (init?.signal?.aborted || !onlyNodeCan(error, tls)) throw error;
        byNode.add(url.host);
        return await node.fetch(address, init);
      }
    },
    close() {
      native.close();
      node.close();
    },
  };
}

/** Does something with what sends requests: the caller's, or one of its own. */
export async function withFetch<T>(
  fetch: Fetch | undefined,
  work: (fetch: Fetch) => Promise<T>,
): Promise<T> {
  if (fetch) return await work(fetch);
  const transport = createTransport();
  try {
    return await work(transport.fetch);
  } finally {
    transport.close();
  }
}

/** Whether a request can be sent twice, as it changes nothing. */
function isRead(method = "GET"): boolean {
  return method === "GET" || method === "HEAD";
}

/**
 * `fetch` refuses some ports, such as 6000; Deno's takes no self-signed
 * certificate as its own authority, which is how many registries are set up;
 * and Bun's does not tell why a TLS handshake failed, which is what a user
 * has to know whose client certificate is missing.
 */
function onlyNodeCan(error: unknown, tls: HostSettings): boolean {
  const cause = (error as { cause?: unknown } | null)?.cause;
  const words = `${error} ${cause}`;
  return /requests to port \d+ are blocked|\bbad port\b/i.test(words) ||
    words.includes("EPROTO: The TLS handshake failed") ||
    (tls.caCerts.length > 0 && words.includes("CaUsedAsEndEntity"));
}

/** `node:http` and `node:https`, which take a while to load in Deno. */
function nodeFetch(
  tls: (url: URL) => HostSettings["node"],
  proxy: TransportOptions["proxy"],
): Transport {
  let opened: Promise<Transport> | undefined;
  return {
    async fetch(address, init) {
      opened ??= import("./node_fetch.ts").then(({ createNodeFetch }) =>
        createNodeFetch({ tls, proxy })
      );
      return await (await opened).fetch(address, init);
    },
    close: () => void opened?.then((node) => node.close(), () => {}),
  };
}

/** A runtime's own `fetch`. */
interface NativeFetch {
  fetch(
    address: string,
    init: FetchInit | undefined,
    tls: HostSettings,
  ): Promise<Response>;
  close(): void;
}

function denoFetch(runtime: DenoRuntime): NativeFetch {
  const clients = new Map<HostSettings, DenoClient>();
  return {
    fetch(address, { thread, ...init } = {}, tls) {
      const settings: DenoClientOptions = {
        http1: true,
        http2: false,
        poolMaxIdlePerHost: MAX_IDLE,
        caCerts: tls.caCerts,
        cert: tls.node.cert,
        key: tls.node.key,
      };
      if (thread) return thread.fetch(address, init, { ...settings });
      const client = clients.get(tls) ?? runtime.createHttpClient(settings);
      clients.set(tls, client);
      return fetch(address, { ...init, client } as RequestInit);
    },
    close() {
      for (const client of clients.values()) client.close();
      clients.clear();
    },
  };
}

function bunFetch(): NativeFetch {
  return {
    fetch(address, { thread, ...init } = {}, tls) {
      const settings = {
        // A blob is wanted as it was stored, whatever it is labelled with.
        decompress: false,
        tls: address.startsWith("https:") ? tls.node : undefined,
      };
      return thread
        ? thread.fetch(address, init, settings)
        : fetch(address, { ...init, ...settings } as RequestInit);
    },
    close() {},
  };
}

/**
 * Makes the same `fetch` in a thread, which is given the text of this
 * function: it refers to nothing outside of itself.
 *
 * @returns What sends a request, with the settings that `FetchThread` is
 * handed.
 */
export function threadFetch(): (
  address: string,
  init: RequestInit,
  settings: Record<string, unknown>,
) => Promise<Response> {
  const { Deno } = globalThis as Runtime;
  if (Deno === undefined) {
    return (address, init, settings) =>
      fetch(address, { ...init, ...settings } as RequestInit);
  }
  const clients = new Map<string, DenoClient>();
  return (address, init, settings) => {
    const key = JSON.stringify(settings);
    const client = clients.get(key) ??
      Deno.createHttpClient(settings as unknown as DenoClientOptions);
    clients.set(key, client);
    return fetch(address, { ...init, client } as RequestInit);
  };
}
