/** The steps of a pull in words. */

import { format as formatBytes } from "@std/fmt/bytes";
import { distinct, totalSize } from "../../lib/image/descriptors.ts";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import type { PullEvent, Retry } from "../../lib/image/events.ts";
import { retrySentence } from "../messages/retries.ts";
import { explainWarning } from "../messages/warnings.ts";
import type { Outage } from "./outages.ts";
import type { BlobProgress } from "./model.ts";
import { type Style, warningLine } from "./style.ts";
import { formatTime, neutralize, sayTime } from "./text.ts";

/** What a layer is that has come, and how it came. */
export function describeDone(blob: BlobProgress, now: number): string {
  const { descriptor, source, resumed, first } = blob;
  const size = formatBytes(descriptor.size);
  if (source === "cache") return `${size} from the cache`;
  if (source === "target") return `${size} there already`;
  if (resumed >= descriptor.size && resumed > 0) {
    return `${size} from an earlier run`;
  }
  return size +
    (first === undefined ? "" : ` in ${formatTime(now - first)}`) +
    (resumed > 0 ? `, ${formatBytes(resumed)} from an earlier run` : "");
}

/** Layers that are there, in one line. */
export function describeFolded(
  layers: number,
  bytes: number,
  cached: number,
): string {
  const count = `${layers} ${layers === 1 ? "layer" : "layers"}`;
  return [
    `${count}, ${formatBytes(bytes)}`,
    ...(cached > 0 ? [`${cached} of them not fetched`] : []),
  ].join(", ");
}

/** Why a layer has no speed, in a few words; nothing where it has one. */
export function describeState(
  blob: BlobProgress,
  silence: number | undefined,
): string | undefined {
  const { descriptor, source, waiting, received, resumed, first } = blob;
  if (waiting) return "waiting for another process";
  if (source === "cache") return "from the cache";
  if (source === "target") return "there already";
  if (resumed > 0 && first === undefined) {
    return resumed < descriptor.size
      ? `waiting, ${formatBytes(resumed)} resumed`
      : "resumed, verifying";
  }
  if (received >= descriptor.size) return "verifying";
  if (first === undefined) return "waiting";
  return silence === undefined ? undefined : describeSilence(silence);
}

/** That nothing comes. */
export function describeSilence(silence: number): string {
  return `no data for ${sayTime(silence)}`;
}

/** How events are put in words. */
export interface DescribeOptions {
  /** The colours. */
  style: Style;
  /** Whether each try is told, with its address. */
  verbose?: boolean;
  /** Whether several images are pulled. */
  several?: boolean;
}

/** A line for what is not about one layer; none for most. */
export function describe(
  event: PullEvent,
  { style, verbose = false, several = false }: DescribeOptions,
): string | undefined {
  // What several have in common is told of none.
  const [name, ...others] = several ? event.images ?? [] : [];
  const about = name === undefined || others.length > 0 ? "" : `${name}: `;
  switch (event.type) {
    case "planned": {
      const count = event.layers.length;
      // Of several in one file, its size says nothing of each.
      const size = several ? totalSize(distinct(event.layers)) : event.size;
      const what = neutralize(about + formatPlatform(event.platform));
      return `${what}, ${count} ${count === 1 ? "layer" : "layers"}, ${
        formatBytes(size)
      }`;
    }
    case "retry": {
      if (!verbose && event.code !== "content") return undefined;
      const wait = formatTime(event.delay);
      const reason = retrySentence(event.error);
      const where = reason.includes(event.url) ? "" : `, ${event.url}`;
      return style.warn("retry: ") + neutralize(
        `${reason} (try ${event.attempt} in ${wait}${where})`,
      );
    }
    case "warning":
      return warningLine(style, about + explainWarning(event.warning));
  }
}

/** A host that fails, and when it is asked again. */
export function describeOutage(
  { host, last, attempt, next }: Outage & { next: number | undefined },
  now: number,
): string {
  const when = next === undefined
    ? "trying again"
    : `next try in ${sayTime(next - now)}`;
  return neutralize(
    `${host} ${fault(last)}; ${when}, ${attempt} of ${last.of}`,
  );
}

/** A host that has failed and does no longer. */
export function describeReturn(
  { host, since, end }: Outage & { end: number },
): string {
  return neutralize(`${host} answers again after ${sayTime(end - since)}`);
}

function fault({ code, status }: Retry): string {
  switch (code) {
    case "status":
      return status === 429
        ? "answers 429, too many requests"
        : `answers ${status ?? "with an error"}`;
    case "timeout":
      return "does not answer";
    case "slow":
      return "sends next to nothing";
    case "refused":
      return "refuses the connection";
    case "dns":
      return "cannot be found";
    case "reset":
    case "truncated":
      return "broke off the connection";
    default:
      return "cannot be reached";
  }
}

/** What a blob is called where there is little room. */
export function shortDigest(digest: string): string {
  return neutralize(digest.slice(digest.indexOf(":") + 1).slice(0, 12));
}
