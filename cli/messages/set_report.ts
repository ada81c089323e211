/** The last words of the pull of a set. */

import type {
  PullImagesResult,
  PullResult,
} from "../../lib/copy/pull_result.ts";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";
import { nextCommand } from "./next_command.ts";
import {
  cacheStatistics,
  partLines,
  type ReportOptions,
  timeAndSpeed,
  writtenLine,
} from "./report.ts";

/** What is printed at the end, line by line. */
export function setReportLines(
  result: PullImagesResult,
  { cache, style, os, format = "tar", program, deltas }: ReportOptions,
): string[] {
  const { results } = result;
  if (results.length === 0) return [];
  const places = new Map<string, PullResult[]>();
  for (const each of results) {
    places.set(each.path, [...places.get(each.path) ?? [], each]);
  }
  const checkLines = (each: PullResult) =>
    deltas?.check(each, os).map(style.hint) ?? [];
  const lines: string[] = [];
  for (const those of places.values()) {
    const { delta } = those[0]!;
    lines.push(
      writtenLine(those[0]!, style),
      ...those.map(imageLine),
      ...(delta ? deltas?.leftOut(delta) ?? [] : []),
    );
  }
  if (results.some(({ upToDate }) => !upToDate)) {
    lines.push(`Time:   ${timeAndSpeed(result)}`);
  }
  if (cache) lines.push(cacheStatistics(result));
  const files = [...places.keys()].filter((path) => path !== "-");
  if (files.length === 0) return lines;
  const cut = [...places.values()].map(first).filter(({ parts }) => parts);
  if (cut.length > 0) {
    return [
      ...lines,
      ...cut.flatMap((each) => [
        ...partLines(each, style),
        ...checkLines(each),
      ]),
    ];
  }
  const next = format === "oci" ? results : [...places.values()].map(first);
  return [
    ...lines,
    "",
    ...next.flatMap(checkLines),
    ...next.map(({ path, reference }) =>
      style.hint(neutralize(nextCommand({
        path,
        reference,
        platforms: places.get(path)!.flatMap(({ images }) =>
          images.map(({ platform }) => platform)
        ),
        format,
        program,
        os,
      })))
    ),
  ];
}

function first(results: PullResult[]): PullResult {
  return results[0]!;
}

function imageLine({ reference, images, digest }: PullResult): string {
  const platforms = images.map(({ platform }) => formatPlatform(platform));
  return `Image:  ${neutralize(formatReference(reference))}, ${
    neutralize(platforms.join(" and "))
  }, ${digest}`;
}

/** What is said of a set that is not whole. */
export function unwrittenLines(
  failed: number,
  of: number,
  unwritten: string | undefined,
  style: Style,
): string[] {
  const what = unwritten === undefined
    ? `${failed} of ${of} failed`
    : `${failed} failed, so nothing was written to ${
      unwritten === "-" ? "standard output" : neutralize(unwritten)
    }`;
  return [
    `${style.bad("error:")} ${what}`,
    ...(unwritten === undefined ? [] : [
      `${style.hint("hint:")} --keep-going writes it without them, and says so`,
    ]),
  ];
}
