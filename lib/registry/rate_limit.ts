/** What a registry says of how many pulls are left. */

import type { Warning } from "../image/events.ts";

/** Below this many the user should know. */
const FEW = 10;

/**
 * Reads the rate limit of a response, as Docker Hub gives it: the headers are
 * missing where there is no limit.
 *
 * @param headers The response's headers.
 * @param registry The registry's name.
 * @returns A warning where few pulls are left, else nothing.
 *
 * @see {@link https://docs.docker.com/docker-hub/usage/pulls/}
 */
export function rateLimitWarning(
  headers: Headers,
  registry: string,
): Warning | undefined {
  const number = (name: string, pattern: RegExp) => {
    const [, digits] = pattern.exec(headers.get(name) ?? "") ?? [];
    return digits === undefined ? undefined : Number(digits);
  };
  const remaining = number("ratelimit-remaining", COUNT);
  if (remaining === undefined || remaining >= FEW) return undefined;
  const total = number("ratelimit-limit", COUNT);
  const window = number("ratelimit-limit", WINDOW);
  return { code: "rate-limit", registry, remaining, total, window };
}

const COUNT = /^\s*(\d{1,9})\b/;
const WINDOW = /;\s*w=(\d{1,9})\b/;
