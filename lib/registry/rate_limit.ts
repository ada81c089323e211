/** What a registry says of how many pulls are left. */

/** Below this many the user should know. */
const FEW = 10;

/**
 * Reads the rate limit of a response, as Docker Hub gives it: the headers are
 * missing where there is no limit.
 *
 * @param headers The response's headers.
 * @param registry The registry's name.
 * @returns A sentence where few pulls are left, else nothing.
 *
 * @see {@link https://docs.docker.com/docker-hub/usage/pulls/}
 */
export function rateLimitWarning(
  headers: Headers,
  registry: string,
): string | undefined {
  const remaining = /^\s*(\d{1,9})\b/.exec(
    headers.get("ratelimit-remaining") ?? "",
  );
  if (remaining === null || Number(remaining[1]) >= FEW) return undefined;
  const limit = headers.get("ratelimit-limit") ?? "";
  const total = /^\s*(\d{1,9})\b/.exec(limit)?.[1];
  const window = /;\s*w=(\d{1,9})\b/.exec(limit)?.[1];
  const rate = total && window
    ? ` of ${total} in ${Math.round(Number(window) / 360) / 10} hours`
    : "";
  const count = Number(remaining[1]);
  return `${registry} allows ${count} more ${
    count === 1 ? "pull" : "pulls"
  }${rate}; a login may allow more`;
}
