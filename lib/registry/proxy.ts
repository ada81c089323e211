/**
 * Which proxy the environment names for an address. The environment is handed
 * in: the library itself reads none.
 *
 * `NO_PROXY` is read as Go reads it, because that is what Docker does.
 *
 * @see {@link https://pkg.go.dev/golang.org/x/net/http/httpproxy}
 */

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
