/** Colours, for one output. */

import {
  bold,
  cyan,
  dim,
  green,
  red,
  setColorEnabled,
  yellow,
} from "@std/fmt/colors";
import { neutralize } from "../../lib/redact/clean.ts";
import type { Environment } from "../options/environment.ts";
import type { Output } from "../io.ts";

type Paint = (text: string) => string;

/** How each kind of text is shown; each leaves it as it is without colours. */
export interface Style {
  /** What went well. */
  good: Paint;
  /** What went wrong. */
  bad: Paint;
  /** What should be looked at. */
  warn: Paint;
  /** What stands out. */
  strong: Paint;
  /** What stands back. */
  faint: Paint;
  /** What can be typed, or tells how. */
  hint: Paint;
}

const plain: Paint = (text) => text;

/**
 * The style for an output: NO_COLOR forbids colours, FORCE_COLOR demands them
 * anywhere, else a terminal has them.
 */
export function createStyle(
  output: Pick<Output, "isTTY">,
  env: Environment,
): Style {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  const forced = FORCE_COLOR && FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  const wanted = !NO_COLOR &&
    (forced || (output.isTTY && TERM !== "dumb" && !FORCE_COLOR));
  if (!wanted) {
    return {
      good: plain,
      bad: plain,
      warn: plain,
      strong: plain,
      faint: plain,
      hint: plain,
    };
  }
  setColorEnabled(true);
  return {
    good: green,
    bad: (text) => bold(red(text)),
    warn: yellow,
    strong: bold,
    faint: dim,
    hint: cyan,
  };
}

/** Who is told what while something goes on. */
export interface Listeners {
  /** Takes a sentence that the user should see. */
  warn: (message: string) => void;
  /** Takes a line about a request, for `--verbose`. */
  log: (line: string) => void;
}

/** A warning as the user sees it. */
export function warningLine(style: Style, message: string): string {
  return style.warn("warning: ") + neutralize(message);
}

/** Shows warnings and requests by a way to print lines. */
export function showBy(style: Style, print: (line: string) => void): Listeners {
  return {
    warn: (message) => print(warningLine(style, message)),
    log: (line) => print(style.faint(line)),
  };
}
