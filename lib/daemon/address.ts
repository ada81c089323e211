/** Where a daemon is, as `DOCKER_HOST` says it. */

import { DaemonError } from "../image/errors.ts";
import type { TlsSettings } from "../net/tunnel.ts";
import { redactAddress } from "../redact/address.ts";

/** Where a daemon is. */
export interface DaemonAddress {
  /**
   * `unix:///PATH`, `npipe:////./pipe/NAME`, `tcp://HOST:PORT`, or
   * `ssh://[USER@]HOST[:PORT]`.
   */
  url: string;
  /** What a `tcp:` connection is secured with; without it, not at all. */
  tls?: TlsSettings;
}

/** The same, taken apart. */
export type DaemonPlace =
  /** A socket, or a pipe of Windows. */
  | { kind: "socket"; path: string }
  | { kind: "tcp"; host: string; port: number; tls?: TlsSettings }
  | {
    kind: "ssh";
    host: string;
    user?: string;
    port?: number;
    /** The socket there, where it is not the usual one. */
    path?: string;
    /** What connects to it there; without it, `docker`. */
    program?: "docker" | "podman";
  };

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;
/** What begins with a dash would be an option of ssh. */
const HOST = /^[a-z0-9_:][a-z0-9._:-]*$/i;
const USER = /^[a-z0-9_][a-z0-9._@+-]*\$?$/i;

/**
 * Takes an address apart.
 *
 * @throws {DaemonError} With the code `address`.
 */
export function daemonPlace({ url, tls }: DaemonAddress): DaemonPlace {
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/i.exec(url) ?? [];
  const wrong = new DaemonError(redactAddress(url), { code: "address" });
  switch (scheme.toLowerCase()) {
    case "unix":
      if (!rest.startsWith("/")) throw wrong;
      return { kind: "socket", path: rest };
    case "npipe": {
      const path = rest.replaceAll("/", "\\");
      if (!/^\\\\[^\\]+\\pipe\\./i.test(path)) throw wrong;
      return { kind: "socket", path };
    }
    case "tcp":
    case "ssh": {
      const parsed = URL.canParse(url) && new URL(url);
      if (!parsed || parsed.password || parsed.search || parsed.hash) {
        throw wrong;
      }
      const host = parsed.hostname.replace(/^\[|\]$/g, "");
      const port = parsed.port ? Number(parsed.port) : undefined;
      const path = parsed.pathname.replace(/^\/$/, "");
      const user = decoded(parsed.username);
      if (user === undefined || !HOST.test(host)) throw wrong;
      if (scheme.toLowerCase() === "ssh") {
        if (user && !USER.test(user)) throw wrong;
        if (!/^[\w./-]*$/.test(path)) throw wrong;
        return {
          kind: "ssh",
          host,
          user: user || undefined,
          port,
          path: path || undefined,
        };
      }
      if (user || path) throw wrong;
      return { kind: "tcp", host, port: port ?? portOf(tls), tls };
    }
    default:
      throw wrong;
  }
}

/** A text without its `%40` and the like; nothing where these are none. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function portOf(tls: TlsSettings | undefined): number {
  return tls ? TLS_PORT : PLAIN_PORT;
}
