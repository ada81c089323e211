/** The way to a registry: its name, the proxy before it, and the TLS there. */

import { lookup } from "node:dns/promises";
import { isIP, type Socket } from "node:net";
import tls from "node:tls";
import { onAbort } from "../image/abort.ts";
import { NetworkError } from "../image/errors.ts";
import { isLoopback } from "../net/address.ts";
import { toNetworkError } from "../net/network_error.ts";
import type { Proxy } from "../net/proxy.ts";
import { openTunnel, type TlsSettings } from "../net/tunnel.ts";
import type { Findings } from "./report.ts";

/** What {@linkcode examineConnection} goes by. */
export interface ConnectionOptions {
  /** Where findings go. */
  findings: Findings;
  /** The registry's address. */
  url: URL;
  /** The proxy, if there is one. */
  proxy?: Proxy;
  /** How the TLS of that proxy is verified. */
  proxySettings?: TlsSettings;
  /** Milliseconds that each step may take. */
  timeout: number;
  /** The time, in milliseconds since 1970. */
  now: () => number;
  /** Ends it all. */
  signal?: AbortSignal;
}

const SOON_MS = 14 * 86_400_000;

/** Says which proxy is taken, if any. */
export function examineProxy(
  { findings, url, proxy }: ConnectionOptions,
): void {
  if (proxy === undefined) {
    findings.ok("proxy", {
      code: "no-proxy",
      subject: url.host,
      details: { proxy: null },
    });
    return;
  }
  const { name, username } = proxy;
  findings.ok("proxy", {
    code: "proxy",
    subject: url.host,
    details: { proxy: name, login: username !== "" },
  });
}

/** Looks up the addresses of the host that is connected to. */
export async function examineName(options: ConnectionOptions): Promise<void> {
  const { findings, url, proxy, timeout, signal } = options;
  const host = proxy?.host ?? url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host)) {
    findings.ok("name", { code: "address", details: { host } });
    return;
  }
  const start = performance.now();
  await findings.attempt("name", async () => {
    let found;
    try {
      found = await inTime(lookup(host, { all: true }), timeout, host, signal);
    } catch (error) {
      throw toNetworkError(error, `https://${host}/`, signal);
    }
    const addresses = found.map(({ address }) => address);
    const time = Math.round(performance.now() - start);
    findings.ok("name", {
      code: "addresses",
      details: { host, addresses, time },
    });
  }, signal);
}

/**
 * Looks at the TLS of the registry. Whether it is trusted is not decided here:
 * the requests that follow show it.
 */
export async function examineTls(options: ConnectionOptions): Promise<void> {
  const { findings, url, now, signal } = options;
  if (url.protocol !== "https:") {
    const found = { subject: url.host, details: { version: null } };
    if (isLoopback(url.hostname)) {
      findings.ok("tls", { code: "plain-http", ...found });
    } else findings.note("tls", { code: "plain-http-risk", ...found });
    return;
  }
  await findings.attempt("tls", async () => {
    const start = performance.now();
    const socket = await connect(options);
    const time = Math.round(performance.now() - start);
    const version = socket.getProtocol() ?? "TLS";
    const { issuer, valid_to: until } = socket.getPeerCertificate();
    socket.destroy();
    const name = issuerName(issuer as unknown as Record<string, unknown>);
    const end = Date.parse(until ?? "");
    const found = {
      subject: url.host,
      details: {
        version,
        issuer: name,
        validUntil: Number.isNaN(end) ? null : new Date(end).toISOString(),
        time,
      },
    };
    const left = end - now();
    if (left < 0) {
      findings.note("tls", { code: "certificate-ended", left, ...found });
    } else if (left < SOON_MS) {
      findings.note("tls", { code: "certificate-ends", left, ...found });
    } else findings.ok("tls", { code: "certificate", ...found });
  }, signal);
}

function issuerName(issuer: Record<string, unknown> = {}): string {
  const part = (name: string) => [issuer[name]].flat().join(" ");
  return [part("CN"), part("O")].filter(Boolean).join(", ") || "nobody";
}

/** Connects without a look at the certificate: nothing is sent but "hello". */
async function connect(options: ConnectionOptions): Promise<tls.TLSSocket> {
  const { url, proxy, proxySettings = {}, timeout, signal } = options;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || 443);
  const settings = { rejectUnauthorized: false };
  if (proxy !== undefined) {
    const limit = new AbortController();
    const timer = setTimeout(
      () => limit.abort(silence(url.host, timeout)),
      timeout,
    );
    try {
      return await openTunnel({
        proxy,
        // Its certificate counts, for it is sent the login that it wants.
        proxySettings: proxy.kind === "https" ? proxySettings : undefined,
        host,
        port,
        settings,
        signal: signal ? AbortSignal.any([signal, limit.signal]) : limit.signal,
      }) as tls.TLSSocket;
    } finally {
      clearTimeout(timer);
    }
  }
  const socket = tls.connect({
    host,
    port,
    ...settings,
    servername: isIP(host) ? undefined : host,
  });
  try {
    await inTime(secured(socket), timeout, url.host, signal);
    return socket;
  } catch (error) {
    socket.destroy();
    throw toNetworkError(error, url.href, signal);
  }
}

function secured(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("secureConnect", () => resolve());
    // It stays: a connection may fail a second time while it is closed.
    socket.on("error", reject);
  });
}

function silence(host: string, timeout: number): NetworkError {
  const problem = { code: "unanswered", duration: timeout } as const;
  return new NetworkError(`https://${host}/`, "timeout", problem);
}

/** Gives up after a while, or with the signal. */
async function inTime<T>(
  work: Promise<T>,
  timeout: number,
  host: string,
  signal?: AbortSignal,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let forget: (() => void) | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(silence(host, timeout)), timeout);
    forget = onAbort(signal, () => reject(signal!.reason));
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    forget?.();
  }
}
