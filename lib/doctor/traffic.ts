/** What the responses to the requests of an examination say besides. */

import type { Fetch } from "../image/types.ts";
import {
  FEW_PULLS,
  type RateLimit,
  readRateLimit,
} from "../registry/rate_limit.ts";
import type { Findings } from "./report.ts";
import { countText, timeText } from "./words.ts";

/** Watches responses go by. */
export class Traffic {
  /** What the registry has said last of the pulls that are left. */
  limit: RateLimit | undefined;

  /** A `fetch` whose responses are looked at, those of one host. */
  watch(fetch: Fetch, host: string): Fetch {
    return async (url, init) => {
      const response = await fetch(url, init);
      if (new URL(url).host === host) {
        this.limit = readRateLimit(response.headers) ?? this.limit;
      }
      return response;
    };
  }
}

/** Says how many pulls are left. */
export function examineLimit(
  findings: Findings,
  registry: string,
  limit: RateLimit | undefined,
): void {
  if (limit === undefined) {
    findings.ok("limit", `${registry} announces no limit of pulls`, {
      remaining: null,
    });
    return;
  }
  const { remaining, total: most, window } = limit;
  const total = most === undefined ? "" : ` of ${most}`;
  const time = window === undefined ? "" : ` in ${timeText(window * 1000)}`;
  const message = `${registry} allows ${
    countText(remaining, "more pull")
  }${total}${time}`;
  const details = { remaining, limit: most ?? null, window: window ?? null };
  if (remaining < FEW_PULLS) findings.note("limit", message, details);
  else findings.ok("limit", message, details);
}
