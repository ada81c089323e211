/** What to try next where the network fails, by what exactly went wrong. */

import type { NetworkError, NetworkErrorKind } from "../../lib/image/errors.ts";
import type { NetworkProblem } from "../../lib/image/problems.ts";

const KINDS: Readonly<Record<NetworkErrorKind, string>> = {
  dns: "check the registry's name, and the network or proxy of this machine",
  refused: "check host and port, and that the registry is running",
  reset: "try again; a firewall or proxy may have cut the connection",
  tls: "--verbose shows the cause",
  timeout: "try again, or be more patient with --timeout SECONDS",
  slow: "try again, or wait however slow it is with --min-speed 0",
  proxy: "check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY",
  truncated: "try again; the server ended its answer early",
  other: "try again; --verbose shows the cause",
};

const TRUST = "trust its authority with --ca-cert FILE";
const RISK = "or, at your own risk, --insecure-host HOST";

const PROXY_SHAPE = "write it as http://USER:PASSWORD@HOST:PORT, or with " +
  "https or socks5, into HTTPS_PROXY, HTTP_PROXY or ALL_PROXY";
const PROXY_ASK =
  "list the host in NO_PROXY if it is reached without a proxy, or ask who " +
  "runs the proxy";

const REASONS: Partial<Record<NetworkProblem["code"], string>> = {
  "unknown-authority": `${TRUST}; ${RISK}`,
  "self-signed": `trust that certificate with --ca-cert FILE; ${RISK}`,
  expired: "check this machine's clock, and ask who runs the server to renew " +
    `it; ${RISK}`,
  "not-yet-valid": `set this machine's clock; ${RISK}`,
  "other-host": "use the name that the certificate is for, or ask who runs " +
    `the server for one with this name; ${RISK}`,
  revoked: "ask who runs the server for another certificate",
  "bad-certificate": `ask who runs the server, --verbose shows more; ${RISK}`,
  "client-certificate":
    "give one with --client-cert FILE and --client-key FILE",
  "client-certificate-refused":
    "give the right one with --client-cert FILE and --client-key FILE",
  "handshake-refused":
    "the server may want a client certificate, as --client-cert FILE, or " +
    "an old version of TLS",
  handshake: "the server may want a client certificate, as --client-cert " +
    "FILE, or an old version of TLS",
  "no-tls": "check the port; --plain-http if the registry speaks http only",
  "tls-port": "leave --plain-http out; an address that begins with http:// " +
    "is to begin with https://",
  "no-http": "check host and port: something else than a registry answers",
  "web-page": "check host and port; where this network wants a login in a " +
    "browser, log in there, and try again",
  "proxy-login-missing": "write both into HTTPS_PROXY and HTTP_PROXY, as " +
    "http://USER:PASSWORD@HOST:PORT; %40 stands for an @ in them",
  "proxy-login-refused": "write the right ones into HTTPS_PROXY and " +
    "HTTP_PROXY, as http://USER:PASSWORD@HOST:PORT; %40 stands for an @ in " +
    "them",
  "proxy-address": PROXY_SHAPE,
  "proxy-long-login": PROXY_SHAPE,
  "proxy-refused": PROXY_ASK,
  "proxy-status": PROXY_ASK,
};

/** These name options that are for the registry, not for a proxy. */
const PROXY_REASONS: Partial<Record<NetworkProblem["code"], string>> = {
  "unknown-authority": "trust the proxy's authority with --ca-cert FILE",
  "self-signed": "trust the proxy's certificate with --ca-cert FILE",
  "no-tls": "the proxy's address is to begin with http://, not https://",
  "no-http": KINDS.proxy,
};

/** The next thing to try. */
export function networkHint({ kind, code }: NetworkError): string {
  return (kind === "proxy" && PROXY_REASONS[code]) || REASONS[code] ||
    KINDS[kind];
}
