/** Hosts that fail and are asked again, each one outage however often. */

import type { PullEvent, Retry } from "../../lib/image/events.ts";

/** A shorter wait is over before it can be read, in milliseconds. */
const SHORT_WAIT = 1_000;
/** A try that fails again does so within this time, in milliseconds. */
const GRACE = 1_500;

/** A host that fails. */
export interface Outage {
  /** Which. */
  host: string;
  /** What failed last. */
  last: Retry;
  /** The highest number of a try. */
  attempt: number;
  /** When it began. */
  since: number;
  /** When its connections try again. */
  tries: number[];
  /** When something came of a try. */
  progress?: number;
}

/** The outages of a pull. */
export class Outages {
  readonly #outages = new Map<string, Outage>();
  /** What a host is called that is not known. */
  fallback = "the registry";

  /**
   * Takes an event in.
   *
   * @returns The outage that begins with it.
   */
  apply(event: PullEvent, time: number): Outage | undefined {
    if (event.type !== "retry") {
      if (isProgress(event)) {
        for (const outage of this.#outages.values()) {
          if (Math.max(...outage.tries) <= time) outage.progress ??= time;
        }
      }
      return undefined;
    }
    const { host = this.fallback, delay, code, attempt } = event;
    // A connection that is changed for a quicker one is no outage.
    if (code === "content" || (code === "slow" && delay === 0)) {
      return undefined;
    }
    const known = this.#outages.get(host);
    if (!known && delay < SHORT_WAIT) return undefined;
    const outage = known ??
      { host, last: event, attempt, since: time, tries: [] };
    this.#outages.set(host, outage);
    outage.last = event;
    outage.attempt = Math.max(outage.attempt, attempt);
    outage.tries.push(time + delay);
    outage.progress = undefined;
    return known ? undefined : outage;
  }

  /** Those under way, the next to be tried again first. */
  at(time: number): (Outage & { next: number | undefined })[] {
    return [...this.#outages.values()].map((outage) => {
      const ahead = outage.tries.filter((at) => at > time);
      return { ...outage, next: ahead.length ? Math.min(...ahead) : undefined };
    }).sort((a, b) => (a.next ?? Infinity) - (b.next ?? Infinity));
  }

  /** Takes out those that are over, for some time so that it is sure. */
  takeEnded(time: number): (Outage & { end: number })[] {
    const ended = [];
    for (const outage of this.#outages.values()) {
      const { progress, host, tries } = outage;
      if (progress === undefined || time < Math.max(...tries) + GRACE) continue;
      this.#outages.delete(host);
      ended.push({ ...outage, end: progress });
    }
    return ended;
  }
}

function isProgress({ type }: PullEvent): boolean {
  return type === "resolved" || type === "planned" ||
    type === "blob-progress" || type === "blob-done";
}
