/** Shows a pull where lines stay as they are: in a file, or in the log of CI. */

import { format as formatBytes } from "@std/fmt/bytes";
import type { PullEvent } from "../../lib/image/events.ts";
import { Outages } from "./outages.ts";
import {
  describe,
  describeDone,
  describeOutage,
  describeReturn,
  describeSilence,
  shortDigest,
} from "./lines.ts";
import { ProgressModel } from "./model.ts";
import type { DisplayOptions, Progress } from "./terminal_progress.ts";
import { neutralize, sayTime } from "./text.ts";

/** How often is looked, in milliseconds. */
const LOOK = 1_000;
/** How often is told how far it is. */
const REPORT = 15_000;

/**
 * {@linkcode Progress} in lines: one for each layer that is there, one where
 * an outage begins and ends, and one each 15 seconds.
 */
export class PlainProgress implements Progress {
  readonly #options: DisplayOptions;
  readonly #model = new ProgressModel(REPORT);
  readonly #outages = new Outages();
  #registry: string | undefined;
  #asked = 0;
  #reported = 0;
  #planned = false;
  #stopTicking: (() => void) | undefined;

  /** Prints nothing yet. */
  constructor(options: DisplayOptions) {
    this.#options = options;
  }

  /** Tells that a registry is asked, should that take long. */
  ask(registry: string): void {
    const { clock } = this.#options;
    this.#registry = this.#outages.fallback = registry;
    this.#asked = this.#reported = clock.now();
    this.#stopTicking ??= clock.every(LOOK, () => this.#look());
  }

  /** Takes an event in. */
  onEvent(event: PullEvent): void {
    const { style, clock, verbose } = this.#options;
    const now = clock.now();
    const blob = this.#model.apply(event, now);
    const outage = this.#outages.apply(event, now);
    const text = describe(event, this.#options);
    if (text !== undefined) this.line(text);
    if (outage && !verbose) {
      const next = Math.min(...outage.tries);
      this.line(
        style.warn("retry: ") + describeOutage({ ...outage, next }, now),
      );
    }
    if (event.type === "planned") this.#planned = true;
    if (!blob) return;
    const name = shortDigest(blob.descriptor.digest);
    if (event.type === "blob-wait") {
      this.line(`${name}: waiting for another process, which downloads it`);
    } else if (event.type === "blob-done") {
      this.line(`${name}: ${describeDone(blob, now)}`);
    }
  }

  /** Prints a line of its own. */
  line(text: string): void {
    this.#options.output.write(`${text}\n`);
  }

  /** Nothing moves. */
  clear(): void {}

  /** Prints no more by itself. */
  stop(): void {
    this.#stopTicking?.();
    this.#stopTicking = undefined;
  }

  #look(): void {
    const { clock } = this.#options;
    const now = clock.now();
    this.#model.sample(now);
    for (const outage of this.#outages.takeEnded(now)) {
      this.line(describeReturn(outage));
    }
    if (now - this.#reported < REPORT) return;
    this.#reported = now;
    this.line(this.#report(now));
  }

  #report(now: number): string {
    const { received, totalSize, missing, speed } = this.#model;
    const parts: string[] = [];
    if (this.#planned) {
      const percent = totalSize > 0 ? received / totalSize * 100 : 100;
      parts.push(
        `${Math.floor(percent)}%`,
        `${formatBytes(received)} of ${formatBytes(totalSize)}`,
      );
      const silence = this.#model.silence(now);
      if (silence !== undefined) parts.push(describeSilence(silence));
      else if (speed.rate > 0) {
        parts.push(`${formatBytes(Math.floor(speed.rate))}/s`);
        if (missing > 0) {
          parts.push(`${sayTime(missing / speed.rate * 1000)} left`);
        }
      }
    } else {
      const registry = neutralize(this.#registry ?? "the registry");
      parts.push(`Asking ${registry}`, `for ${sayTime(now - this.#asked)}`);
    }
    const outages = this.#outages.at(now)
      .map((outage) => describeOutage(outage, now));
    return [parts.join(", "), ...outages].join("; ");
  }
}
