/** What of a request must not be repeated by whoever answers it. */

import { decodeBase64 } from "./base64.ts";
import type { Exchange } from "./body.ts";

/** Shorter values of a query are words and numbers. */
const SHORTEST_SIGNATURE = 16;
/** Values that a refusal may well repeat. */
const OPEN = new Set(["scope", "service", "ns"]);

/**
 * The secrets that were sent for a response.
 *
 * @param exchange The response.
 * @returns The login or token, the password in it, an identity token, and the
 * values of a signed address.
 */
export function secretsOf({ sent, url }: Exchange): string[] {
  const secrets: string[] = [];
  const [scheme, value = ""] = (sent.authorization ?? "").split(" ");
  secrets.push(value);
  if (scheme === "Basic") {
    const login = decodeBase64(value, { fatal: false }) ?? "";
    secrets.push(login, login.slice(login.indexOf(":") + 1));
  }
  const form = new URLSearchParams(sent.body ?? "");
  secrets.push(form.get("refresh_token") ?? "");
  for (const [name, value] of url.searchParams) {
    if (value.length >= SHORTEST_SIGNATURE && !OPEN.has(name)) {
      secrets.push(value);
    }
  }
  return secrets;
}
