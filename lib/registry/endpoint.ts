/** Where a registry is asked: its address, and whether by http or https. */

import { NetworkError } from "../image/errors.ts";
import type { NetworkProblem } from "../image/problems.ts";
import { isLoopback } from "../net/address.ts";
import { drop, type Exchange } from "../net/body.ts";
import type { HttpClient } from "../net/http.ts";
import type { SendOptions } from "../net/http_options.ts";
import { redactUrl } from "../redact/address.ts";

/** Says whether a registry is asked by plain HTTP: all of them, or by name. */
export type PlainHttp = boolean | ((registry: string) => boolean | undefined);

/**
 * A registry's address. Registries on this machine mostly speak plain HTTP,
 * and some https: unless the caller says which, the first request finds out.
 */
export class Endpoint {
  #url: URL;
  /** The address to try next, where it is not known which one is right. */
  #other: URL | undefined;
  /** Whether it may turn out that the port speaks TLS and not plain HTTP. */
  #doubtful: boolean;

  /** Begins with the address as given; `other` is tried where it fails. */
  constructor(url: URL, other?: URL) {
    this.#url = url;
    this.#other = other;
    this.#doubtful = other === undefined && url.protocol === "http:";
  }

  /**
   * The endpoint of a registry.
   *
   * @param host The host, with its port where it is none of the usual.
   * @param registry The registry's name, for `plainHttp`.
   * @param plainHttp What the caller says.
   * @returns The endpoint: https, but for this machine's own addresses.
   */
  static of(host: string, registry: string, plainHttp?: PlainHttp): Endpoint {
    const said = typeof plainHttp === "function"
      ? plainHttp(registry)
      : plainHttp;
    const http = new URL(`http://${host}/`);
    const https = new URL(`https://${host}/`);
    if (said === undefined && isLoopback(https.hostname)) {
      return new Endpoint(http, https);
    }
    return new Endpoint(said ? http : https);
  }

  /** The address, with a slash at its end. */
  get url(): URL {
    return this.#url;
  }

  /**
   * Sends a request.
   *
   * @param http What sends.
   * @param path The path, without a slash at its beginning.
   * @param options The request.
   * @returns The response.
   * @throws {NetworkError} If none comes; with the code `tls-port` where
   * plain HTTP is what the caller wants and TLS what the server speaks.
   */
  async send(
    http: HttpClient,
    path: string,
    options: SendOptions,
  ): Promise<Exchange> {
    const ask = (base: URL) => http.send(new URL(path, base), options);
    const other = this.#other;
    if (other === undefined) {
      return this.#doubtful
        ? await this.#sendPlain(http, ask, options.signal)
        : await ask(this.#url);
    }
    const { exchange, failure } = await this.#attempt(ask);
    // Servers that expect TLS answer 400, proxies before them 5xx.
    const status = exchange?.response.status ?? 0;
    if (exchange && status !== 400 && status < 500) {
      this.#other = undefined;
      return exchange;
    }
    try {
      const second = await ask(other);
      drop(exchange?.response.body);
      this.#url = other;
      this.#other = undefined;
      return second;
    } catch (error) {
      if (!(error instanceof NetworkError) || speaksTls(error)) {
        drop(exchange?.response.body);
        throw error;
      }
      if (exchange === undefined) throw failure;
      if (status === 400) this.#other = undefined;
      return exchange;
    }
  }

  /** Asks; a failure that another protocol may be the reason of is returned. */
  async #attempt(
    ask: (base: URL) => Promise<Exchange>,
  ): Promise<{ exchange?: Exchange; failure?: unknown }> {
    try {
      return { exchange: await ask(this.#url) };
    } catch (failure) {
      if (!isOtherProtocol(failure, this.#url)) throw failure;
      return { failure };
    }
  }

  /** Sends by plain HTTP, and finds out why that fails at first. */
  async #sendPlain(
    http: HttpClient,
    ask: (base: URL) => Promise<Exchange>,
    signal: AbortSignal | undefined,
  ): Promise<Exchange> {
    const { exchange, failure } = await this.#attempt(ask);
    if (exchange && exchange.response.status !== 400) {
      this.#doubtful = false;
      return exchange;
    }
    // Each server says it in words of its own; TLS itself says it in one way.
    if (!await this.#acceptsTls(http, signal)) {
      if (exchange) return exchange;
      throw failure;
    }
    drop(exchange?.response.body);
    throw new NetworkError(
      redactUrl(this.#url),
      "tls",
      "tls-port",
      { cause: failure },
    );
  }

  async #acceptsTls(
    http: HttpClient,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    this.#doubtful = false;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), PROBE_MS);
    try {
      const { response } = await http.send(
        new URL(this.#url.href.replace(/^http:/, "https:")),
        { signal: AbortSignal.any([limit.signal, ...signal ? [signal] : []]) },
      );
      drop(response.body);
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      return error instanceof NetworkError && speaksTls(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** How long a server is asked whether it speaks TLS, in milliseconds. */
const PROBE_MS = 5_000;

/** What only a server that speaks TLS can have made a request fail with. */
const OF_TLS: ReadonlySet<NetworkProblem["code"]> = new Set([
  "unknown-authority",
  "self-signed",
  "expired",
  "not-yet-valid",
  "other-host",
  "revoked",
  "bad-certificate",
  "client-certificate",
  "client-certificate-refused",
  "handshake-refused",
]);

function speaksTls({ code }: NetworkError): boolean {
  return OF_TLS.has(code);
}

/** Whether a server may have failed because it speaks something else. */
function isOtherProtocol(error: unknown, url: URL): boolean {
  if (!(error instanceof NetworkError)) return false;
  // Without a port, the other protocol is at another one.
  return ["reset", "truncated", "other"].includes(error.kind) ||
    (url.port === "" && error.kind === "refused");
}
