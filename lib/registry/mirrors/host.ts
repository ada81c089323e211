/** One host that an image can be had from, and how it has fared so far. */

import type { Repository } from "../repository.ts";

/** The first pause after a failure, in milliseconds; each next one is twice it. */
const FIRST_PAUSE_MS = 30_000;
const LAST_PAUSE_MS = 600_000;
/** So many bodies that break off count as a failure. */
const STRIKES = 2;

/** A mirror or the registry itself. */
export class Host {
  /** What is asked. */
  readonly repository: Repository;
  /** What the user may see of it. */
  readonly name: string;
  /** Whether it is the registry that the image's name says. */
  readonly isOrigin: boolean;
  /** Whether it has answered in this run. */
  answered = false;
  /** Until when others are asked first, in milliseconds since 1970. */
  until = 0;
  /** What it is known not to have, by digest. */
  readonly missing: Set<string> = new Set();
  /** How often it sent wrong bytes, by digest. */
  readonly wrong: Map<string, number> = new Map();
  #failures = 0;
  #strikes = 0;

  /** A host of which nothing is known. */
  constructor(repository: Repository, name: string, isOrigin: boolean) {
    this.repository = repository;
    this.name = name;
    this.isOrigin = isOrigin;
  }

  /** Notes a response. */
  succeed(): void {
    this.answered = true;
    this.#failures = 0;
    // Whoever has sent wrong bytes is not forgiven for answering.
    if (this.wrong.size === 0) this.until = 0;
  }

  /**
   * Notes a failure: for a while, others are asked first.
   *
   * @param now The time, in milliseconds since 1970.
   * @param pause How long.
   */
  fail(now: number, pause?: number): void {
    if (this.until > now) return;
    const own = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LAST_PAUSE_MS);
    this.until = now + (pause ?? own);
    this.#strikes = 0;
  }

  /**
   * Notes a body that broke off.
   *
   * @param now The time, in milliseconds since 1970.
   * @returns Whether it has become a failure by that.
   */
  strike(now: number): boolean {
    if (++this.#strikes < STRIKES) return false;
    this.fail(now);
    return true;
  }

  /** Notes wrong bytes of a blob. */
  blame(digest: string): void {
    this.wrong.set(digest, (this.wrong.get(digest) ?? 0) + 1);
  }
}

/**
 * The order in which hosts are asked: the healthy ones as they stand; then
 * those that have failed lately; then those that lack what is wanted; and at
 * the very end, as nothing is left, those that have sent wrong bytes of it.
 *
 * @param hosts The hosts, in the order that the user wants.
 * @param now The time, in milliseconds since 1970.
 * @param digest What is wanted.
 * @param avoided The host that has just broken off: others that have answered
 * go first.
 * @returns The same hosts in order.
 */
export function orderHosts(
  hosts: readonly Host[],
  now: number,
  digest?: string,
  avoided?: Host,
): Host[] {
  const rank = (host: Host): number => {
    if (digest !== undefined && host.wrong.has(digest)) return 5;
    if (digest !== undefined && host.missing.has(digest)) return 4;
    if (host.until > now) return 3;
    if (avoided === undefined) return 0;
    if (host === avoided) return 1;
    return host.answered ? 0 : 2;
  };
  const wrong = (host: Host) =>
    digest === undefined ? 0 : host.wrong.get(digest) ?? 0;
  return hosts.toSorted((a, b) => {
    const order = rank(a) - rank(b) || wrong(a) - wrong(b);
    return order || (rank(a) === 3 ? a.until - b.until : 0);
  });
}
