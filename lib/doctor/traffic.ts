/** What the responses to the requests of an examination say besides. */

import type { Fetch } from "../image/types.ts";
import {
  FEW_PULLS,
  type RateLimit,
  readRateLimit,
} from "../registry/rate_limit.ts";
import type { Findings } from "./report.ts";

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
    findings.ok("limit", {
      code: "no-limit",
      subject: registry,
      details: { remaining: null },
    });
    return;
  }
  const { remaining, total: most, window } = limit;
  const fact = {
    code: "limit",
    subject: registry,
    details: { remaining, limit: most ?? null, window: window ?? null },
  } as const;
  if (remaining < FEW_PULLS) findings.note("limit", fact);
  else findings.ok("limit", fact);
}
