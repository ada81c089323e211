/** What a registry says of an upload. */

import { NetworkError } from "../../image/errors.ts";
import { bareMediaType } from "../../image/media_types.ts";
import type { Exchange } from "../../net/body.ts";
import { redactUrl } from "../../redact/address.ts";

/**
 * Where an upload goes on. It may be a path, and at another host; whatever its
 * query holds, such as a signature, stays in it.
 *
 * @returns The address; nothing where there is none.
 * @throws {NetworkError} If it is none of the web, or leads from https to http.
 */
export function locationOf({ response, url }: Exchange): URL | undefined {
  const location = response.headers.get("location");
  if (!location) return undefined;
  const target = URL.canParse(location, url)
    ? new URL(location, url)
    : undefined;
  const refuse = (code: "redirect-nowhere" | "redirect-to-http") =>
    new NetworkError(redactUrl(url), "other", code);
  if (!target || !/^https?:$/.test(target.protocol)) {
    throw refuse("redirect-nowhere");
  }
  target.username = target.password = target.hash = "";
  if (url.protocol === "https:" && target.protocol === "http:") {
    // Behind a proxy that ends TLS, registries get their own scheme wrong.
    if (target.hostname !== url.hostname) {
      throw refuse("redirect-to-http");
    }
    target.protocol = "https:";
    target.port = url.port;
  }
  return target;
}

/**
 * How many bytes of an upload a registry has.
 *
 * @param expected How many there should be.
 * @returns The number; nothing where it does not say it.
 */
export function asRange(
  { headers }: Response,
  expected: number,
): number | undefined {
  const match = /^(?:bytes[= ])?(\d{1,16})-(\d{1,16})$/.exec(
    headers.get("range")?.trim() ?? "",
  );
  if (!match || Number(match[1]) !== 0) return undefined;
  const last = Number(match[2]);
  // That of one byte and that of none are written alike.
  if (last === 0) return expected === 1 ? 1 : 0;
  return last + 1;
}

/** The digest of what has been stored, where the registry says it. */
export function digestOf({ headers }: Response): string | undefined {
  const digest = headers.get("docker-content-digest")?.trim();
  return digest && /^[a-z0-9+._-]+:[0-9a-f]{32,}$/.test(digest)
    ? digest
    : undefined;
}

/** Whether it is a page for a browser, whatever its status. */
export function isPage({ headers }: Response): boolean {
  return bareMediaType(headers.get("content-type") ?? "") === "text/html";
}
