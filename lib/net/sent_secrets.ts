/** What of a request must not be repeated by whoever answers it. */

import type { Exchange } from "./body.ts";
import { Secrets } from "./known_secrets.ts";

/** Shorter values of a query are words and numbers. */
const SHORTEST_SIGNATURE = 16;
/** Values that a refusal may well repeat. */
const OPEN = new Set(["scope", "service", "ns"]);

/**
 * Text of a stranger who repeats what was sent to them, without that.
 *
 * @param text The text.
 * @param exchange What was sent for it.
 * @returns The text with a mark in place of the login or token, of the
 * password in it, of an identity token and of the values of a signed address,
 * however they were quoted.
 */
export function maskSent(text: string, { sent, url }: Exchange): string {
  const secrets = new Secrets();
  secrets.learnSent(sent.authorization, sent.body);
  for (const [name, value] of url.searchParams) {
    if (value.length >= SHORTEST_SIGNATURE && !OPEN.has(name)) {
      secrets.learn(value);
    }
  }
  return secrets.mask(text);
}
