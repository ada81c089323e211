/** What goes wrong with a proxy, as errors. */

import { NetworkError } from "../image/errors.ts";
import { describeFailure } from "./network_error.ts";
import type { Proxy } from "./proxy.ts";

/**
 * The error for a proxy that does not take the login in its address.
 *
 * @param proxy The proxy.
 * @returns The error, without the login.
 */
export function proxyRefusal({ name, username }: Proxy): NetworkError {
  return username
    ? new NetworkError(
      name,
      "proxy",
      "the proxy refuses the user name or password",
      { reason: "proxy-login-refused" },
    )
    : new NetworkError(
      name,
      "proxy",
      "the proxy wants a user name and a password",
      { reason: "proxy-login-missing" },
    );
}

/**
 * The error for a proxy that cannot be reached, or breaks off.
 *
 * @param proxy The proxy.
 * @param cause What was thrown.
 * @returns The error.
 */
export function proxyFailure({ name }: Proxy, cause: unknown): NetworkError {
  const { words, reason } = describeFailure(cause);
  return new NetworkError(name, "proxy", words, { cause, reason });
}
