/** Whether a token server that a registry names may be asked, and with a login. */

import type { AuthenticationProblem } from "../../image/problems.ts";
import { AuthenticationError } from "../../image/errors.ts";
import { isPrivateHost } from "../../net/address.ts";
import { redactAddress } from "../../redact/address.ts";
import { cleanText } from "../../redact/clean.ts";

/** The addresses of a host; it throws or gives none where they are not known. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** What is known of who names a token server, and of what it would be sent. */
export interface RealmRules {
  /** The address of who names it. */
  origin: URL;
  /** The registry's name, for errors. */
  registry: string;
  /** Whether a login would be sent there. */
  login: boolean;
  /**
   * Token servers, as `host` or `host:port`, that the user vouches for: they
   * are sent a login by plain HTTP and at private addresses, too.
   *
   * @default {[]}
   */
  trusted?: readonly string[];
  /** Looks up names; this machine's way is the default. */
  lookup?: Lookup;
}

/**
 * Decides whether the token server that a registry names is asked.
 *
 * - One of plain HTTP is asked by a registry of https only where no login
 *   would be sent.
 * - One at a private address is asked only where the registry itself is at
 *   one, by its address or by what its name stands for.
 * - One that the user vouches for is asked in any case.
 *
 * @param realm The address that the registry announces.
 * @param rules What is known.
 * @returns The address.
 * @throws {AuthenticationError} If it must not be asked; with the code
 * `realm-plain` or `realm-private` where the user may vouch for it.
 */
export async function checkRealm(
  realm: string,
  rules: RealmRules,
): Promise<URL> {
  const { origin, registry, login, trusted = [] } = rules;
  const shown = cleanText(redactAddress(realm), 200);
  const fail = (problem: AuthenticationProblem): never => {
    throw new AuthenticationError(registry, problem);
  };
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(realm) || !URL.canParse(realm)) {
    return fail({ code: "realm-not-absolute", realm: shown });
  }
  const url = new URL(realm);
  const { protocol, hostname, host } = url;
  if (protocol !== "https:" && protocol !== "http:") {
    fail({ code: "realm-scheme", realm: shown });
  }
  if (url.username || url.password) fail({ code: "realm-login", realm: shown });
  url.hash = "";
  const port = url.port || (protocol === "https:" ? "443" : "80");
  const names = [hostname, `${hostname}:${port}`];
  if (names.some((name) => trusted.includes(name))) return url;
  if (origin.protocol === "https:" && protocol === "http:" && login) {
    fail({ code: "realm-plain", realm: shown, host });
  }
  if (isPrivateHost(hostname) && !await isPrivate(origin.hostname, rules)) {
    fail({ code: "realm-private", realm: shown, host });
  }
  return url;
}

/** Whether a host is at private addresses only, as far as that can be known. */
async function isPrivate(
  host: string,
  { lookup: resolve = systemLookup }: RealmRules,
): Promise<boolean> {
  if (isPrivateHost(host)) return true;
  try {
    const addresses = await resolve(host);
    return addresses.length > 0 && addresses.every(isPrivateHost);
  } catch {
    // A proxy may know the name, and Deno may forbid to look it up.
    return false;
  }
}

async function systemLookup(host: string): Promise<string[]> {
  // Few need it, and it takes a while to load.
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}
