/**
 * Watches requests: one that has come to a halt, that brings next to nothing,
 * or that is far slower than its siblings, is ended, so that another one goes
 * on at its offset.
 */

import { NetworkError } from "../image/errors.ts";
import type { NetworkProblem } from "../image/problems.ts";
import type { Segment } from "./blob.ts";
import { SpeedWindow } from "./speed_window.ts";

/** How often is looked, in milliseconds. */
const INTERVAL_MS = 1_000;
/** A look so many intervals after the last one is late. */
const LATE = 1.5;
/** How old a request is before its speed says anything. */
const WARM_UP_MS = 4_000;
/** A request this many times slower than the median of its siblings is ended. */
const SLOWNESS = 5;
/** What is worth another request, in bytes. */
const WORTH_BYTES = 2 * 1024 * 1024;
/** How often one segment is begun anew for its speed. */
const MOST_REOPENINGS = 3;
/** The first byte is waited for so many times the timeout at most. */
const MOST_PATIENCE = 10;
/** The next first byte may take so many times what the slowest one took. */
const LENIENCE = 2;
/** A request's speed is taken over so many times the timeout. */
const WINDOW = 2;

/** A request that is watched. */
export interface Watch {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** The host that it is made to. */
  host: string;
  /** Some bytes have come. */
  touch(bytes: number): void;
  /**
   * How many other requests there are, at least one where any has brought
   * bytes since this one was made; none where this one has failed alone.
   */
  rivals(error: unknown): number;
  /** It is over; `well` where all that was asked for has come. */
  end(well?: boolean): void;
}

interface Watched {
  segment: Segment;
  controller: AbortController;
  watch: Watch;
  since: number;
  touched: number;
  /** How long the first byte is waited for. */
  patience: number;
  /** Whether a byte of the body has come. */
  begun: boolean;
  /** When it last brought bytes in earnest. */
  gained: number;
  /** Bytes in the present and the last interval. */
  bytes: number[];
  pace: SpeedWindow;
}

/** How a {@linkcode Watchdog} judges. Times are in milliseconds. */
export interface WatchdogOptions {
  /** How long a request may be silent. */
  timeout: number;
  /**
   * Bytes a second that a request must bring, over twice the timeout.
   *
   * @default {0}
   */
  leastSpeed?: number;
  /** Called whenever it looks. */
  onLook?: () => void;
  /** Called when a segment's request begins to bring bytes in earnest. */
  onGain?: (segment: Segment) => void;
}

/** Watches all requests of a transfer. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #watched: Set<Watched> = new Set();
  readonly #reopened: WeakMap<Segment, number> = new WeakMap();
  /** How often in a row a segment's first byte was waited for in vain. */
  readonly #silences: WeakMap<Segment, number> = new WeakMap();
  /** How long the slowest first byte has taken. */
  #slowest = 0;
  /** When a request that is over now last brought bytes. */
  #gained = -Infinity;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #interval: number;
  #lastLook = 0;
  #wasLate = false;

  /** Watches nothing yet. */
  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#interval = Math.min(INTERVAL_MS, options.timeout);
  }

  /** Begins to watch a request. */
  watch(segment: Segment): Watch {
    const { leastSpeed = 0, onGain, timeout } = this.#options;
    const controller = new AbortController();
    const now = performance.now();
    const watched: Watched = {
      segment,
      controller,
      since: now,
      touched: now,
      patience: this.#patience(segment),
      begun: false,
      gained: -Infinity,
      bytes: [0, 0, 0, 0],
      pace: new SpeedWindow(leastSpeed, WINDOW * timeout),
      watch: {
        signal: controller.signal,
        host: "the registry",
        touch: (bytes) => {
          const now = performance.now();
          watched.touched = now;
          if (bytes === 0) return;
          if (!watched.begun) {
            watched.begun = true;
            this.#silences.delete(segment);
            this.#slowest = Math.max(this.#slowest, now - watched.since);
          }
          watched.bytes[0]! += bytes;
          if (!watched.pace.add(bytes)) return;
          const first = watched.gained === -Infinity;
          watched.gained = now;
          if (first) onGain?.(segment);
        },
        rivals: (error) => this.#rivals(watched, error),
        end: (well = false) => {
          if (!this.#watched.delete(watched)) return;
          const gained = well ? performance.now() : watched.gained;
          this.#gained = Math.max(this.#gained, gained);
          if (this.#watched.size > 0) return;
          clearInterval(this.#timer);
          this.#timer = undefined;
        },
      },
    };
    this.#watched.add(watched);
    if (this.#timer === undefined) {
      this.#lastLook = now;
      this.#timer = setInterval(() => this.#look(), this.#interval);
    }
    return watched.watch;
  }

  /**
   * How long a segment's first byte is waited for. A cache that has to fetch the
   * blob itself first may need a while: each time in vain, it gets twice that.
   */
  #patience(segment: Segment): number {
    const { timeout } = this.#options;
    const known = Math.max(timeout, LENIENCE * this.#slowest);
    const doubled = known * 2 ** (this.#silences.get(segment) ?? 0);
    return Math.min(doubled, MOST_PATIENCE * timeout);
  }

  #rivals(own: Watched, error: unknown): number {
    const others = [...this.#watched].filter((watched) => watched !== own);
    const kind = error instanceof NetworkError ? error.kind : undefined;
    // What has just been refused may be so because of one that has no response
    // yet. Who was silent for long was not, unless others were served then.
    const waited = kind === "timeout" || kind === "slow";
    const since = own.pace.since ?? own.since;
    const gained = Math.max(this.#gained, ...others.map((o) => o.gained));
    if (gained > since) return Math.max(1, others.length);
    return waited ? 0 : others.length;
  }

  #look(): void {
    this.#options.onLook?.();
    const { timeout } = this.#options;
    const now = performance.now();
    // Whoever was not awake could not read what has come: it may do so first.
    const most = LATE * this.#interval;
    const passed = Math.min(now - this.#lastLook, most);
    const late = now - this.#lastLook > most && !this.#wasLate;
    this.#lastLook = now;
    this.#wasLate = late;
    const speed = ({ bytes }: Watched) => bytes.reduce((a, b) => a + b, 0);
    const speeds = [...this.#watched]
      .filter(({ since }) => now - since > WARM_UP_MS)
      .map(speed)
      .sort((a, b) => a - b);
    // With two, the faster one is the measure.
    const median = speeds.length < 2 ? 0 : speeds[speeds.length >> 1]!;
    for (const watched of this.#watched) {
      const { segment, controller, watch, since, touched, begun, pace } =
        watched;
      const reopened = this.#reopened.get(segment) ?? 0;
      const silence = begun ? timeout : watched.patience;
      const shortfall = begun ? pace.pass(passed) : undefined;
      const fail = (kind: "timeout" | "slow", problem: NetworkProblem) =>
        controller.abort(new NetworkError(watch.host, kind, problem));
      if (now - touched > silence) {
        if (late) continue;
        if (!begun) {
          this.#silences.set(segment, (this.#silences.get(segment) ?? 0) + 1);
        }
        fail("timeout", { code: "silence", duration: silence });
      } else if (shortfall !== undefined) {
        const duration = WINDOW * timeout;
        fail("slow", { code: "slow", bytes: shortfall, duration });
      } else if (
        begun && now - since > WARM_UP_MS &&
        speed(watched) * SLOWNESS < median &&
        segment.end - segment.received > WORTH_BYTES &&
        reopened < MOST_REOPENINGS
      ) {
        this.#reopened.set(segment, reopened + 1);
        controller.abort(
          new NetworkError(watch.host, "timeout", "slower"),
        );
      }
      watched.bytes.unshift(0);
      watched.bytes.pop();
    }
  }
}
