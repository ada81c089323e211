/** Counts requests, and reads what registries say of how many are left. */

import { type RateLimit, readRateLimit } from "../registry/rate_limit.ts";
import type { Fetch } from "../image/types.ts";

/** What was asked of a host. */
export interface HostRequests {
  /** The host, and its port where that is not the usual one. */
  host: string;
  /** All requests. */
  requests: number;
  /** Those for a manifest or an index, which registries count as pulls. */
  pulls: number;
  /** How many pulls are left, where the host says so. */
  limit?: RateLimit;
}

/** A `fetch` that counts what is asked by it. */
export class RequestCount {
  /** Sends, and counts. */
  readonly fetch: Fetch;
  readonly #hosts = new Map<string, HostRequests>();

  /** Counts what is sent by another. */
  constructor(fetch: Fetch) {
    this.fetch = async (url, init) => {
      const { host, pathname } = new URL(url);
      const { method = "GET" } = init ?? {};
      const known = this.#hosts.get(host) ?? { host, requests: 0, pulls: 0 };
      this.#hosts.set(host, known);
      known.requests++;
      const response = await fetch(url, init);
      const isPull = method === "GET" && response.ok &&
        /^\/v2\/.+\/manifests\/[^/]+$/.test(pathname);
      if (isPull) known.pulls++;
      known.limit = readRateLimit(response.headers) ?? known.limit;
      return response;
    };
  }

  /** What was asked so far, of the host first that was asked most. */
  hosts(): HostRequests[] {
    return [...this.#hosts.values()].sort((a, b) => b.requests - a.requests);
  }
}
