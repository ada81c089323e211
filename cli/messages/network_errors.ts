/** What is wrong with the network, each as half a sentence. */

import type { NetworkError } from "../../lib/image/errors.ts";
import type { NetworkProblem, ProxyRefusal } from "../../lib/image/problems.ts";
import { sentenceOf, type Sentences } from "./explanation.ts";

const BROKEN = "the connection broke off";

const seconds = (duration: number) => `${Math.round(duration) / 1000} s`;

const REFUSALS: Record<ProxyRefusal, string> = {
  "not-allowed": "the proxy does not allow this connection",
  "network": "the proxy has no way to the host's network",
  "host": "the proxy does not reach the host",
  "host-refuses": "the host refuses the proxy's connection",
  "host-silent": "the proxy does not reach the host in time",
  "address": "the proxy knows no such address",
  "unknown": "the proxy cannot connect to the host",
};

const PROXY_ADDRESS = {
  encoding: "in a proxy's user name and password, #, /, ? and \\ are written " +
    "%23, %2F, %3F and %5C",
  shape: "a proxy's address begins with http://, https://, socks5:// or " +
    "socks5h://, and names a host",
};

const NETWORK: Sentences<NetworkProblem> = {
  "dns": () => "the host is unknown",
  "lookup": () => "the host's name cannot be looked up now",
  "refused": () => "the connection is refused",
  "reset": () => BROKEN,
  "truncated": () => BROKEN,
  "empty": () => "no byte came",
  "slower": () => "the connection is much slower than the others",
  "unreachable": () => "the network does not lead there",
  "unknown-authority": () => "the certificate's issuer is unknown",
  "self-signed": () => "the certificate is self-signed",
  "expired": () => "the certificate has expired",
  "not-yet-valid": () =>
    "the certificate is not valid yet, or this machine's clock is wrong",
  "other-host": () => "the certificate is for another host",
  "revoked": () => "the certificate is revoked",
  "bad-certificate": () => "the certificate is not valid",
  "client-certificate": () => "the server wants a client certificate",
  "client-certificate-refused": () =>
    "the server wants a client certificate, or another one",
  "handshake-refused": () => "the server broke off the TLS handshake",
  "handshake": () => "the TLS handshake failed",
  "no-tls": () => "the server does not speak TLS on this port",
  "tls-port": () => "the server speaks TLS on this port, not plain HTTP",
  "no-http": () => "the server does not speak HTTP",
  "redirect-nowhere": () =>
    "it redirects to an address that is none of the web",
  "redirect-to-http": () =>
    "it redirects from https to http, which is not followed",
  "no-address": () => "it is no address of the web",
  "link-local": () => "what is at that address is for this machine alone",
  "proxy": () => "the proxy refuses the connection",
  "proxy-login-missing": () => "the proxy wants a user name and a password",
  "proxy-login-refused": () => "the proxy refuses the user name or password",
  "proxy-login-other": () => "the proxy wants another kind of login",
  "proxy-closed": () => "the proxy closed the connection",
  "proxy-broken": () => "the proxy broke off",
  "proxy-no-http": () => "the proxy does not speak HTTP",
  "proxy-no-socks": () => "the proxy does not speak SOCKS5",
  "proxy-reply-too-large": () => "the proxy's answer is too long",
  "closed": () => "the client was closed",
  "timeout": () => "no answer in time",
  "unanswered": ({ duration }) => `no answer within ${seconds(duration)}`,
  "silence": ({ duration }) => `no byte for ${seconds(duration)}`,
  "endless": ({ duration }) => `not complete within ${seconds(duration)}`,
  "slow": ({ bytes, duration }) =>
    `only ${bytes} bytes in ${seconds(duration)}`,
  "short": ({ bytes, size }) => `${bytes} of ${size} bytes came`,
  "early": ({ missing }) =>
    `the connection ended at least ${missing} bytes too early`,
  "wrong-range": ({ offset, wanted }) =>
    `it sent bytes from ${offset} on instead of ${wanted}`,
  "too-many-redirects": ({ limit }) => `it redirects more than ${limit} times`,
  "web-page": ({ title, host }) =>
    `${host} answers with a web page${title && `, ${JSON.stringify(title)}`}`,
  "proxy-address": ({ fault }) => PROXY_ADDRESS[fault],
  "proxy-long-login": ({ limit }) =>
    `SOCKS has no room for a login of more than ${limit} bytes`,
  "proxy-refused": ({ why }) => REFUSALS[why],
  "proxy-status": ({ status, words }) =>
    `the proxy answers ${status} ${words}`.trim(),
  "other": ({ words = "unknown failure" }) => words,
};

/** What is wrong, with what was asked as the subject. */
export function networkReason({ problem }: NetworkError): string {
  return sentenceOf(NETWORK, problem);
}

/** The whole sentence. */
export function networkSentence(error: NetworkError): string {
  return `Cannot reach ${error.url}: ${networkReason(error)}`;
}
