/** Images of a set that cannot be had, and what helps there. */

import type { PullFailure } from "../../lib/copy/pull_result.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { LookOptions } from "../../lib/look/access.ts";
import { hintsFor } from "../access/missing_tag.ts";
import { errorLines } from "../messages/error_lines.ts";
import { type ExitCode, gravest } from "../messages/exit_codes.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import type { Style } from "../progress/style.ts";

/** So many failures are looked into for a better hint. */
const MOST_HINTS = 5;

/** A failure, and what its message needs to know. */
export interface ToldFailure {
  /** What failed. */
  failure: PullFailure;
  /** What is known of it. */
  context: ErrorContext;
}

/** How failures are told. */
export interface TellOptions {
  /** How their registries are reached. */
  reached: LookOptions;
  /** Ends the asking. */
  signal: AbortSignal;
  /** The colours. */
  style: Style;
  /** Prints a line. */
  print: (line: string) => void;
  /** Whether it needs no saying which image it is. */
  single?: boolean;
}

/** Tells of each failure, the first ones with what their registries have. */
export async function tellFailures(
  failures: readonly PullFailure[],
  context: ErrorContext,
  { reached, signal, style, print, single = false }: TellOptions,
): Promise<{ code: ExitCode; told: ToldFailure[] }> {
  const codes: ExitCode[] = [];
  const told: ToldFailure[] = [];
  for (const [i, failure] of failures.entries()) {
    const own = contextOf(failure, context);
    if (i < MOST_HINTS) {
      Object.assign(own, await hintsFor(failure, reached, signal));
    }
    const about = single ? undefined : aboutOf(failure);
    const { lines, code } = errorLines(failure.error, own, style, about);
    lines.forEach((line) => print(line));
    codes.push(code);
    told.push({ failure, context: own });
  }
  return { code: gravest(codes), told };
}

/** What an error's message needs to know of an image of the set. */
function contextOf(
  { reference }: PullFailure,
  context: ErrorContext,
): ErrorContext {
  const { registry, repository } = reference;
  const image = formatReference(reference);
  return { ...context, image, reference, registry, repository };
}

/** Which image of the set it is, and where that was named. */
export function aboutOf({ reference, platform, from }: PullFailure): string {
  return [
    ...(from === undefined ? [] : [`${from}:`]),
    formatReference(reference),
    ...(platform ? [formatPlatform(platform)] : []),
  ].join(" ");
}
