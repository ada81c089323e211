/**
 * `fetch` over `node:http` and `node:https`, for the connections that a
 * runtime's own cannot make: unverified TLS, a client certificate, a proxy.
 * The response is a real `Response` whose body streams with back-pressure.
 */

import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { onAbort } from "../image/abort.ts";
import type { Fetch, FetchInit } from "../image/types.ts";
import { toResponse } from "./node_response.ts";
import { parseProxy, type Proxy } from "./proxy.ts";
import { proxyFailure, proxyRefusal } from "./proxy_failure.ts";
import { openTunnel, proxyAuthorization, type TlsSettings } from "./tunnel.ts";

/** What {@linkcode createNodeFetch} has to be told. */
export interface NodeFetchOptions {
  /** How the connection to a host is secured; the same object for the same settings. */
  tls: (url: URL) => TlsSettings;
  /** The proxy for an address, with `user:password@` where it wants them. */
  proxy?: (url: URL) => string | undefined;
}

/** A `fetch` with connections to close. */
export interface NodeFetch {
  /** Sends one request; redirects are never followed. */
  fetch: Fetch;
  /** Closes all connections. */
  close(): void;
}

interface Route {
  agent: http.Agent;
  options: https.RequestOptions;
  /** The proxy that is asked in place of the host itself. */
  forward?: Proxy;
}

/** Makes a `fetch` whose connections are kept alive until `close()`. */
export function createNodeFetch(options: NodeFetchOptions): NodeFetch {
  const tunnels = new AbortController();
  const agents = new Map<TlsSettings | undefined, Map<string, http.Agent>>();

  function agentFor(
    settings: TlsSettings | undefined,
    key: string,
    make: () => http.Agent,
  ): http.Agent {
    const family = agents.get(settings) ?? new Map<string, http.Agent>();
    agents.set(settings, family);
    const agent = family.get(key) ?? make();
    family.set(key, agent);
    return agent;
  }

  function route(url: URL): Route {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const secure = url.protocol === "https:";
    const port = url.port || (secure ? "443" : "80");
    const path = url.pathname + url.search;
    const settings = secure ? options.tls(url) : undefined;
    const proxyText = options.proxy?.(url);
    if (proxyText === undefined) {
      return {
        agent: agentFor(
          settings,
          "direct",
          () =>
            secure
              ? new https.Agent({ keepAlive: true, ...settings })
              : new http.Agent({ keepAlive: true }),
        ),
        options: { host, port, path, ...settings, ...serverName(host) },
      };
    }
    const proxy = parseProxy(proxyText);
    const proxySettings = proxy.kind === "https"
      ? options.tls(proxy.url)
      : undefined;
    if (secure || proxy.kind === "socks") {
      return {
        agent: agentFor(
          settings,
          proxyText,
          () => tunnelAgent(proxy, proxySettings, settings, tunnels.signal),
        ),
        options: { host, port, path },
      };
    }
    return {
      agent: agentFor(
        proxySettings,
        "forward",
        () =>
          proxySettings
            ? new https.Agent({ keepAlive: true, ...proxySettings })
            : new http.Agent({ keepAlive: true }),
      ),
      forward: proxy,
      options: {
        protocol: proxy.url.protocol,
        host: proxy.host,
        port: proxy.port,
        path: url.origin + path,
        headers: { host: url.host, ...proxyAuthorization(proxy) },
        ...proxySettings,
        ...serverName(proxy.host),
      },
    };
  }

  return {
    async fetch(address, init = {}) {
      const url = new URL(address);
      const taken = route(url);
      try {
        return await request(url, init, taken);
      } catch (error) {
        // The server had closed the idle connection that was picked.
        if (error instanceof StaleConnection) {
          const body = init.reopen?.() ?? init.body;
          return await request(url, { ...init, body }, taken);
        }
        throw error;
      }
    },
    close() {
      tunnels.abort();
      for (const family of agents.values()) {
        for (const agent of family.values()) agent.destroy();
      }
      agents.clear();
    },
  };
}

/** TLS names no host by its address. */
function serverName(host: string): { servername?: string } {
  return isIP(host) ? {} : { servername: host };
}

function tunnelAgent(
  proxy: Proxy,
  proxySettings: TlsSettings | undefined,
  settings: TlsSettings | undefined,
  signal: AbortSignal,
): http.Agent {
  const agent = new (settings ? https : http).Agent({ keepAlive: true });
  type Connect = (
    options: { host?: string; port?: string | number },
    callback: (error: Error | null, socket?: unknown) => void,
  ) => undefined;
  const connect: Connect = ({ host, port }, callback) => {
    openTunnel({
      proxy,
      proxySettings,
      host: String(host),
      port: Number(port),
      settings,
      signal,
    }).then(
      (socket) => callback(null, socket),
      (error) => callback(error),
    );
    return undefined;
  };
  (agent as unknown as { createConnection: Connect }).createConnection =
    connect;
  return agent;
}

/** Thrown for a kept-alive connection that was dead before its response began. */
class StaleConnection extends Error {}

function request(
  url: URL,
  init: FetchInit,
  { agent, options, forward }: Route,
): Promise<Response> {
  const { method = "GET", signal, body } = init;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const headers: Record<string, string> = { host: url.host };
    new Headers(init.headers).forEach((value, name) => headers[name] = value);
    const stream = body instanceof ReadableStream ? body : undefined;
    if (typeof body === "string") {
      headers["content-length"] = String(new TextEncoder().encode(body).length);
    } else if (!stream && body !== undefined && body !== null) {
      return reject(
        new TypeError("Cannot send a body that is no string and no stream"),
      );
    } else if (!stream && method !== "GET" && method !== "HEAD") {
      headers["content-length"] = "0";
    }
    const secure = (options.protocol ?? url.protocol) === "https:";
    const outgoing = (secure ? https : http).request({
      ...options,
      method,
      agent,
      headers: { ...headers, ...options.headers as Record<string, string> },
    });
    let writing: Writing | undefined;
    const forget = onAbort(signal, () => {
      reject(signal!.reason);
      writing?.stop();
      outgoing.destroy();
    });
    let response: http.IncomingMessage | undefined;
    outgoing.on("error", (error) => {
      forget();
      writing?.stop();
      // What is wrong with a body is told here; there it is merely "aborted".
      if (response?.complete === false) response.destroy(error);
      const code = (error as { code?: string }).code;
      if (
        outgoing.reusedSocket && (!body || init.reopen) &&
        (code === "ECONNRESET" || code === "EPIPE")
      ) {
        reject(new StaleConnection(error.message));
      } else reject(forward ? proxyFailure(forward, error) : error);
    });
    // Nobody has asked for another protocol; node:http merely says nothing.
    outgoing.on("upgrade", (_incoming, socket) => {
      forget();
      socket.destroy();
      reject(
        Object.assign(new Error("the server changes to another protocol"), {
          code: "HPE_UPGRADE",
        }),
      );
    });
    outgoing.on("response", (incoming) => {
      forget();
      response = incoming;
      // What answers before it has all does not want the rest.
      if (writing?.stop()) incoming.on("close", () => outgoing.destroy());
      try {
        if (forward && isProxyRefusal(incoming)) throw proxyRefusal(forward);
        resolve(toResponse(incoming, method, signal));
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    if (stream) {
      writing = writeBody(stream, outgoing, (error) => {
        forget();
        reject(error);
        outgoing.destroy();
      });
    } else outgoing.end(body ?? undefined);
  });
}

/** A body that is being sent. */
interface Writing {
  /** Ends it; returns whether there was more to come. */
  stop(): boolean;
}

/** Sends a stream as fast as the connection takes it. */
function writeBody(
  stream: ReadableStream<Uint8Array>,
  outgoing: http.ClientRequest,
  onError: (error: unknown) => void,
): Writing {
  const reader = stream.getReader();
  let open = true;
  let resume = () => {};
  outgoing.on("drain", () => resume());
  const write = async () => {
    while (true) {
      const { done, value } = await reader.read();
      if (!open) return;
      if (done) break;
      if (outgoing.write(value)) continue;
      await new Promise<void>((resolve) => resume = resolve);
      if (!open) return;
    }
    open = false;
    outgoing.end();
  };
  write().catch((error) => {
    if (open) onError(error);
    open = false;
  });
  return {
    stop() {
      if (!open) return false;
      open = false;
      resume();
      reader.cancel().catch(() => {});
      return true;
    },
  };
}

/** Whether it is the proxy itself that wants another login. */
function isProxyRefusal(
  { statusCode, headers }: http.IncomingMessage,
): boolean {
  // tinyproxy says 401 of a wrong password, as the registry behind it would;
  // to answer that with the registry's login would be of no use.
  return statusCode === 407 ||
    (statusCode === 401 && /^tinyproxy\b/i.test(`${headers.server}`));
}
