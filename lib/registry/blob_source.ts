/**
 * Where a repository's blobs come from: the registry, the storage that it
 * redirects to, or the places that a foreign layer names.
 */

import { parseDigest } from "../image/digest.ts";
import {
  type FailedAddress,
  NetworkError,
  RegistryError,
} from "../image/errors.ts";
import type { OnEvent } from "../image/events.ts";
import type { Descriptor, RangeOptions } from "../image/types.ts";
import { drop, type Exchange } from "../net/body.ts";
import type { HttpClient } from "../net/http.ts";
import type { SendOptions } from "../net/http_options.ts";
import type { CheckPlain } from "./plain_storage.ts";
import { rangeHeader, rangeOf, type ResponseRange } from "../net/range.ts";
import { redactUrl } from "../redact/address.ts";
import { expectBlob } from "../net/web_page.ts";

/** What {@linkcode BlobSource} has to be told. */
export interface BlobSourceOptions {
  /** What sends. */
  http: HttpClient;
  /** The registry's name, for warnings. */
  registry: string;
  /** Asks the registry for a blob, with whatever login it takes. */
  request: (digest: string, options: SendOptions) => Promise<Exchange>;
  /** Decides whether an address may be asked by plain HTTP. */
  checkPlain: CheckPlain;
  /** The Authorization header for where the registry redirects to, if any. */
  authorize?: (url: URL) => string | undefined;
  /** Takes warnings. */
  onEvent?: OnEvent;
}

/** A response with bytes of a blob, and where they belong. */
export interface OpenBlob extends ResponseRange {
  /** The response. */
  exchange: Exchange;
}

/** By these a storage says that a signed address is over. */
const EXPIRED = new Set([400, 401, 403, 404, 410]);

/** As many places of a foreign layer are asked. */
const MAX_ADDRESSES = 10;

/** Opens blobs; remembers where the registry has redirected to. */
export class BlobSource {
  readonly #options: BlobSourceOptions;
  /** The storage's address of a blob, by digest, with its signature. */
  readonly #locations = new Map<string, string>();
  /** Whether ranges were answered in a way that cannot be believed. */
  #noRanges = false;

  /** Makes a source that has asked for nothing yet. */
  constructor(options: BlobSourceOptions) {
    this.#options = options;
  }

  /**
   * Opens a blob, or a range of it.
   *
   * @param descriptor The blob.
   * @param options The range, and how the call may be ended.
   * @returns The response, whose body has not been read.
   */
  async open(
    descriptor: Descriptor,
    options: RangeOptions = {},
  ): Promise<OpenBlob> {
    const { http } = this.#options;
    const { digest, size } = descriptor;
    const { offset = 0, end = size, signal, timeout, thread } = options;
    parseDigest(digest);
    const empty = size === 0 && offset === 0 && end === 0;
    if (!(0 <= offset && offset < end && end <= size) && !empty) {
      throw new RangeError(
        `Cannot fetch ${digest}: bytes ${offset} to ${end} are not in its ${size}`,
      );
    }
    const whole = { offset: 0, end: size };
    let asked = this.#noRanges ? whole : { offset, end };
    for (let attempt = 1;; attempt++) {
      const range = rangeHeader(descriptor, asked);
      const fetched = await this.#fetch(descriptor, {
        headers: range === undefined ? {} : { range },
        signal,
        timeout,
        thread,
      });
      const exchange = await expectBlob(fetched, size, http.timeout);
      const { response, url, method } = exchange;
      let given: ResponseRange | undefined;
      try {
        given = rangeOf(response, descriptor, asked);
        if (given) return { exchange, ...given };
      } finally {
        if (!given) drop(response.body);
      }
      if (range === undefined) {
        throw new RegistryError({
          status: response.status,
          method,
          url: redactUrl(url),
          message:
            `Cannot ${method} ${redactUrl(url)}: HTTP ${response.status} ` +
            "in answer to a request for the whole blob",
        });
      }
      // It may have been a slip: the whole costs what is there already.
      if (attempt === 1) continue;
      this.#noRanges = true;
      asked = whole;
    }
  }

  async #fetch(
    descriptor: Descriptor,
    options: SendOptions,
  ): Promise<Exchange> {
    const { digest } = descriptor;
    const stored = await this.#fromStorage(digest, options);
    if (stored) return stored;
    try {
      const exchange = await this.#options.request(digest, options);
      if (exchange.redirected) this.#locations.set(digest, exchange.url.href);
      return exchange;
    } catch (error) {
      if (!(error instanceof RegistryError) || error.status !== 404) {
        throw error;
      }
      return await this.#foreign(descriptor, options, error);
    }
  }

  /** Asks the storage itself, as long as its signed address is good. */
  async #fromStorage(
    digest: string,
    options: SendOptions,
  ): Promise<Exchange | undefined> {
    const location = this.#locations.get(digest);
    if (location === undefined) return undefined;
    const { http, checkPlain, authorize } = this.#options;
    try {
      const authorization = authorize?.(new URL(location));
      const exchange = await http.send(location, {
        ...options,
        checkPlain,
        authorization,
      });
      if (exchange.response.ok) return exchange;
      const error = await http.toError(exchange, { kind: "blob", digest });
      if (!EXPIRED.has(error.status)) throw error;
      this.#locations.delete(digest);
    } catch (error) {
      // Another try asks the registry, which may know another storage.
      if (error instanceof NetworkError) this.#locations.delete(digest);
      throw error;
    }
  }

  /** Asks the places of a layer that registries are not meant to hold. */
  async #foreign(
    { digest, urls = [] }: Descriptor,
    options: SendOptions,
    missing: RegistryError,
  ): Promise<Exchange> {
    const { http, registry, onEvent, checkPlain } = this.#options;
    const tried: FailedAddress[] = [];
    for (const address of urls.slice(0, MAX_ADDRESSES)) {
      const url = URL.canParse(address) ? new URL(address) : undefined;
      let exchange: Exchange;
      try {
        if (!url || !/^https?:$/.test(url.protocol)) {
          throw new NetworkError(redactUrl(address), "other", "no-address");
        }
        url.username = url.password = "";
        if (url.protocol === "http:") checkPlain(url);
        exchange = await http.send(url, { ...options, checkPlain });
        if (!exchange.response.ok) throw await http.toError(exchange);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof NetworkError || error instanceof RegistryError) {
          tried.push({ url: redactUrl(address), error });
          continue;
        }
        throw error;
      }
      const { host } = url;
      if (!this.#locations.has(digest)) {
        onEvent?.({
          type: "warning",
          warning: { code: "foreign-layer", registry, digest, host },
        });
      }
      this.#locations.set(digest, exchange.url.href);
      return exchange;
    }
    if (tried.length === 0) throw missing;
    const { status, method, url, errors, asked } = missing;
    throw new RegistryError({ status, method, url, errors, asked, tried }, {
      cause: tried[0]!.error,
    });
  }
}
