/** Shows a pull on a terminal: live lines below, finished ones above. */

import type { PullEvent } from "../../lib/image/events.ts";
import type { Output } from "../io.ts";
import { Outages } from "./outages.ts";
import {
  describe,
  describeDone,
  describeFolded,
  describeOutage,
  describeReturn,
  describeSilence,
  describeState,
  shortDigest,
} from "./lines.ts";
import { type BlobProgress, ProgressModel } from "./model.ts";
import { formatRow } from "./row.ts";
import type { Style } from "./style.ts";
import { LiveArea } from "./terminal.ts";
import { neutralize, sayTime, truncate } from "./text.ts";

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
  /** Begins, with the registry that is asked for the image. */
  ask(registry: string): void;
  /** Takes an event in. */
  onEvent(event: PullEvent): void;
  /** Prints a line of its own, already harmless. */
  line(text: string): void;
  /** Takes what moves away until it moves again. */
  clear(): void;
  /** Takes all that moves away; lines can be printed after it. */
  stop(): void;
}

/** What a {@linkcode Progress} is made with. */
export interface DisplayOptions {
  /** Where it is shown. */
  output: Output;
  /** Its colours. */
  style: Style;
  /** Time. */
  clock: Clock;
  /** Whether each try is told, with its address. */
  verbose: boolean;
  /** Whether several images are pulled. */
  several?: boolean;
}

const REDRAW_INTERVAL = 100;
/** An answer that comes sooner needs no sign of life, in milliseconds. */
const SOON = 1_000;
/** Of more layers than that, those that are there stand in one line. */
const MANY = 10;
/** So many hosts that fail are shown at most. */
const MOST_OUTAGES = 2;

/** {@linkcode Progress} on a terminal, redrawn ten times a second. */
export class TerminalProgress implements Progress {
  readonly #area: LiveArea;
  readonly #style: Style;
  readonly #clock: Clock;
  readonly #options: DisplayOptions;
  readonly #model = new ProgressModel();
  readonly #outages = new Outages();
  #asked: { registry: string; since: number } | undefined;
  #finished: string[] = [];
  #stopTicking: (() => void) | undefined;
  #moving = false;
  /** The layers that are there and stand in one line. */
  #folded = { layers: 0, bytes: 0, cached: 0 };

  /** Draws nothing yet. */
  constructor(options: DisplayOptions) {
    const { output, style, clock } = options;
    this.#options = options;
    this.#area = new LiveArea(output);
    this.#style = style;
    this.#clock = clock;
  }

  /** Shows a sign of life until the image's documents are there. */
  ask(registry: string): void {
    this.#asked = { registry, since: this.#clock.now() };
    this.#outages.fallback = registry;
    this.#tick();
  }

  /** Takes an event in. */
  onEvent(event: PullEvent): void {
    const now = this.#clock.now();
    const blob = this.#model.apply(event, now);
    this.#outages.apply(event, now);
    const text = describe(event, this.#options);
    if (text !== undefined) this.#finished.push(text);
    if (event.type === "planned") {
      this.#moving = true;
      this.#asked = undefined;
    }
    if (event.type === "written") {
      // Others of a set may still be on their way.
      const { layersDone, layerCount } = this.#model;
      this.#moving = layersDone < layerCount && this.#model.active.size > 0;
    }
    if (event.type === "blob-done" && blob && this.#folds) {
      this.#folded.layers++;
      this.#folded.bytes += blob.descriptor.size;
      if (blob.source !== "registry") this.#folded.cached++;
    } else if (event.type === "blob-done" && blob) {
      this.#finished.push(
        `${this.#style.good("✓")} ${shortDigest(blob.descriptor.digest)} ${
          this.#style.faint(describeDone(blob, now))
        }`,
      );
    }
    this.#tick();
  }

  /** Prints a line of its own above the live ones. */
  line(text: string): void {
    this.#finished.push(text);
    this.#draw();
  }

  /** Takes the live lines away until the next tick. */
  clear(): void {
    this.#area.clear();
  }

  /** Takes the live lines away. */
  stop(): void {
    this.#stopTicking?.();
    this.#stopTicking = undefined;
    this.#moving = false;
    this.#finished.push(...this.#foldedLines());
    this.#folded = { layers: 0, bytes: 0, cached: 0 };
    this.#draw();
  }

  /** Whether layers that are there have no line each. */
  get #folds(): boolean {
    return this.#model.layerCount > MANY && !this.#options.verbose;
  }

  /** The one line of layers that are there, if any are. */
  #foldedLines(): string[] {
    const { layers, bytes, cached } = this.#folded;
    if (layers === 0) return [];
    const text = describeFolded(layers, bytes, cached);
    return [`${this.#style.good("✓")} ${this.#style.faint(text)}`];
  }

  /** Drawing waits for the next tick, however many events come before it. */
  #tick(): void {
    this.#stopTicking ??= this.#clock.every(
      REDRAW_INTERVAL,
      () => this.#draw(),
    );
  }

  #draw(): void {
    const now = this.#clock.now();
    this.#model.sample(now);
    for (const outage of this.#outages.takeEnded(now)) {
      this.#finished.push(describeReturn(outage));
    }
    const finished = this.#finished;
    this.#finished = [];
    const words = this.#stopTicking ? this.#words(now) : [];
    const live = this.#moving ? this.#liveLines(words.length, now) : [];
    this.#area.update(finished, [...live, ...words]);
  }

  /** What is waited for: hosts that fail, or the first answer. */
  #words(now: number): string[] {
    const outages = this.#outages.at(now);
    const shown = outages.slice(0, MOST_OUTAGES)
      .map((outage) =>
        this.#style.warn(this.#fit(describeOutage(outage, now)))
      );
    if (outages.length > shown.length) {
      shown.push(this.#style.warn(`and ${outages.length - shown.length} more`));
    }
    const { registry, since } = this.#asked ?? {};
    if (shown.length || since === undefined || now - since < SOON) return shown;
    const text = `Asking ${neutralize(registry!)} … ${sayTime(now - since)}`;
    return [this.#style.faint(this.#fit(text))];
  }

  #fit(text: string): string {
    return truncate(text, this.#area.columns);
  }

  #liveLines(taken: number, now: number): string[] {
    const { columns, rows } = this.#area;
    const model = this.#model;
    const all = [...model.active.values()];
    // Those that only wait are the first to be left out.
    const layers = [
      ...all.filter(({ first }) => first !== undefined),
      ...all.filter(({ first }) => first === undefined),
    ];
    const folded = this.#foldedLines();
    const room = Math.max(0, rows - 1 - folded.length - taken);
    const shown = layers.length > room ? Math.max(0, room - 1) : layers.length;
    const lines = layers.slice(0, shown).map((blob) => this.#row(blob, now));
    if (shown < layers.length && room > 0) {
      lines.push(this.#style.faint(`and ${layers.length - shown} more`));
    }
    const silence = model.silence(now);
    const total = formatRow(
      {
        label: `${model.layersDone}/${model.layerCount} done`,
        received: model.received,
        size: model.totalSize,
        rate: model.speed.rate,
        missing: model.missing,
        note: silence === undefined ? undefined : describeSilence(silence),
      },
      columns,
      this.#style,
    );
    return [...(room > 0 ? folded : []), ...lines, total];
  }

  #row(blob: BlobProgress, now: number): string {
    return formatRow(
      {
        label: shortDigest(blob.descriptor.digest),
        received: blob.received,
        size: blob.descriptor.size,
        rate: blob.speed.rate,
        note: describeState(blob, this.#model.silence(now, blob)),
      },
      this.#area.columns,
      this.#style,
    );
  }
}
