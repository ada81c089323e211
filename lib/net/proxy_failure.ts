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
  return new NetworkError(
    name,
    "proxy",
    username ? "proxy-login-refused" : "proxy-login-missing",
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
  const { problem } = describeFailure(cause);
  return new NetworkError(name, "proxy", problem, { cause });
}
