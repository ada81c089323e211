/**
 * What is asked of a SOCKS5 proxy, by the package `socks`: no runtime speaks
 * it under the caller's own decision which host is reached by which proxy.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1928}
 */

import type net from "node:net";
import { SocksClient } from "socks";
import { NetworkError } from "../image/errors.ts";
import type { PlainNetworkCode, ProxyRefusal } from "../image/problems.ts";
import type { Proxy } from "./proxy.ts";
import { proxyRefusal } from "./proxy_failure.ts";

/** What the package says of the proxy's reply, by a part of its words. */
const REFUSALS: [RegExp, ProxyRefusal][] = [
  [/NotAllowed/, "not-allowed"],
  [/NetworkUnreach/, "network"],
  [/HostUnreach/, "host"],
  [/ConnectionRef/, "host-refuses"],
  [/TTLExpired/, "host-silent"],
  [/AddressNotSup/, "address"],
  [/rejected connection/i, "unknown"],
];

/** The same of a proxy that makes none. */
const FAILURES: [RegExp, PlainNetworkCode][] = [
  [/unknown auth/i, "proxy-login-other"],
  [/socket closed/i, "proxy-closed"],
  [/socks version/i, "proxy-no-socks"],
];

/**
 * Has a proxy connect to a host. The name is looked up by the proxy, for
 * `socks5:` and `socks5h:` alike, as Go's clients have it.
 *
 * @param socket The connection to the proxy, which leads to the host then.
 * @param proxy The proxy.
 * @param host The host; an IPv6 address without brackets.
 * @param port Its port.
 * @throws {NetworkError} If the proxy refuses.
 */
export async function askSocks(
  socket: net.Socket,
  proxy: Proxy,
  host: string,
  port: number,
): Promise<void> {
  const { username, password } = proxy;
  try {
    await SocksClient.createConnection({
      command: "connect",
      proxy: {
        host: proxy.host,
        port: proxy.port,
        type: 5,
        userId: username || undefined,
        password: username ? password : undefined,
      },
      destination: { host, port },
      existing_socket: socket,
    });
  } catch (error) {
    // It is not kept as the cause: it holds the password.
    throw refusal(proxy, String((error as Error).message));
  }
}

function refusal(proxy: Proxy, said: string): NetworkError {
  if (/authentication failed|no accepted auth/i.test(said)) {
    return proxyRefusal(proxy);
  }
  const told = <T>(list: [RegExp, T][]) =>
    list.find(([pattern]) => pattern.test(said))?.[1];
  const why = told(REFUSALS);
  return new NetworkError(
    proxy.name,
    "proxy",
    why ? { code: "proxy-refused", why } : told(FAILURES) ?? "proxy-broken",
  );
}
