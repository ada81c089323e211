/** Asks several hosts one after the other, and tells of those that fail. */

import {
  type DockerPullError,
  NetworkError,
  RegistryError,
} from "../../image/errors.ts";
import type { MirrorFault, OnEvent, Warning } from "../../image/events.ts";
import { judgeFailure, type MirrorFailure } from "./failure.ts";
import { type Host, orderHosts } from "./host.ts";
import { isRetryable } from "../../net/retry.ts";

/** What {@linkcode Hosts} has to be told. */
export interface HostsOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Milliseconds that a response is waited for at most. */
  timeout: number;
  /** Takes warnings. */
  onEvent?: OnEvent;
}

/** How the hosts are asked this time. */
export interface RoundOptions {
  /** Ends it. */
  signal?: AbortSignal;
  /** What is wanted, if it is known by a digest. */
  digest?: string;
  /** What has failed before, in the same matter. */
  failures?: Failure[];
}

/** A host, and what it failed with. */
export interface Failure {
  /** The host. */
  host: Host;
  /** What it failed with. */
  error: unknown;
}

/** What is done with one host. */
export type Task<T> = (host: Host, signal?: AbortSignal) => Promise<T>;

/** How long a response is waited for where another host may give it sooner. */
const PATIENCE_MS = 10_000;

/** All hosts that an image can be had from. */
export class Hosts {
  /** In the order that the user wants; the registry itself is the last. */
  readonly all: readonly Host[];
  readonly #options: HostsOptions;
  readonly #told: Set<string> = new Set();
  /** Which host has failed with an error. */
  readonly #sources: WeakMap<object, Host> = new WeakMap();

  /** Asks nothing yet. */
  constructor(all: readonly Host[], options: HostsOptions) {
    this.all = all;
    this.#options = options;
  }

  /** The time, in milliseconds since 1970. */
  get now(): number {
    return this.#options.now();
  }

  /** The hosts as they are to be asked now. */
  ordered(digest?: string, avoided?: Host): Host[] {
    return orderHosts(this.all, this.now, digest, avoided);
  }

  /**
   * Asks one host after the other.
   *
   * @param hosts The hosts.
   * @param task Asks one of them.
   * @param options How.
   * @returns What the first one gives that does not fail.
   * @throws What says most of what they failed with.
   */
  async ask<T>(
    hosts: readonly Host[],
    task: Task<T>,
    options: RoundOptions = {},
  ): Promise<T> {
    const { signal, digest, failures = [] } = options;
    for (const [index, host] of hosts.entries()) {
      const rest = hosts.slice(index + 1);
      const hurry = rest.some(({ until }) => until <= this.now);
      try {
        const result = await this.askOne(
          host,
          task,
          hurry ? PATIENCE_MS : Infinity,
          signal,
        );
        host.succeed();
        return result;
      } catch (error) {
        // A transfer ends a request that is silent by an error of this kind.
        const silent = signal?.aborted && signal.reason instanceof NetworkError;
        if (signal?.aborted && !silent) throw signal.reason;
        const failure = judgeFailure(error);
        if (!failure) throw error;
        failures.push({ host, error });
        this.note(host, failure, digest);
        this.tell(host, failure.fault, rest[0]);
        if (silent) throw error;
      }
    }
    const { host, error } = worst(failures);
    this.#sources.set(error as DockerPullError, host);
    throw error;
  }

  /**
   * Whether another round may go better.
   *
   * @param error What the last one threw.
   * @returns True for what passes: a refused connection, too, where the host
   * has answered before.
   */
  mayPass(error: unknown): boolean {
    const host = this.#sources.get(error as DockerPullError);
    return isRetryable(error, host?.answered);
  }

  /**
   * Asks a host, which has to be done within a time.
   *
   * @param host The host.
   * @param task Asks it.
   * @param patience How many milliseconds it may take; `Infinity` leaves that
   * to the host.
   * @param signal Ends it before.
   * @returns What it gives.
   */
  async askOne<T>(
    host: Host,
    task: Task<T>,
    patience: number,
    signal?: AbortSignal,
  ): Promise<T> {
    if (patience === Infinity) return await task(host, signal);
    const time = Math.min(patience, this.#options.timeout);
    const own = new AbortController();
    const timer = setTimeout(() => {
      const url = `https://${host.repository.host}/`;
      const problem = { code: "unanswered", duration: time } as const;
      own.abort(new NetworkError(url, "timeout", problem));
    }, time);
    try {
      return await task(
        host,
        signal ? AbortSignal.any([signal, own.signal]) : own.signal,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** Notes what a host failed with, so that others are asked before it. */
  note(host: Host, failure: MirrorFailure, digest?: string): void {
    if (failure.missing) {
      host.answered = true;
      if (digest !== undefined) host.missing.add(digest);
      return;
    }
    if (failure.wrong && digest !== undefined) host.blame(digest);
    host.fail(this.now, failure.pause);
  }

  /** Tells of a mirror's failure, once for each kind. */
  tell(host: Host, fault: MirrorFault, next?: Host): void {
    if (host.isOrigin) return;
    const { name } = host;
    this.warn(`${fault.code} ${name}`, {
      code: "mirror",
      mirror: name,
      fault,
      next: next === undefined || next === host
        ? null
        : { name: next.name, isOrigin: next.isOrigin },
    });
  }

  /**
   * Warns.
   *
   * @param key What it is about; of each only the first warning is given.
   * @param warning The warning.
   */
  warn(key: string, warning: Warning): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#options.onEvent?.({ type: "warning", warning });
  }
}

/**
 * Which of the failures says most: the registry's own response; where it has
 * given none, one that may pass, for which another try is worth while.
 */
function worst(failures: Failure[]): Failure {
  const own = failures.find(({ host }) => host.isOrigin);
  if (own?.error instanceof RegistryError) return own;
  const passing = [...own ? [own] : [], ...failures].find(({ error, host }) =>
    isRetryable(error, host.answered)
  );
  return (passing ?? own ?? failures[0])!;
}
