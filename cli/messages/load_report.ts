/** The last words of a load, on standard output. */

import { format as formatBytes } from "@std/fmt/bytes";
import type { Loaded } from "../../lib/copy/copy_places.ts";
import type { LoadResult } from "../../lib/copy/load.ts";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import {
  familiarName,
  formatReference,
  imageName,
} from "../../lib/image/reference.ts";
import { neutralize } from "../progress/text.ts";
import { cacheStatistics, type ReportOptions, timeAndSpeed } from "./report.ts";

/** What people call the image in the daemon. */
export function loadedName({ reference, manifest }: LoadResult): string {
  const { digest: _, ...tagged } = reference;
  return neutralize(
    reference.tag === undefined
      ? imageName(reference, manifest.digest)
      : familiarName(tagged),
  );
}

/** What was sent to a daemon. */
export function sentLine({ sent, spared }: Loaded): string {
  return `Sent:   ${formatBytes(sent)}` +
    (spared > 0 ? `; ${formatBytes(spared)} were there already` : "");
}

/** What is printed at the end, line by line. */
export function loadReportLines(
  result: LoadResult,
  { cache, style }: Pick<ReportOptions, "cache" | "style">,
): string[] {
  const { daemon, path, upToDate, sent, spared, digest, reference, platform } =
    result;
  const where = `${daemon.name} ${neutralize(daemon.version)}, ${
    neutralize(path)
  }`;
  const image = neutralize(formatReference(reference));
  const lines = [
    upToDate
      ? `${style.good("Up to date:")} ${loadedName(result)} in ${where}`
      : `${style.good("Loaded:")} ${loadedName(result)} into ${where}`,
    `Image:  ${image}, ${neutralize(formatPlatform(platform))}`,
    `Digest: ${digest}`,
  ];
  if (!upToDate) {
    lines.push(sentLine({ sent, spared }), `Time:   ${timeAndSpeed(result)}`);
  }
  if (cache) lines.push(cacheStatistics(result));
  return lines;
}
