/** Shows a pull while it goes on: live lines on a terminal, else plain ones. */

import type { Environment } from "../options/environment.ts";
import type { Output } from "../io.ts";
import { PlainProgress } from "./plain_progress.ts";
import type { Secrets } from "../../lib/net/known_secrets.ts";
import type { ProgressWay } from "../options/option_table.ts";
import { JsonProgress } from "./json_progress.ts";
import { describe } from "./lines.ts";
import type { Style } from "./style.ts";
import {
  type Clock,
  type DisplayOptions,
  type Progress,
  TerminalProgress,
} from "./terminal_progress.ts";

export type { Clock, Progress };

/** Options of {@linkcode createProgress}. */
export interface ProgressOptions {
  /** Where to; standard error. */
  output: Output;
  /** Its colours. */
  style: Style;
  /** The environment. */
  env: Environment;
  /** Whether to print no more than warnings, where no way is named. */
  quiet: boolean;
  /** The way that is named. */
  way?: ProgressWay;
  /** What must not be shown. */
  secrets?: Secrets;
  /** Whether to tell each try, with its whole address. */
  verbose?: boolean;
  /** Whether several images are pulled, so that each line says of which it is. */
  several?: boolean;
  /** Time. */
  clock?: Clock;
}

const systemClock: Clock = {
  now: () => performance.now(),
  every(milliseconds, tick) {
    const timer = setInterval(tick, milliseconds);
    return () => clearInterval(timer);
  },
};

/** Chooses how a pull is shown. */
export function createProgress(options: ProgressOptions): Progress {
  const { output, style, env, quiet, verbose = false, clock = systemClock } =
    options;
  const { several = false, way = quiet ? "quiet" : "auto", secrets } = options;
  if (way === "json") {
    const scrub = (document: unknown) => secrets?.scrub(document) ?? document;
    return new JsonProgress({ output, clock, scrub });
  }
  const display = { output, style, clock, verbose, several };
  const isLive = way === "auto"
    ? output.isTTY && env.TERM !== "dumb"
    : way === "tty";
  const progress = way === "quiet"
    ? warningsOnly(display)
    : isLive
    ? new TerminalProgress(display)
    : new PlainProgress(display);
  return warningOnce(progress, display);
}

function warningsOnly(display: DisplayOptions): Progress {
  const line = (text: string) => void display.output.write(`${text}\n`);
  return {
    ask() {},
    onEvent(event) {
      if (event.type === "warning") line(describe(event, display)!);
    },
    line,
    clear() {},
    stop() {},
  };
}

/** What several images or repositories warn of in the same words is said once. */
function warningOnce(progress: Progress, display: DisplayOptions): Progress {
  const told = new Set<string | undefined>();
  const onEvent = progress.onEvent.bind(progress);
  progress.onEvent = (event) => {
    if (event.type === "warning") {
      const text = describe(event, display);
      if (told.has(text)) return;
      told.add(text);
    }
    onEvent(event);
  };
  return progress;
}

/** Whether nothing but warnings is wanted while it goes on. */
export function isSilent(
  { quiet, progress }: { quiet: boolean; progress?: ProgressWay },
): boolean {
  return (progress ?? (quiet ? "quiet" : "auto")) === "quiet";
}
