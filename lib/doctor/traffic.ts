/** What the responses to the requests of an examination say besides. */

import type { Fetch } from "../image/types.ts";
import type { Findings } from "./report.ts";
import { countText, timeText } from "./words.ts";

/** How many pulls a registry allows. */
export interface PullLimit {
  /** How many are left. */
  remaining: number;
  /** Of how many, if it says so. */
  limit?: number;
  /** In how many seconds, if it says so. */
  window?: number;
}

/** Watches responses go by. */
export class Traffic {
  /** What the registry has said last of the pulls that are left. */
  limit: PullLimit | undefined;

  /** A `fetch` whose responses are looked at, those of one host. */
  watch(fetch: Fetch, host: string): Fetch {
    return async (url, init) => {
      const response = await fetch(url, init);
      if (new URL(url).host === host) {
        this.limit = readLimit(response.headers) ?? this.limit;
      }
      return response;
    };
  }
}

/**
 * Reads the headers that tell of a limit.
 *
 * @see {@link https://docs.docker.com/docker-hub/usage/pulls/}
 */
function readLimit(headers: Headers): PullLimit | undefined {
  const read = (name: string, pattern: RegExp) => {
    const [, digits] = pattern.exec(headers.get(name) ?? "") ?? [];
    return digits === undefined ? undefined : Number(digits);
  };
  const remaining = read("ratelimit-remaining", /^\s*(\d{1,9})\b/);
  if (remaining === undefined) return undefined;
  const limit = read("ratelimit-limit", /^\s*(\d{1,9})\b/);
  const window = read("ratelimit-limit", /;\s*w=(\d{1,9})\b/);
  return {
    remaining,
    ...(limit !== undefined && { limit }),
    ...(window !== undefined && { window }),
  };
}

/** Below this many, a pull or two more may fail. */
const FEW = 10;

/** Says how many pulls are left. */
export function examineLimit(
  findings: Findings,
  registry: string,
  limit: PullLimit | undefined,
): void {
  if (limit === undefined) {
    findings.ok("limit", `${registry} announces no limit of pulls`, {
      remaining: null,
    });
    return;
  }
  const { remaining, limit: most, window } = limit;
  const total = most === undefined ? "" : ` of ${most}`;
  const time = window === undefined ? "" : ` in ${timeText(window * 1000)}`;
  const message = `${registry} allows ${
    countText(remaining, "more pull")
  }${total}${time}`;
  const details = { remaining, limit: most ?? null, window: window ?? null };
  if (remaining < FEW) findings.note("limit", message, details);
  else findings.ok("limit", message, details);
}
