/** What is known of a pull under way, gathered from its events. */

import type { BlobSource, PullEvent } from "../lib/events.ts";
import type { Descriptor } from "../lib/types.ts";

/** How far back the speed looks, in milliseconds. */
const WINDOW = 4000;
/** A shorter wait is over before it can be read, in milliseconds. */
const SHORT_WAIT = 1000;

/** Measures how fast a growing number grows. */
export class Speedometer {
  #samples: { time: number; value: number }[] = [];

  /** Notes the number as it is now. */
  sample(time: number, value: number): void {
    const samples = this.#samples;
    // What was thrown away and begins anew tells nothing of the speed.
    if (samples.length && value < samples.at(-1)!.value) samples.length = 0;
    samples.push({ time, value });
    while (samples.length > 2 && samples[1]!.time <= time - WINDOW) {
      samples.shift();
    }
  }

  /** Its growth in a second, over the last few; 0 before that is known. */
  get rate(): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || last.time <= first.time) return 0;
    return (last.value - first.value) * 1000 / (last.time - first.time);
  }
}

/** One layer under way. */
export interface BlobProgress {
  /** What it is. */
  descriptor: Descriptor;
  /** Where it comes from. */
  source: BlobSource;
  /** How much of it is there. */
  received: number;
  /** How much of that was there from an earlier run. */
  resumed: number;
  /** When it began. */
  started: number;
  /** Whether another process fetches it. */
  waiting: boolean;
  /** Its speed. */
  speed: Speedometer;
}

/** The layers of a pull; the configuration is too small to be shown. */
export class ProgressModel {
  /** Those under way, in the order in which they began. */
  readonly active: Map<string, BlobProgress> = new Map();
  /** The bytes of all layers together. */
  totalSize = 0;
  /** The number of layers, each counted once. */
  layerCount = 0;
  /** The speed of all together. */
  readonly speed: Speedometer = new Speedometer();
  /** When each address is tried again, for those that are waited for. */
  #waits = new Map<string, number>();
  #layers = new Map<string, number>();
  #done = new Map<string, number>();
  #left = 0;

  /**
   * Takes an event in.
   *
   * @returns The layer that it is about, as it stands then.
   */
  apply(event: PullEvent, time: number): BlobProgress | undefined {
    if (
      event.type.startsWith("blob-") && "descriptor" in event &&
      !this.#layers.has(event.descriptor.digest)
    ) return undefined;
    switch (event.type) {
      case "planned": {
        this.#layers = new Map(
          event.layers.map(({ digest, size }) => [digest, size]),
        );
        this.layerCount = this.#layers.size;
        this.totalSize = [...this.#layers.values()].reduce((a, b) => a + b, 0);
        return undefined;
      }
      case "retry":
        if (event.delay > SHORT_WAIT) {
          this.#waits.set(event.url, time + event.delay);
        }
        return undefined;
      case "blob-start":
        return this.#begin(event.descriptor, time, {
          source: event.source,
          received: event.resumed,
          resumed: event.resumed,
        });
      case "blob-wait":
        return this.#begin(event.descriptor, time, { waiting: true });
      case "blob-progress": {
        const blob = this.active.get(event.descriptor.digest) ??
          this.#begin(event.descriptor, time, {});
        blob.received = event.received;
        return blob;
      }
      case "blob-done": {
        const { digest, size } = event.descriptor;
        const blob = this.active.get(digest) ??
          this.#begin(event.descriptor, time, {});
        blob.source = event.source;
        blob.received = size;
        this.active.delete(digest);
        if (!this.#done.has(digest)) this.#left += blob.resumed;
        this.#done.set(digest, size);
        return blob;
      }
    }
  }

  /** What is waited for until another try, the soonest first. */
  waits(now: number): { url: string; left: number }[] {
    for (const [url, until] of this.#waits) {
      if (until <= now) this.#waits.delete(url);
    }
    return [...this.#waits].map(([url, until]) => ({ url, left: until - now }))
      .sort((a, b) => a.left - b.left);
  }

  /** The number of layers that are there. */
  get layersDone(): number {
    return this.#done.size;
  }

  /** The bytes that are there. */
  get received(): number {
    let sum = 0;
    for (const size of this.#done.values()) sum += size;
    for (const { received } of this.active.values()) sum += received;
    return sum;
  }

  /** Measures the speeds; to be called about ten times a second. */
  sample(time: number): void {
    // What an earlier run left is there at once, which is no speed.
    let left = this.#left;
    for (const { resumed } of this.active.values()) left += resumed;
    this.speed.sample(time, this.received - left);
    for (const blob of this.active.values()) {
      blob.speed.sample(time, blob.received);
    }
  }

  #begin(
    descriptor: Descriptor,
    started: number,
    state: Partial<BlobProgress>,
  ): BlobProgress {
    const blob: BlobProgress = {
      descriptor,
      source: "registry",
      received: 0,
      resumed: 0,
      started,
      waiting: false,
      speed: new Speedometer(),
      ...state,
    };
    this.active.set(descriptor.digest, blob);
    return blob;
  }
}
