/** How long the layers of a pull took to come. */

import type { PullEvent } from "../../image/events.ts";

/**
 * The time from the first request for a layer to the last byte that came, as
 * its events tell it when they happen.
 */
export class DownloadTime {
  readonly #now: () => number;
  readonly #fetched = new Set<string>();
  #start: number | undefined;
  #end = 0;

  /** Begins with nothing; `now` gives milliseconds from any fixed moment. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes an event in. */
  apply(event: PullEvent): void {
    if (event.type === "blob-start" && event.source === "registry") {
      // What an earlier run has left whole is not asked for.
      if (event.resumed >= event.descriptor.size) return;
      this.#fetched.add(event.descriptor.digest);
      this.#start ??= this.#now();
    } else if (
      event.type === "blob-progress" &&
      this.#fetched.has(event.descriptor.digest)
    ) this.#end = this.#now();
  }

  /** Milliseconds; 0 where nothing came. */
  get elapsed(): number {
    return this.#start === undefined ? 0 : Math.max(0, this.#end - this.#start);
  }
}
