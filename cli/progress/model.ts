/** What is known of a pull under way, gathered from its events. */

import type { BlobSource, PullEvent } from "../../lib/image/events.ts";
import type { Descriptor } from "../../lib/image/types.ts";

/** Nothing is said of a silence that is shorter, in milliseconds. */
const SILENCE = 3_000;

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
  /** When its first byte came over the network. */
  first?: number;
  /** When its last one did. */
  last?: number;
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
  /** The speed of all together, over the network. */
  readonly speed: Speedometer;
  readonly #window: number | undefined;
  readonly #layers = new Map<string, number>();
  #done = new Map<string, number>();
  /** Bytes of finished layers that came over the network. */
  #fetched = 0;
  /** When something was last heard, or first asked for. */
  #heard: number | undefined;

  /** Knows nothing yet; its speeds look so many milliseconds back. */
  constructor(window?: number) {
    this.#window = window;
    this.speed = new Speedometer(window);
  }

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
        for (const { digest, size } of event.layers) {
          this.#layers.set(digest, size);
        }
        this.layerCount = this.#layers.size;
        this.totalSize = [...this.#layers.values()].reduce((a, b) => a + b, 0);
        return undefined;
      }
      case "blob-start":
        if (event.source === "registry" && !this.#fetches.length) {
          this.#heard = time;
        }
        return this.#begin(event.descriptor, {
          source: event.source,
          received: event.resumed,
          resumed: event.resumed,
        });
      case "blob-wait":
        return this.#begin(event.descriptor, { waiting: true });
      case "blob-progress": {
        const blob = this.active.get(event.descriptor.digest) ??
          this.#begin(event.descriptor, {});
        const { source, received, resumed } = blob;
        if (
          source === "registry" &&
          event.received > Math.max(received, resumed)
        ) {
          blob.first ??= time;
          blob.last = this.#heard = time;
        }
        blob.received = event.received;
        return blob;
      }
      case "blob-done": {
        const { digest, size } = event.descriptor;
        const blob = this.active.get(digest) ??
          this.#begin(event.descriptor, {});
        blob.source = event.source;
        blob.received = size;
        this.active.delete(digest);
        if (!this.#done.has(digest)) this.#fetched += fetched(blob);
        this.#done.set(digest, size);
        return blob;
      }
    }
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

  /** The bytes that are still to come, as far as is known over the network. */
  get missing(): number {
    let sum = this.totalSize - this.received;
    for (const { source, descriptor, received } of this.active.values()) {
      if (source === "cache") sum -= descriptor.size - received;
    }
    return sum;
  }

  /**
   * For how many milliseconds nothing has come, where something should: of
   * one layer, or of all. Nothing where that is too short to matter.
   */
  silence(now: number, blob?: BlobProgress): number | undefined {
    const of = blob ? [blob].filter(isFetched) : this.#fetches;
    const since = blob ? blob.last : this.#heard;
    if (of.length === 0 || since === undefined) return undefined;
    return now - since >= SILENCE ? now - since : undefined;
  }

  /** Measures the speeds; to be called about ten times a second. */
  sample(time: number): void {
    let sum = this.#fetched;
    for (const blob of this.active.values()) {
      sum += fetched(blob);
      blob.speed.sample(time, fetched(blob));
    }
    this.speed.sample(time, sum);
  }

  /** The layers that should come over the network now. */
  get #fetches(): BlobProgress[] {
    return [...this.active.values()].filter(isFetched);
  }

  #begin(
    descriptor: Descriptor,
    state: Partial<BlobProgress>,
  ): BlobProgress {
    const blob: BlobProgress = {
      descriptor,
      source: "registry",
      received: 0,
      resumed: 0,
      waiting: false,
      speed: new Speedometer(this.#window),
      ...state,
    };
    this.active.set(descriptor.digest, blob);
    return blob;
  }
}

/** How much of a layer came over the network in this run. */
function fetched({ source, received, resumed }: BlobProgress): number {
  // What was there whole is gone through from its beginning.
  return source === "registry" ? Math.max(0, received - resumed) : 0;
}

function isFetched(blob: BlobProgress): boolean {
  return blob.source === "registry" && !blob.waiting &&
    blob.received < blob.descriptor.size && blob.resumed < blob.descriptor.size;
}

/** How far back it looks, in milliseconds, where nothing else is said. */
const WINDOW = 4_000;
/** What is measured in less time than this is a guess, in milliseconds. */
const SOON = 2_000;

/** Measures how fast a growing number grows. */
export class Speedometer {
  readonly #window: number;
  #samples: { time: number; value: number }[] = [];
  /** When it began to grow. */
  #since = 0;

  /** Looks so many milliseconds back. */
  constructor(window: number = WINDOW) {
    this.#window = window;
  }

  /** Notes the number as it is now. */
  sample(time: number, value: number): void {
    const samples = this.#samples;
    const last = samples.at(-1);
    // What was thrown away and begins anew tells nothing of the speed; nor
    // does the time before the first byte.
    const anew = last && value < last.value;
    const still = samples.length === 1 && value === last!.value;
    if (anew || still) samples.length = 0;
    if (samples.length === 0) this.#since = time;
    samples.push({ time, value });
    while (samples.length > 2 && samples[1]!.time <= time - this.#window) {
      samples.shift();
    }
  }

  /** Its growth in a second, over the last few; 0 before that is known. */
  get rate(): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || last.time - this.#since < SOON) return 0;
    return (last.value - first.value) * 1000 / (last.time - first.time);
  }
}
