/**
 * Which proxy the environment names for an address. The environment is handed
 * in: the library itself reads none.
 *
 * `NO_PROXY` is read as Go reads it, because that is what Docker does.
 *
 * @see {@link https://pkg.go.dev/golang.org/x/net/http/httpproxy}
 */

import { NetworkError } from "../image/errors.ts";
import type { NetworkProblem } from "../image/problems.ts";
import { holdsLogin, redactAddress } from "../redact/address.ts";
import { decoded } from "./known_secrets.ts";
import { inSubnet, isLoopback, parseAddress, parseSubnet } from "./address.ts";

/** Environment variables by name. */
export type Environment = Record<string, string | undefined>;

const VARIABLES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/**
 * Whether the environment speaks of proxies at all, which is what
 * {@linkcode TransportOptions.ambientProxy} asks for.
 *
 * @param env The environment.
 * @returns Whether one of the variables is set.
 */
export function environmentNamesProxy(env: Environment): boolean {
  return VARIABLES.some((name) => env[name] || env[name.toUpperCase()]);
}

/**
 * Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in lower or
 * upper case, lower case first.
 *
 * `HTTP_PROXY` in upper case is left alone in a CGI program, where it is the
 * `Proxy:` header of whoever sent the request. This machine's own addresses
 * are never asked for through a proxy.
 *
 * @param env The environment.
 * @returns What says which proxy an address is reached through, if any.
 */
export function proxyFromEnvironment(
  env: Environment,
): (url: URL) => string | undefined {
  const read = (name: string) => {
    const upper = name === "http_proxy" && env.REQUEST_METHOD
      ? undefined
      : env[name.toUpperCase()];
    return (env[name] || upper || "").trim();
  };
  const all = read("all_proxy");
  const proxies: Record<string, string> = {
    "http:": read("http_proxy") || all,
    "https:": read("https_proxy") || all,
  };
  const exceptions = read("no_proxy").split(/[\s,]+/).filter(Boolean).map(
    parseException,
  );
  return (url) => {
    const proxy = proxies[url.protocol];
    if (!proxy || isLoopback(url.hostname)) return undefined;
    if (exceptions.some((matches) => matches(url))) return undefined;
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
  };
}

/** A proxy's address, taken apart. */
export interface Proxy {
  /** What is spoken to it. */
  kind: "http" | "https" | "socks";
  /** What the user may see of it: `socks5://proxy.example:1080`. */
  name: string;
  /** The same as a URL, without the login. */
  url: URL;
  /** Its host; an IPv6 address without brackets. */
  host: string;
  /** Its port. */
  port: number;
  /** The user name; empty without a login. */
  username: string;
  /** The password. */
  password: string;
}

const KINDS: Readonly<Record<string, [Proxy["kind"], number]>> = {
  "http:": ["http", 80],
  "https:": ["https", 443],
  // Who looks the name up makes no difference here, as in Go: it is always
  // the proxy. "socks:" is what GNOME writes.
  "socks5:": ["socks", 1080],
  "socks5h:": ["socks", 1080],
  "socks:": ["socks", 1080],
};
/** The most bytes that SOCKS has room for in a name or a password. */
const SOCKS_LIMIT_BYTES = 255;

/**
 * Takes a proxy's address apart.
 *
 * A `%` in its login that encodes nothing counts as itself. A `#`, `/`, `?` or
 * `\` there would make another host of it, so these must be encoded.
 *
 * @param text Such as `http://user:password@proxy:3128`, or without `http://`.
 * @returns The proxy.
 * @throws {NetworkError} If it is none; the error holds nothing of the login.
 */
export function parseProxy(text: string): Proxy {
  const fail = (problem: NetworkProblem): never => {
    throw new NetworkError(redactAddress(text), "proxy", problem);
  };
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
    ? text
    : `http://${text}`;
  const login = /:\/\/([^]*)@/.exec(absolute)?.[1] ?? "";
  if (holdsLogin(absolute) && /[#/?\\]/.test(login)) {
    fail({ code: "proxy-address", fault: "encoding" });
  }
  // A parser of URLs drops these without a word.
  const whole = absolute.replace(/[\t\r\n]/g, encodeURIComponent);
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  const [kind, port] = KINDS[url?.protocol ?? ""] ?? [];
  if (!url || !kind || url.hostname === "") {
    return fail({ code: "proxy-address", fault: "shape" });
  }
  const [username, password] = [decoded(url.username), decoded(url.password)];
  const long = (part: string) =>
    new TextEncoder().encode(part).length > SOCKS_LIMIT_BYTES;
  if (kind === "socks" && (long(username) || long(password))) {
    fail({ code: "proxy-long-login", limit: SOCKS_LIMIT_BYTES });
  }
  url.username = url.password = "";
  return {
    kind,
    name: `${url.protocol}//${url.host}`,
    url,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || port),
    username,
    password,
  };
}

/** One entry of `NO_PROXY`, as what says whether an address is meant. */
function parseException(text: string): (url: URL) => boolean {
  if (text === "*") return () => true;
  let host = text.toLowerCase();
  let port = "";
  const split = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(host);
  if (split) [, host = "", port = ""] = split;
  const subnet = parseSubnet(host.replace(/^\[|\]$/g, ""));
  const portMatches = (url: URL) =>
    port === "" ||
    port === (url.port || (url.protocol === "https:" ? "443" : "80"));
  if (subnet) {
    return (url) => {
      const address = parseAddress(url.hostname);
      return address !== undefined && inSubnet(address, subnet) &&
        portMatches(url);
    };
  }
  // "example.com" means its subdomains too, ".example.com" means only those.
  const suffixOnly = host.startsWith(".") || host.startsWith("*.");
  const name = asciiName(host.replace(/^\*?\./, ""));
  return (url) => {
    const asked = url.hostname.replace(/\.$/, "");
    return name !== "" && portMatches(url) &&
      (asked.endsWith(`.${name}`) || (!suffixOnly && asked === name));
  };
}

function asciiName(name: string): string {
  const url = `http://${name}/`;
  // "10" would be taken for 0.0.0.10.
  if (!URL.canParse(url) || parseAddress(name)) return "";
  return new URL(url).hostname.replace(/\.$/, "");
}
