/** Tells a pull as JSON, one object a line, for programs. */

import { stripAnsiCode } from "@std/fmt/colors";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import type { PullEvent } from "../../lib/image/events.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import type { Output } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { retrySentence } from "../messages/retries.ts";
import { explainWarning } from "../messages/warnings.ts";
import type { Clock, Progress } from "./terminal_progress.ts";

/** The version of the lines; docs/events.md tells when another follows. */
export const EVENTS_VERSION = 1;

/** Of one blob, it is told so often at most, in milliseconds. */
const EVERY = 200;

/** What a {@linkcode JsonProgress} is made with. */
export interface JsonProgressOptions {
  /** Where the lines go. */
  output: Output;
  /** Time. */
  clock: Clock;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Takes secrets out. */
  scrub?: (document: unknown) => unknown;
}

/** One line: an object with its version, its time and its type. */
export function eventLine(
  fields: Record<string, unknown>,
  { now = Date.now, scrub = (document: unknown) => document }: Pick<
    JsonProgressOptions,
    "now" | "scrub"
  > = {},
): string {
  const time = new Date(now()).toISOString();
  return `${
    JSON.stringify(scrub({ version: EVENTS_VERSION, time, ...fields }))
  }\n`;
}

/** {@linkcode Progress} as lines of JSON. */
export class JsonProgress implements Progress {
  readonly #options: JsonProgressOptions;
  /** When it was last told of a blob's bytes. */
  readonly #told = new Map<string, number>();

  /** Prints nothing yet. */
  constructor(options: JsonProgressOptions) {
    this.#options = options;
  }

  /** Tells that a registry is asked. */
  ask(registry: string): void {
    this.#print({ type: "asking", registry });
  }

  /** Tells an event. */
  onEvent(event: PullEvent): void {
    if (event.type === "blob-progress" || event.type === "upload-progress") {
      const { digest } = event.descriptor;
      const now = this.#options.clock.now();
      if (now - (this.#told.get(digest) ?? -Infinity) < EVERY) return;
      this.#told.set(digest, now);
    }
    this.#print(eventDocument(event));
  }

  /** Tells a line that people would read. */
  line(text: string): void {
    const plain = stripAnsiCode(text);
    const [, level = "info", words = plain] =
      /^(error|warning|hint|note|retry): ([^]*)$/.exec(plain) ?? [];
    this.#print({ type: "message", level, text: words });
  }

  /** Nothing moves. */
  clear(): void {}

  /** Nothing is drawn. */
  stop(): void {}

  #print(fields: Record<string, unknown>): void {
    this.#options.output.write(eventLine(fields, this.#options));
  }
}

/**
 * Prints lines of a command that has no progress to show: as events, where
 * those are wanted.
 */
export function linePrinter(
  output: Output,
  { events, secrets }: Pick<ErrorContext, "events" | "secrets">,
): (line: string) => void {
  if (!events) return (line) => void output.write(`${line}\n`);
  const progress = new JsonProgress({
    output,
    clock: { now: () => 0, every: () => () => {} },
    scrub: (document) => secrets?.scrub(document) ?? document,
  });
  return (line) => progress.line(line);
}

/** An event as JSON has it: sizes in bytes, times in milliseconds. */
export function eventDocument(event: PullEvent): Record<string, unknown> {
  const { type, images } = event;
  const document: Record<string, unknown> = { type, images };
  switch (event.type) {
    case "resolved":
      return {
        ...document,
        reference: event.reference,
        descriptor: plain(event.descriptor),
      };
    case "planned":
      return {
        ...document,
        manifest: plain(event.manifest),
        platform: formatPlatform(event.platform),
        config: plain(event.config),
        layers: event.layers.map(plain),
        size: event.size,
      };
    case "retry": {
      const { url, host, code, status, attempt, of, delay, error } = event;
      const message = retrySentence(error);
      return {
        ...document,
        url,
        host,
        code,
        status,
        attempt,
        of,
        delay,
        message,
      };
    }
    case "warning": {
      const { warning } = event;
      const { code } = warning;
      return { ...document, code, message: explainWarning(warning) };
    }
    case "written":
      return { ...document, path: event.path, size: event.size };
    default: {
      const { descriptor, ...rest } = event;
      return { ...document, ...rest, descriptor: plain(descriptor) };
    }
  }
}

function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
