/** Asks several places one after the other, and tells of those that fail. */

import {
  type DockerPullError,
  NetworkError,
  RegistryError,
} from "../../image/errors.ts";
import type { OnEvent } from "../../image/events.ts";
import { judgeFailure, type MirrorFailure } from "./failure.ts";
import { orderPlaces, type Place } from "./place.ts";
import { isRetryable } from "../../net/retry.ts";

/** What {@linkcode Places} has to be told. */
export interface PlacesOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Milliseconds that an answer is waited for at most. */
  timeout: number;
  /** Takes warnings. */
  onEvent?: OnEvent;
}

/** How the places are asked this time. */
export interface RoundOptions {
  /** Ends it. */
  signal?: AbortSignal;
  /** What is wanted, if it is known by a digest. */
  digest?: string;
  /** What has failed before, in the same matter. */
  failures?: Failure[];
}

/** A place, and what it failed with. */
export interface Failure {
  /** The place. */
  place: Place;
  /** What it failed with. */
  error: unknown;
}

/** What is done with one place. */
export type Task<T> = (place: Place, signal?: AbortSignal) => Promise<T>;

/** How long an answer is waited for where another place may give it sooner. */
const PATIENCE = 10_000;

/** All places that an image can be had from. */
export class Places {
  /** In the order that the user wants; the registry itself is the last. */
  readonly all: readonly Place[];
  readonly #options: PlacesOptions;
  readonly #told: Set<string> = new Set();
  /** Which place has failed with an error. */
  readonly #sources: WeakMap<object, Place> = new WeakMap();

  /** Asks nothing yet. */
  constructor(all: readonly Place[], options: PlacesOptions) {
    this.all = all;
    this.#options = options;
  }

  /** The time, in milliseconds since 1970. */
  get now(): number {
    return this.#options.now();
  }

  /** The places as they are to be asked now. */
  ordered(digest?: string, avoided?: Place): Place[] {
    return orderPlaces(this.all, this.now, digest, avoided);
  }

  /**
   * Asks one place after the other.
   *
   * @param places The places.
   * @param task Asks one of them.
   * @param options How.
   * @returns What the first one gives that does not fail.
   * @throws What says most of what they failed with.
   */
  async ask<T>(
    places: readonly Place[],
    task: Task<T>,
    options: RoundOptions = {},
  ): Promise<T> {
    const { signal, digest, failures = [] } = options;
    for (const [index, place] of places.entries()) {
      const rest = places.slice(index + 1);
      const hurry = rest.some(({ until }) => until <= this.now);
      try {
        const result = await this.askOne(
          place,
          task,
          hurry ? PATIENCE : Infinity,
          signal,
        );
        place.succeed();
        return result;
      } catch (error) {
        // A transfer ends a request that is silent by an error of this kind.
        const silent = signal?.aborted && signal.reason instanceof NetworkError;
        if (signal?.aborted && !silent) throw signal.reason;
        const failure = judgeFailure(error);
        if (!failure) throw error;
        failures.push({ place, error });
        this.note(place, failure, digest);
        this.tell(place, failure, rest[0]);
        if (silent) throw error;
      }
    }
    const { place, error } = worst(failures);
    this.#sources.set(error as DockerPullError, place);
    throw error;
  }

  /**
   * Whether another round may go better.
   *
   * @param error What the last one threw.
   * @returns True for what passes: a refused connection, too, where the place
   * has answered before.
   */
  mayPass(error: unknown): boolean {
    const place = this.#sources.get(error as DockerPullError);
    return isRetryable(error, place?.answered);
  }

  /**
   * Asks a place, which has to be done within a time.
   *
   * @param place The place.
   * @param task Asks it.
   * @param patience How many milliseconds it may take; `Infinity` leaves that
   * to the place.
   * @param signal Ends it before.
   * @returns What it gives.
   */
  async askOne<T>(
    place: Place,
    task: Task<T>,
    patience: number,
    signal?: AbortSignal,
  ): Promise<T> {
    if (patience === Infinity) return await task(place, signal);
    const time = Math.min(patience, this.#options.timeout);
    const own = new AbortController();
    const timer = setTimeout(() => {
      const url = `https://${place.repository.host}/`;
      const reason = `no answer within ${time / 1000} s`;
      own.abort(new NetworkError(url, "timeout", reason));
    }, time);
    try {
      return await task(
        place,
        signal ? AbortSignal.any([signal, own.signal]) : own.signal,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** Notes what a place failed with, so that others are asked before it. */
  note(place: Place, failure: MirrorFailure, digest?: string): void {
    if (failure.missing) {
      place.answered = true;
      if (digest !== undefined) place.missing.add(digest);
      return;
    }
    if (failure.wrong && digest !== undefined) place.blame(digest);
    place.fail(this.now, failure.pause);
  }

  /** Tells of a mirror's failure, once for each kind. */
  tell(
    place: Place,
    { kind, reason }: Pick<MirrorFailure, "kind" | "reason">,
    next?: Place,
  ): void {
    if (place.isOrigin) return;
    const instead = next === undefined || next === place
      ? "there is nothing else to ask"
      : `asking ${next.isOrigin ? "" : "mirror "}${next.name} instead`;
    this.warn(
      `${kind} ${place.name}`,
      `Mirror ${place.name} ${reason}; ${instead}`,
    );
  }

  /**
   * Warns.
   *
   * @param key What it is about; of each only the first warning is given.
   * @param message What it says.
   */
  warn(key: string, message: string): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const warning = { code: "mirror", message } as const;
    this.#options.onEvent?.({ type: "warning", warning });
  }
}

/**
 * Which of the failures says most: the registry's own answer; where it has
 * given none, one that may pass, for which another try is worth while.
 */
function worst(failures: Failure[]): Failure {
  const own = failures.find(({ place }) => place.isOrigin);
  if (own?.error instanceof RegistryError) return own;
  const passing = [...own ? [own] : [], ...failures].find(({ error, place }) =>
    isRetryable(error, place.answered)
  );
  return (passing ?? own ?? failures[0])!;
}
