/** Shows a pull on a terminal: live lines below, finished ones above. */

import { format as formatBytes } from "@std/fmt/bytes";
import type { PullEvent } from "../lib/events.ts";
import type { Output } from "./io.ts";
import { describe, shortDigest } from "./progress_lines.ts";
import { type BlobProgress, ProgressModel } from "./progress_model.ts";
import { formatRow } from "./progress_row.ts";
import type { Style } from "./style.ts";
import { LiveArea } from "./terminal.ts";
import { formatTime, formatWholeTime, neutralize, truncate } from "./text.ts";

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

const REDRAW_INTERVAL = 100;

/** {@linkcode Progress} on a terminal, redrawn ten times a second. */
export class TerminalProgress implements Progress {
  #area: LiveArea;
  #style: Style;
  #clock: Clock;
  #model = new ProgressModel();
  #finished: string[] = [];
  #stopTicking: (() => void) | undefined;
  #moving = false;

  /** Draws nothing yet. */
  constructor(output: Output, style: Style, clock: Clock) {
    this.#area = new LiveArea(output);
    this.#style = style;
    this.#clock = clock;
  }

  /** Takes an event in. */
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

  /** Prints a line of its own above the live ones. */
  line(text: string): void {
    this.#finished.push(text);
    this.#draw();
  }

  /** Takes the live lines away. */
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
    const waiting = this.#stopTicking ? this.#waitLines() : [];
    const live = this.#moving ? this.#liveLines(waiting.length) : [];
    this.#area.update(finished, [...live, ...waiting]);
  }

  /** Counts down to the next try, where that is waited for. */
  #waitLines(): string[] {
    const [next, ...others] = this.#model.waits(this.#clock.now());
    if (!next) return [];
    const host = URL.canParse(next.url) ? new URL(next.url).host : next.url;
    const more = others.length > 0 ? ` (and ${others.length} more)` : "";
    const text = `waiting ${formatWholeTime(next.left)} to try ${
      neutralize(host)
    } again${more}`;
    return [this.#style.warn(truncate(text, this.#area.columns))];
  }

  #liveLines(taken: number): string[] {
    const { columns, rows } = this.#area;
    const model = this.#model;
    const layers = [...model.active.values()];
    const room = Math.max(0, rows - 1 - taken);
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
