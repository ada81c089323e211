/**
 * Blobs from several places: a piece here, a piece there, and none of them
 * again from where wrong bytes came.
 */

import { NetworkError } from "../../image/errors.ts";
import type { BlobBody, Descriptor, RangeOptions } from "../../image/types.ts";
import { FOR_GOOD, wrongBytes } from "./failure.ts";
import type { Place } from "./place.ts";
import type { Places } from "./round.ts";
import { isRetryable } from "../../net/retry.ts";

/** Fetches blobs, and remembers where they came from. */
export class MirroredBlobs {
  readonly #places: Places;
  /** Who has sent bytes of a blob, by digest. */
  readonly #senders: Map<string, Set<Place>> = new Map();
  readonly #bodies: WeakMap<BlobBody, { place: Place; digest: string }> =
    new WeakMap();
  /** Who has just broken off a blob, by digest. */
  readonly #avoided: Map<string, Place> = new Map();

  /** Has fetched nothing yet. */
  constructor(places: Places) {
    this.#places = places;
  }

  /** Begins to fetch a blob, or a range of it. */
  async fetch(
    descriptor: Descriptor,
    options: RangeOptions,
  ): Promise<BlobBody> {
    const { digest } = descriptor;
    const places = this.#places.ordered(digest, this.#avoided.get(digest));
    this.#avoided.delete(digest);
    return await this.#places.ask(places, async (place, signal) => {
      const asked = forPlace(place, descriptor);
      const body = await place.repository.fetchBlob(asked, {
        ...options,
        signal,
      });
      this.#bodies.set(body, { place, digest });
      const senders = this.#senders.get(digest) ?? new Set();
      this.#senders.set(digest, senders.add(place));
      return body;
    }, { signal: options.signal, digest });
  }

  /**
   * Takes note of a body that broke off.
   *
   * @returns Whether the blob goes on from another place.
   */
  demote(body: BlobBody, error: unknown): boolean {
    const sent = this.#bodies.get(body);
    if (!sent || !isRetryable(error, true)) return false;
    const { place, digest } = sent;
    const { now } = this.#places;
    const other = this.#places.ordered(digest, place).find((other) =>
      other !== place && other.answered && other.until <= now &&
      !other.missing.has(digest) && !other.wrong.has(digest)
    );
    this.#avoided.set(digest, place);
    const crawls = error instanceof NetworkError && error.kind === "slow";
    // One that crawls is not asked again as long as there are others.
    if (crawls) place.fail(now, FOR_GOOD);
    if (crawls || place.strike(now)) {
      const reason = "is slow, or breaks off again and again";
      this.#places.tell(place, { kind: "broken", reason }, other);
    }
    return other !== undefined;
  }

  /**
   * Takes note of wrong bytes.
   *
   * @returns Whether there is a place that has not sent wrong ones.
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
    for (const place of suspects) {
      if (place.isOrigin) place.blame(digest);
      else this.#places.note(place, failure, digest);
    }
    for (const place of suspects) {
      this.#places.tell(place, failure, this.#places.ordered(digest)[0]);
    }
    return fresh && this.#places.all.some(({ wrong }) => !wrong.has(digest));
  }
}

/** Only the registry itself sends one on to the places that a layer names. */
export function forPlace(
  { isOrigin }: Place,
  descriptor: Descriptor,
): Descriptor {
  if (isOrigin || descriptor.urls === undefined) return descriptor;
  const { urls: _, ...rest } = descriptor;
  return rest;
}
