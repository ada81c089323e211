/** What `--verbose` shows of each request and its answer. */

import { redactText } from "../../lib/redact/address.ts";
import type { Secrets } from "../../lib/net/known_secrets.ts";
import type { Fetch } from "../../lib/image/types.ts";
import { neutralize, truncate } from "../progress/text.ts";

/** The headers that say why things went as they did, and hold no secret. */
const SHOWN = [
  "location",
  "www-authenticate",
  "retry-after",
  "ratelimit-limit",
  "ratelimit-remaining",
  "docker-content-digest",
  "content-type",
  "content-length",
  "content-range",
  "content-encoding",
  "warning",
];
const MAX_COLUMNS = 300;

/**
 * Learns the secrets of every request, and tells of it where that is wanted.
 *
 * @param log Takes a line, where `verbose`.
 */
export function observe(
  fetch: Fetch,
  { verbose }: { verbose: boolean },
  log: (text: string) => void,
  secrets?: Secrets,
): Fetch {
  const told = verbose ? logRequests(fetch, log, secrets) : fetch;
  return secrets?.watch(told) ?? told;
}

/**
 * Tells of every request and its answer, without secrets: method, address,
 * range, how it logged in, status, time, and what the answer's headers say.
 * Bodies stay untold, tokens come in them.
 */
export function logRequests(
  fetch: Fetch,
  log: (text: string) => void,
  secrets?: Secrets,
): Fetch {
  // A secret that is cut would be known no more.
  const mask = (text: string) => secrets?.mask(text) ?? text;
  const clean = (text: string) =>
    truncate(neutralize(redactText(mask(text))), MAX_COLUMNS);
  return async (url, init = {}) => {
    const { method = "GET" } = init;
    const headers = new Headers(init.headers);
    const range = headers.get("range");
    const scheme = headers.get("authorization")?.split(" ", 1)[0];
    const what = clean(
      `${method} ${url}${range ? ` ${range}` : ""}` +
        (scheme ? `, with a login by ${scheme}` : ""),
    );
    const started = performance.now();
    const took = () => `${Math.round(performance.now() - started)} ms`;
    try {
      const response = await fetch(url, init);
      log(`${what} → ${response.status}, ${took()}`);
      for (const name of SHOWN) {
        const value = response.headers.get(name);
        if (value) log(clean(`  ${name}: ${absolute(name, value, url)}`));
      }
      return response;
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      log(`${what} → ${clean(words)}, ${took()}`);
      throw error;
    }
  };
}

/** The whole address, so that what is secret in it is known as such. */
function absolute(name: string, value: string, base: string): string {
  return name === "location" && URL.canParse(value, base)
    ? new URL(value, base).href
    : value;
}
