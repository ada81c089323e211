/** A connection through a proxy, by HTTP's CONNECT or by SOCKS. */

import { Buffer } from "node:buffer";
import net from "node:net";
import tls from "node:tls";
import { onAbort } from "../image/abort.ts";
import { NetworkError } from "../image/errors.ts";
import type { NetworkProblem, PlainNetworkCode } from "../image/problems.ts";
import { encodeBase64 } from "./base64.ts";
import type { Proxy } from "./proxy.ts";
import { proxyFailure, proxyRefusal } from "./proxy_failure.ts";

/** How the TLS of a connection is verified, as `node:tls` takes it. */
export interface TlsSettings {
  /** All certificates to trust, in PEM; without it, the runtime's own. */
  ca?: string[];
  /** The client's certificate, in PEM. */
  cert?: string;
  /** The client's private key, in PEM. */
  key?: string;
  /** Whether the server's certificate must be valid. */
  rejectUnauthorized?: boolean;
}

/** What {@linkcode openTunnel} connects. */
export interface TunnelOptions {
  /** The proxy. */
  proxy: Proxy;
  /** The TLS of the connection to the proxy, for an `https:` one. */
  proxySettings?: TlsSettings;
  /** The host behind the proxy; an IPv6 address without brackets. */
  host: string;
  /** Its port. */
  port: number;
  /** The TLS of the connection to that host; without it, there is none. */
  settings?: TlsSettings;
  /** Gives up, whatever is going on. */
  signal: AbortSignal;
}

/** The header that logs in to a proxy whose address holds a user. */
export function proxyAuthorization(proxy: Proxy): Record<string, string> {
  if (!proxy.username) return {};
  const login = encodeBase64(`${proxy.username}:${proxy.password}`);
  return { "proxy-authorization": `Basic ${login}` };
}

/** Milliseconds for a proxy to connect. */
const TIMEOUT_MS = 60_000;

/**
 * Connects to a host through a proxy and secures the connection where it is
 * to be.
 *
 * @param options What to connect.
 * @returns The connection.
 * @throws {NetworkError} Of kind `proxy` where the proxy cannot be reached or
 * refuses.
 */
export async function openTunnel(options: TunnelOptions): Promise<net.Socket> {
  const { proxy, host, port, settings, signal } = options;
  let socket: net.Socket | undefined;
  let failure = new NetworkError(proxy.name, "proxy", "timeout");
  const giveUp = () => socket?.destroy(failure);
  const timer = setTimeout(giveUp, TIMEOUT_MS);
  const abort = () => {
    failure = new NetworkError(proxy.name, "proxy", "closed");
    giveUp();
  };
  const forget = onAbort(signal, abort);
  try {
    socket = startProxyConnection(options);
    try {
      await ready(socket, options.proxySettings ? "secureConnect" : "connect");
      if (proxy.kind === "socks") {
        const { askSocks } = await import("./socks.ts");
        await askSocks(socket, proxy, host, port);
      } else await askForTunnel(socket, proxy, host, port);
    } catch (cause) {
      if (socket.errored === failure) throw failure;
      throw cause instanceof NetworkError ? cause : proxyFailure(proxy, cause);
    }
    if (!settings) return socket;
    const inner = tls.connect({
      ...settings,
      socket,
      host,
      ...(net.isIP(host) ? {} : { servername: host }),
      ALPNProtocols: ["http/1.1"],
    });
    await ready(inner, "secureConnect");
    return inner;
  } catch (error) {
    socket?.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    forget();
  }
}

function startProxyConnection(options: TunnelOptions): net.Socket {
  const { proxy: { host, port }, proxySettings } = options;
  if (!proxySettings) return net.connect({ host, port });
  return tls.connect({
    ...proxySettings,
    host,
    port,
    ...(net.isIP(host) ? {} : { servername: host }),
  });
}

function ready(socket: net.Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      socket.off("error", failed);
      resolve();
    };
    const failed = (error: Error) => {
      socket.off(event, done);
      socket.destroy();
      reject(error);
    };
    socket.once(event, done);
    socket.once("error", failed);
  });
}

/** Longer than the head of any proxy's response. */
const MAX_HEAD_BYTES = 64 * 1024;

function askForTunnel(
  socket: net.Socket,
  proxy: Proxy,
  host: string,
  port: number,
): Promise<void> {
  const target = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  const headers = { host: target, ...proxyAuthorization(proxy) };
  const lines = Object.entries(headers).map(([name, value]) =>
    `${name}: ${value}\r\n`
  );
  const refuse = (problem: NetworkProblem | PlainNetworkCode) =>
    new NetworkError(proxy.name, "proxy", problem);
  return new Promise((resolve, reject) => {
    let head = "";
    const settle = (error?: Error) => {
      socket.off("data", data);
      socket.off("error", settle);
      socket.off("close", closed);
      if (error) return reject(error);
      socket.pause();
      resolve();
    };
    const closed = () => settle(refuse("proxy-closed"));
    const data = (chunk: Uint8Array) => {
      head += Buffer.from(chunk).toString("latin1");
      if (head.length > MAX_HEAD_BYTES) {
        return settle(refuse("proxy-reply-too-large"));
      }
      if (!head.includes("\r\n\r\n")) return;
      const [, status, words = ""] =
        /^HTTP\/1\.[01] (\d{3})(?: ([\x20-\x7e]*))?/.exec(head) ?? [];
      if (status === undefined) settle(refuse("proxy-no-http"));
      else if (status[0] === "2") settle();
      // tinyproxy says 401 of a wrong password.
      else if (status === "407" || status === "401") {
        settle(proxyRefusal(proxy));
      } else {
        const code = "proxy-status";
        settle(refuse({ code, status: Number(status), words }));
      }
    };
    socket.on("data", data);
    socket.on("error", settle);
    socket.on("close", closed);
    socket.write(`CONNECT ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  });
}
