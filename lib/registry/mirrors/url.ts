/** Where mirrors are, and which are for a registry. */

import { InvalidSettingError } from "../../image/errors.ts";
import type { SettingProblem } from "../../image/problems.ts";
import { canonicalRegistry } from "../../image/reference.ts";
import { isLoopback } from "../../net/address.ts";
import { holdsLogin, redactAddress } from "../../redact/address.ts";
import { cleanText } from "../../redact/clean.ts";

/** The mirrors of a registry, in the order in which they are asked. */
export interface Mirror {
  /** The registry, as in a reference: `docker.io`, `ghcr.io`. */
  registry: string;
  /**
   * The mirrors' addresses, such as `https://mirror.gcr.io`. What follows
   * `/v2/` goes before the repository's name, as in
   * `https://harbor.example/v2/proxy`, which is a proxy project of Harbor.
   */
  urls: string[];
}

/** A mirror's address, taken apart. */
export interface MirrorAddress {
  /** What the user may see of it: `harbor.example/proxy`. */
  name: string;
  /** What `/v2/` is appended to. */
  endpoint: string;
  /** The host, with its port where it is none of the usual. */
  host: string;
  /** What goes before the repository's name; mostly empty. */
  prefix: string;
}

/** The longest address of a mirror. */
const MAX_LENGTH = 2_000;

/**
 * Reads the address of a mirror.
 *
 * @param text Such as `https://mirror.gcr.io` or `mirror.test:5000`, which is
 * https unless it is an address of this machine.
 * @returns The address.
 * @throws {InvalidSettingError} If it is none, or holds a login or a query.
 */
export function parseMirrorUrl(text: string): MirrorAddress {
  const trimmed = text.trim();
  const fail = (problem: SettingProblem): never => {
    const shown = cleanText(redactAddress(trimmed), 200);
    throw new InvalidSettingError("mirror", problem, shown);
  };
  // Taking a long run of slashes apart takes long, too.
  if (trimmed.length > MAX_LENGTH) return fail({ code: "too-long" });
  if (holdsLogin(trimmed)) return fail({ code: "login" });
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed)
    ? trimmed
    : `https://${trimmed}`;
  if (trimmed === "" || !URL.canParse(absolute)) {
    return fail({ code: "no-address" });
  }
  const url = new URL(absolute);
  if (!/^https?:$/.test(url.protocol)) fail({ code: "scheme" });
  if (url.search || url.hash) fail({ code: "query" });
  if (absolute !== trimmed && isLoopback(url.hostname)) url.protocol = "http:";
  const [, before, after] = /^(.*?)(?:\/v2(?:\/(.*))?)?$/.exec(
    url.pathname.replace(/\/+$/, ""),
  )!;
  const prefix = after ?? "";
  if (!/^(?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/(?!$)|$))*$/.test(prefix)) {
    fail({ code: "prefix", prefix });
  }
  return {
    name: [url.host + before, prefix].filter(Boolean).join("/"),
    endpoint: `${url.origin}${before}/`,
    host: url.host,
    prefix,
  };
}

/**
 * The mirrors that are for a registry.
 *
 * @param registry The registry, as in a reference.
 * @param mirrors All mirrors.
 * @returns Their addresses in order, each once.
 * @throws {InvalidSettingError} If an address is none.
 */
export function mirrorsOf(
  registry: string,
  mirrors: readonly Mirror[],
): MirrorAddress[] {
  const found = new Map<string, MirrorAddress>();
  const wanted = canonicalRegistry(registry);
  for (const { registry: name, urls } of mirrors) {
    if (canonicalRegistry(name) !== wanted) continue;
    for (const url of urls) {
      const address = parseMirrorUrl(url);
      const key = `${address.endpoint} ${address.prefix}`;
      if (!found.has(key)) found.set(key, address);
    }
  }
  return [...found.values()];
}
