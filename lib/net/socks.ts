/**
 * What is asked of a SOCKS5 proxy, by the package `socks`: no runtime speaks
 * it under the caller's own decision which host is reached by which proxy.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1928}
 */

import type net from "node:net";
import { SocksClient } from "socks";
import { NetworkError, type NetworkErrorReason } from "../image/errors.ts";
import type { Proxy } from "./proxy.ts";
import { proxyRefusal } from "./proxy_failure.ts";

/** What the package says, by a part of its words. */
const FAILURES: [RegExp, string, NetworkErrorReason?][] = [
  [/unknown auth/i, "the proxy wants another kind of login"],
  [/NotAllowed/, "the proxy does not allow this connection", "proxy-refused"],
  [
    /NetworkUnreach/,
    "the proxy has no way to the host's network",
    "proxy-refused",
  ],
  [/HostUnreach/, "the proxy does not reach the host", "proxy-refused"],
  [/ConnectionRef/, "the host refuses the proxy's connection", "proxy-refused"],
  [/TTLExpired/, "the proxy does not reach the host in time", "proxy-refused"],
  [/AddressNotSup/, "the proxy knows no such address", "proxy-refused"],
  [
    /rejected connection/i,
    "the proxy cannot connect to the host",
    "proxy-refused",
  ],
  [/socket closed/i, "the proxy closed the connection"],
  [/socks version/i, "the proxy does not speak SOCKS5"],
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
  const [, words, reason] = FAILURES.find(([pattern]) => pattern.test(said)) ??
    [, "the proxy broke off"];
  return new NetworkError(proxy.name, "proxy", words, { reason });
}
