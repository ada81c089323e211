/** The steps of a pull in words. */

import { format as formatBytes } from "@std/fmt/bytes";
import { platformText } from "../lib/errors.ts";
import type { PullEvent } from "../lib/events.ts";
import type { BlobProgress } from "./progress_model.ts";
import type { Style } from "./style.ts";
import { formatTime, neutralize } from "./text.ts";

/** A plain line for the begin and the end of a layer. */
export function describeStep(
  event: PullEvent,
  blob: BlobProgress,
  now: number,
): string | undefined {
  const name = shortDigest(blob.descriptor.digest);
  const size = formatBytes(blob.descriptor.size);
  switch (event.type) {
    case "blob-wait":
      return `${name}: another process downloads it; waiting`;
    case "blob-start":
      if (blob.source === "cache") return undefined;
      return blob.resumed
        ? `${name}: going on at ${formatBytes(blob.resumed)} of ${size}`
        : `${name}: downloading ${size}`;
    case "blob-done":
      return blob.source === "cache"
        ? `${name}: from the cache, ${size}`
        : `${name}: done, ${size} in ${formatTime(now - blob.started)}`;
  }
}

/** A line for what is not about one layer; none for most. */
export function describe(event: PullEvent, style: Style): string | undefined {
  switch (event.type) {
    case "planned": {
      const count = event.layers.length;
      return `${neutralize(platformText(event.platform))}, ${count} ${
        count === 1 ? "layer" : "layers"
      }, ${formatBytes(event.size)}`;
    }
    case "retry": {
      const wait = formatTime(event.delay);
      const where = event.reason.includes(event.url) ? "" : `, ${event.url}`;
      return style.warn("retry: ") + neutralize(
        `${event.reason} (try ${event.attempt} in ${wait}${where})`,
      );
    }
    case "warning":
      return style.warn("warning: ") + neutralize(event.warning.message);
  }
}

/** What a blob is called where there is little room. */
export function shortDigest(digest: string): string {
  return neutralize(digest.slice(digest.indexOf(":") + 1).slice(0, 12));
}
