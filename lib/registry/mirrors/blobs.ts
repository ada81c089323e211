/**
 * Blobs from several hosts: a piece here, a piece there, and none of them
 * again from where wrong bytes came.
 */

import { NetworkError } from "../../image/errors.ts";
import type { BlobBody, Descriptor, RangeOptions } from "../../image/types.ts";
import { FOR_GOOD_MS, wrongBytes } from "./failure.ts";
import type { Host } from "./host.ts";
import type { Hosts } from "./hosts.ts";
import { isRetryable } from "../../net/retry.ts";

/** Fetches blobs, and remembers where they came from. */
export class MirroredBlobs {
  readonly #hosts: Hosts;
  /** Who has sent bytes of a blob, by digest. */
  readonly #senders: Map<string, Set<Host>> = new Map();
  readonly #bodies: WeakMap<BlobBody, { host: Host; digest: string }> =
    new WeakMap();
  /** Who has just broken off a blob, by digest. */
  readonly #avoided: Map<string, Host> = new Map();

  /** Has fetched nothing yet. */
  constructor(hosts: Hosts) {
    this.#hosts = hosts;
  }

  /** Begins to fetch a blob, or a range of it. */
  async fetch(
    descriptor: Descriptor,
    options: RangeOptions,
  ): Promise<BlobBody> {
    const { digest } = descriptor;
    const hosts = this.#hosts.ordered(digest, this.#avoided.get(digest));
    this.#avoided.delete(digest);
    return await this.#hosts.ask(hosts, async (host, signal) => {
      const asked = forHost(host, descriptor);
      const body = await host.repository.fetchBlob(asked, {
        ...options,
        signal,
      });
      this.#bodies.set(body, { host, digest });
      const senders = this.#senders.get(digest) ?? new Set();
      this.#senders.set(digest, senders.add(host));
      return body;
    }, { signal: options.signal, digest });
  }

  /**
   * Takes note of a body that broke off.
   *
   * @returns Whether the blob goes on from another host.
   */
  demote(body: BlobBody, error: unknown): boolean {
    const sent = this.#bodies.get(body);
    if (!sent || !isRetryable(error, true)) return false;
    const { host, digest } = sent;
    const { now } = this.#hosts;
    const other = this.#hosts.ordered(digest, host).find((other) =>
      other !== host && other.answered && other.until <= now &&
      !other.missing.has(digest) && !other.wrong.has(digest)
    );
    this.#avoided.set(digest, host);
    const crawls = error instanceof NetworkError && error.kind === "slow";
    // One that crawls is not asked again as long as there are others.
    if (crawls) host.fail(now, FOR_GOOD_MS);
    if (crawls || host.strike(now)) {
      this.#hosts.tell(host, { code: "slow" }, other);
    }
    return other !== undefined;
  }

  /**
   * Takes note of wrong bytes.
   *
   * @returns Whether there is a host that has not sent wrong ones.
   */
  reject({ digest }: Descriptor): boolean {
    const senders = [...this.#senders.get(digest) ?? []];
    this.#senders.delete(digest);
    // Among several, it is hardly the registry that sends wrong bytes.
    const suspects = senders.length > 1
      ? senders.filter(({ isOrigin }) => !isOrigin)
      : senders;
    const fresh = suspects.some(({ wrong }) => !wrong.has(digest));
    const failure = wrongBytes(digest);
    for (const host of suspects) {
      if (host.isOrigin) host.blame(digest);
      else this.#hosts.note(host, failure, digest);
    }
    for (const host of suspects) {
      const [next] = this.#hosts.ordered(digest);
      this.#hosts.tell(host, failure.fault, next);
    }
    return fresh && this.#hosts.all.some(({ wrong }) => !wrong.has(digest));
  }
}

/** Only the registry itself sends one on to the hosts that a layer names. */
export function forHost(
  { isOrigin }: Host,
  descriptor: Descriptor,
): Descriptor {
  if (isOrigin || descriptor.urls === undefined) return descriptor;
  const { urls: _, ...rest } = descriptor;
  return rest;
}
