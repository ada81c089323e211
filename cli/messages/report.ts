/** The last words of a pull, on standard output. */

import { format as formatBytes } from "@std/fmt/bytes";
import type { Format } from "../../lib/copy/forms.ts";
import type { LoadingProgram } from "../../lib/copy/loaders.ts";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import type { PullResult, PullStatistics } from "../../lib/copy/pull_result.ts";
import { formatReference, imageName } from "../../lib/image/reference.ts";
import type { DeltaWords } from "./deltas.ts";
import { nextCommand } from "./next_command.ts";
import type { Style } from "../progress/style.ts";
import { formatTime, neutralize } from "../progress/text.ts";

/** Options of {@linkcode reportLines}. */
export interface ReportOptions {
  /** Whether a cache was used. */
  cache: boolean;
  /**
   * What was written.
   *
   * @default {"tar"}
   */
  format?: Format;
  /** The program that it was written for. */
  program?: LoadingProgram;
  /** The colours. */
  style: Style;
  /** The operating system, whose shell is quoted for. */
  os?: string;
  /** Puts in words what is left out, where something is. */
  deltas?: DeltaWords;
}

/** What is printed at the end, line by line. */
export function reportLines(
  result: PullResult,
  { cache, style, os, format = "tar", program, deltas }: ReportOptions,
): string[] {
  const { path, upToDate, digest, manifest, platform, reference } = result;
  const image = neutralize(formatReference(reference));
  const streamed = path === "-";
  const lines = [
    writtenLine(result, style),
    `Image:  ${image}, ${neutralize(formatPlatform(platform))}`,
    `Digest: ${digest}`,
  ];
  // Nothing is found by the digest of an index of which one image is kept.
  if (reference.tag === undefined && manifest.digest !== digest) {
    const name = imageName(reference, manifest.digest);
    lines.push(`Name:   ${neutralize(name)}`);
  }
  if (result.delta) lines.push(...deltas?.leftOut(result.delta) ?? []);
  if (!upToDate) lines.push(`Time:   ${timeAndSpeed(result)}`);
  if (cache) lines.push(cacheStatistics(result));
  if (streamed) return lines;
  const check = deltas?.check(result, os).map(style.hint) ?? [];
  if (result.parts) {
    return [...lines, ...partLines(result, style), ...check];
  }
  const platforms = result.images?.map(({ platform }) => platform) ??
    [platform];
  const written = { path, reference, platforms, format, program, os };
  const next = nextCommand(written);
  lines.push("", ...check, style.hint(neutralize(next)));
  return lines;
}

/** What was written, and where. */
export function writtenLine(
  { path, parts, size, upToDate }: PullResult,
  style: Style,
): string {
  if (path === "-") {
    return `${style.good("Sent:")}   ${formatBytes(size)} to standard output`;
  }
  const word = upToDate
    ? style.good("Up to date:")
    : `${style.good("Saved:")} `;
  const file = neutralize(parts ? partsText(parts) : path);
  return `${word} ${file} (${formatBytes(size)})`;
}

/** The first and the last part. */
function partsText(parts: readonly string[]): string {
  const [first = "", ...others] = parts;
  const last = others.at(-1);
  return last === undefined ? first : `${first} to ${last}`;
}

/** How parts are checked and joined. */
export function partLines(
  { path, parts = [] }: Pick<PullResult, "path" | "parts">,
  style: Style,
): string[] {
  const file = (text: string) =>
    /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
  const [first = ""] = parts;
  const stem = first.slice(first.lastIndexOf(".")).replace(/\d/g, "[0-9]");
  return [
    "",
    style.hint(neutralize(`sh ${file(`${path}.check.sh`)}`)),
    style.hint(neutralize(`cat ${file(path)}${stem} > ${file(path)}`)),
  ];
}

/** How long it took, and how fast it came. */
export function timeAndSpeed(
  { downloaded, elapsed, downloadTime, resumed }: PullStatistics,
): string {
  const parts = [formatTime(elapsed)];
  if (downloaded > 0) {
    // What was asked before the first layer is no part of the line's speed.
    const rate = Math.round(downloaded * 1000 / Math.max(1, downloadTime));
    parts.push(
      `${formatBytes(downloaded)} downloaded at ${formatBytes(rate)}/s`,
    );
  } else {
    parts.push("nothing downloaded");
  }
  if (resumed > 0) {
    parts.push(`${formatBytes(resumed)} resumed from an earlier run`);
  }
  return parts.join(", ");
}

/** These very words are what scripts around the command look for. */
export function cacheStatistics(
  { cachedLayers, layers, saved }: PullStatistics,
): string {
  const percent = layers ? 100 * cachedLayers / layers : 0;
  return `💾 Cache Statistics: Cache hits: ${cachedLayers}/${layers} layers ` +
    `(${percent.toFixed(1)}%), Data saved: ${formatBytes(saved)}`;
}
