/**
 * Watches requests: one that has come to a halt, or that is far slower than
 * its siblings, is ended, so that another one goes on at its offset.
 */

import { NetworkError } from "../errors.ts";
import type { Piece } from "./blob.ts";

/** How often is looked, in milliseconds. */
const INTERVAL = 1_000;
/** How old a request is before its speed says anything. */
const WARM_UP = 4_000;
/** A request this many times slower than the median of its siblings is ended. */
const SLOWNESS = 5;
/** What is worth another request, in bytes. */
const WORTH = 2 * 1024 * 1024;
/** How often one piece is begun anew for its speed. */
const MOST_REOPENINGS = 3;

/** A request that is watched. */
export interface Watch {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** The host that it is made to. */
  host: string;
  /** Some bytes have come. */
  touch(bytes: number): void;
  /** It is over. */
  end(): void;
}

interface Watched {
  piece: Piece;
  controller: AbortController;
  watch: Watch;
  since: number;
  touched: number;
  /** Bytes in the present and the last interval. */
  bytes: number[];
}

/** Thrown into a request that is begun anew because it is slow. */
export class SlowConnectionError extends NetworkError {
  override name = "SlowConnectionError";
}

/** Watches all requests of a transfer. */
export class Watchdog {
  readonly #timeout: number;
  readonly #watched: Set<Watched> = new Set();
  readonly #reopened: WeakMap<Piece, number> = new WeakMap();
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #interval: number;
  #lastLook = 0;
  #wasLate = false;

  readonly #onLook: () => void;

  /**
   * Ends requests that have been silent for so many milliseconds, and calls
   * back whenever it looks.
   */
  constructor(timeout: number, onLook: () => void = () => {}) {
    this.#timeout = timeout;
    this.#interval = Math.min(INTERVAL, timeout);
    this.#onLook = onLook;
  }

  /** Begins to watch a request. */
  watch(piece: Piece): Watch {
    const controller = new AbortController();
    const now = performance.now();
    const watched: Watched = {
      piece,
      controller,
      since: now,
      touched: now,
      bytes: [0, 0, 0, 0],
      watch: {
        signal: controller.signal,
        host: "the registry",
        touch: (bytes) => {
          watched.touched = performance.now();
          watched.bytes[0]! += bytes;
        },
        end: () => {
          this.#watched.delete(watched);
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

  #look(): void {
    this.#onLook();
    const now = performance.now();
    // Whoever was not awake could not read what has come: it may do so first.
    const late = now - this.#lastLook > 1.5 * this.#interval && !this.#wasLate;
    this.#lastLook = now;
    this.#wasLate = late;
    const speed = ({ bytes }: Watched) => bytes.reduce((a, b) => a + b, 0);
    const speeds = [...this.#watched]
      .filter(({ since }) => now - since > WARM_UP)
      .map(speed)
      .sort((a, b) => a - b);
    // With two, the faster one is the measure.
    const median = speeds.length < 2 ? 0 : speeds[speeds.length >> 1]!;
    for (const watched of this.#watched) {
      const { piece, controller, watch, since, touched } = watched;
      const reopened = this.#reopened.get(piece) ?? 0;
      if (now - touched > this.#timeout) {
        if (late) continue;
        controller.abort(
          new NetworkError(
            watch.host,
            "timeout",
            `no byte for ${Math.round(this.#timeout / 1000)} s`,
          ),
        );
      } else if (
        now - since > WARM_UP && speed(watched) * SLOWNESS < median &&
        piece.end - piece.received > WORTH && reopened < MOST_REOPENINGS
      ) {
        this.#reopened.set(piece, reopened + 1);
        controller.abort(
          new SlowConnectionError(
            watch.host,
            "timeout",
            "the connection is much slower than the others",
          ),
        );
      }
      watched.bytes.unshift(0);
      watched.bytes.pop();
    }
  }
}
