/** What a registry says of how many pulls are left. */

/** How many pulls a registry allows. */
export interface RateLimit {
  /** How many are left. */
  remaining: number;
  /** Of how many, if it says so. */
  total?: number;
  /** In how many seconds, if it says so. */
  window?: number;
}

/** Below this many, a pull or two more may fail. */
export const FEW_PULLS = 10;

const COUNT = /^\s*(\d{1,9})\b/;
const WINDOW = /;\s*w=(\d{1,9})\b/;

/**
 * Reads the rate limit of a response, as Docker Hub gives it.
 *
 * @param headers The response's headers.
 * @returns The limit; nothing where the headers say of none.
 *
 * @see {@link https://docs.docker.com/docker-hub/usage/pulls/}
 */
export function readRateLimit(headers: Headers): RateLimit | undefined {
  const number = (name: string, pattern: RegExp) => {
    const [, digits] = pattern.exec(headers.get(name) ?? "") ?? [];
    return digits === undefined ? undefined : Number(digits);
  };
  const remaining = number("ratelimit-remaining", COUNT);
  if (remaining === undefined) return undefined;
  const total = number("ratelimit-limit", COUNT);
  return { remaining, total, window: number("ratelimit-limit", WINDOW) };
}
