/** Shows a pull while it goes on: live lines on a terminal, else plain ones. */

import { format as formatBytes } from "@std/fmt/bytes";
import { platformText } from "../lib/errors.ts";
import type { PullEvent } from "../lib/events.ts";
import type { Environment } from "./environment.ts";
import type { Output } from "./io.ts";
import { type BlobProgress, ProgressModel } from "./progress_model.ts";
import { formatRow } from "./progress_row.ts";
import type { Style } from "./style.ts";
import { LiveArea } from "./terminal.ts";
import { formatTime, neutralize } from "./text.ts";

/** Time, so that a test can be in charge of it. */
export interface Clock {
  /** Milliseconds from any fixed moment. */
  now(): number;
  /**
   * Calls `tick` every so many milliseconds.
   *
   * @returns What ends that.
   */
  every(milliseconds: number, tick: () => void): () => void;
}

/** Shows what goes on. */
export interface Progress {
  /** Takes an event in. */
  onEvent(event: PullEvent): void;
  /** Prints a line of its own, already harmless. */
  line(text: string): void;
  /** Takes all that moves away; lines can be printed after it. */
  stop(): void;
}

/** Options of {@linkcode createProgress}. */
export interface ProgressOptions {
  /** Where to; standard error. */
  output: Output;
  /** Its colours. */
  style: Style;
  /** The environment. */
  env: Environment;
  /** Whether to print no more than warnings. */
  quiet: boolean;
  /** Time. */
  clock?: Clock;
}

const REDRAW_INTERVAL = 100;

const systemClock: Clock = {
  now: () => performance.now(),
  every(milliseconds, tick) {
    const timer = setInterval(tick, milliseconds);
    return () => clearInterval(timer);
  },
};

/** Chooses how a pull is shown. */
export function createProgress(options: ProgressOptions): Progress {
  const { output, style, env, quiet, clock = systemClock } = options;
  const print = (text: string) => void output.write(`${text}\n`);
  if (quiet) {
    return {
      onEvent(event) {
        if (event.type === "warning") print(describe(event, style)!);
      },
      line: print,
      stop() {},
    };
  }
  return output.isTTY && env.TERM !== "dumb"
    ? new TerminalProgress(output, style, clock)
    : plainProgress(print, style, clock);
}

function plainProgress(
  print: (text: string) => void,
  style: Style,
  clock: Clock,
): Progress {
  const model = new ProgressModel();
  return {
    onEvent(event) {
      const blob = model.apply(event, clock.now());
      const text = blob
        ? describeStep(event, blob, clock.now())
        : describe(event, style);
      if (text !== undefined) print(text);
    },
    line: print,
    stop() {},
  };
}

/** A plain line for the begin and the end of a layer. */
function describeStep(
  event: PullEvent,
  blob: BlobProgress,
  now: number,
): string | undefined {
  const name = shortDigest(blob.descriptor.digest);
  const size = formatBytes(blob.descriptor.size);
  switch (event.type) {
    case "blob-wait":
      return `${name}: another process downloads it; waiting`;
    case "blob-start":
      if (blob.source === "cache") return undefined;
      return blob.resumed
        ? `${name}: going on at ${formatBytes(blob.resumed)} of ${size}`
        : `${name}: downloading ${size}`;
    case "blob-done":
      return blob.source === "cache"
        ? `${name}: from the cache, ${size}`
        : `${name}: done, ${size} in ${formatTime(now - blob.started)}`;
  }
}

/** A line for what is not about one layer; none for most. */
function describe(event: PullEvent, style: Style): string | undefined {
  switch (event.type) {
    case "planned": {
      const count = event.layers.length;
      return `${neutralize(platformText(event.platform))}, ${count} ${
        count === 1 ? "layer" : "layers"
      }, ${formatBytes(event.size)}`;
    }
    case "retry": {
      const wait = formatTime(event.delay);
      return style.warn("retry: ") + neutralize(
        `${event.reason} (try ${event.attempt} in ${wait}, ${event.url})`,
      );
    }
    case "warning":
      return style.warn("warning: ") + neutralize(event.warning.message);
  }
}

class TerminalProgress implements Progress {
  #area: LiveArea;
  #style: Style;
  #clock: Clock;
  #model = new ProgressModel();
  #finished: string[] = [];
  #stopTicking: (() => void) | undefined;
  #moving = false;

  constructor(output: Output, style: Style, clock: Clock) {
    this.#area = new LiveArea(output);
    this.#style = style;
    this.#clock = clock;
  }

  onEvent(event: PullEvent): void {
    const blob = this.#model.apply(event, this.#clock.now());
    const text = describe(event, this.#style);
    if (text !== undefined) this.#finished.push(text);
    if (event.type === "planned") this.#moving = true;
    if (event.type === "written") this.#moving = false;
    if (event.type === "blob-done" && blob) this.#finish(blob);
    // Drawing waits for the next tick, however many events come before it.
    this.#stopTicking ??= this.#clock.every(
      REDRAW_INTERVAL,
      () => this.#draw(),
    );
  }

  line(text: string): void {
    this.#finished.push(text);
    this.#draw();
  }

  stop(): void {
    this.#stopTicking?.();
    this.#stopTicking = undefined;
    this.#moving = false;
    this.#draw();
  }

  #finish(blob: BlobProgress): void {
    const { digest, size } = blob.descriptor;
    const how = blob.source === "cache"
      ? "from the cache"
      : `in ${formatTime(this.#clock.now() - blob.started)}`;
    this.#finished.push(
      `${this.#style.good("✓")} ${shortDigest(digest)} ${
        this.#style.faint(`${formatBytes(size)} ${how}`)
      }`,
    );
  }

  #draw(): void {
    this.#model.sample(this.#clock.now());
    const finished = this.#finished;
    this.#finished = [];
    this.#area.update(finished, this.#moving ? this.#liveLines() : []);
  }

  #liveLines(): string[] {
    const { columns, rows } = this.#area;
    const model = this.#model;
    const layers = [...model.active.values()];
    const room = rows - 1;
    const shown = layers.length > room ? Math.max(0, room - 1) : layers.length;
    const lines = layers.slice(0, shown).map((blob) =>
      formatRow(
        {
          label: shortDigest(blob.descriptor.digest),
          received: blob.received,
          size: blob.descriptor.size,
          rate: blob.speed.rate,
          note: blob.waiting ? "waiting for another process" : undefined,
        },
        columns,
        this.#style,
      )
    );
    if (shown < layers.length && room > 0) {
      lines.push(this.#style.faint(`and ${layers.length - shown} more`));
    }
    const total = formatRow(
      {
        label: `${model.layersDone}/${model.layerCount} done`,
        received: model.received,
        size: model.totalSize,
        rate: model.speed.rate,
      },
      columns,
      this.#style,
    );
    return [...lines, total];
  }
}

function shortDigest(digest: string): string {
  return neutralize(digest.slice(digest.indexOf(":") + 1).slice(0, 12));
}
