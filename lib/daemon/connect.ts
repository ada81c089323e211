/** Connects to a daemon: over a socket, TLS, or the standard streams of ssh. */

import net from "node:net";
import process from "node:process";
import tls from "node:tls";
import { onAbort } from "../image/abort.ts";
import { DaemonError, type DaemonProblem } from "../image/errors.ts";
import { denoUnixConnection } from "../net/short/deno_socket.ts";
import type { DaemonPlace } from "./address.ts";
import { type Connection, type ConnectOptions, writeTo } from "./connection.ts";
import { openSsh } from "./ssh.ts";

/** Milliseconds for a daemon to take a connection. */
const TIMEOUT_MS = 30_000;

/** Bytes in both directions, and nothing known of what they mean. */
type Line = Pick<Connection, "write" | "close"> & {
  incoming: AsyncIterable<Uint8Array>;
};

/**
 * Connects to a daemon.
 *
 * @throws {DaemonError} If nothing answers, or this user may not.
 */
export async function connect(
  place: DaemonPlace,
  options: ConnectOptions,
): Promise<Connection> {
  if (place.kind === "ssh") return openSsh(place, options);
  const { signal, address } = options;
  const secured = place.kind === "tcp" && place.tls !== undefined;
  signal?.throwIfAborted();
  const opened = place.kind === "socket" && isDenoOnUnix()
    ? denoUnixConnection(place.path)
    : openSocket(place, signal);
  const { incoming, write, close }: Line = await opened.catch((cause) => {
    signal?.throwIfAborted();
    throw reasonOf(address, cause, secured);
  });
  if (signal?.aborted) close();
  signal?.throwIfAborted();
  const forget = onAbort(signal, close);
  let answered = false;
  return {
    incoming: heard(incoming, () => answered = true),
    write,
    close() {
      forget();
      close();
    },
    failure(cause) {
      const { code: system = "" } = cause as { code?: string };
      // Whether a client's certificate will do is told after the handshake.
      const problem: DaemonProblem = secured && !answered
        ? { code: "tls", system }
        : { code: "broken-off" };
      return Promise.resolve(new DaemonError(address, problem, { cause }));
    },
  };
}

/** Whether the runtime's `node:net` is of no use for Unix sockets. */
function isDenoOnUnix(): boolean {
  return "Deno" in globalThis && process.platform !== "win32";
}

async function openSocket(
  place: Exclude<DaemonPlace, { kind: "ssh" }>,
  signal: AbortSignal | undefined,
): Promise<Line> {
  const secured = place.kind === "tcp" && place.tls !== undefined;
  const socket = place.kind === "socket"
    ? net.connect({ path: place.path })
    : place.tls
    ? tls.connect({
      ...place.tls,
      host: place.host,
      port: place.port,
      ...(net.isIP(place.host) ? {} : { servername: place.host }),
      ALPNProtocols: ["http/1.1"],
    })
    : net.connect({ host: place.host, port: place.port });
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: unknown) => {
      clearTimeout(timer);
      forget();
      if (error === undefined) return resolve();
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => settle({ code: "ETIMEDOUT" }), TIMEOUT_MS);
    const forget = onAbort(signal, () => settle(signal!.reason));
    socket.once(secured ? "secureConnect" : "connect", () => settle());
    socket.on("error", settle);
  });
  return {
    incoming: socket,
    write: (bytes) => writeTo(socket, bytes),
    close: () => void socket.destroy(),
  };
}

/** What comes, and that something does. */
async function* heard(
  socket: AsyncIterable<Uint8Array>,
  onFirst: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of socket) {
    onFirst();
    yield bytes;
  }
}

/** Why there is no connection. */
function reasonOf(
  address: string,
  cause: unknown,
  secured: boolean,
): DaemonError {
  const { code = "", name } = cause as { code?: string; name?: string };
  const options = { cause };
  if (code === "EACCES" || code === "EPERM" || name === "NotCapable") {
    return new DaemonError(address, { code: "forbidden" }, options);
  }
  // What the network fails with has a name in capitals; the rest is of TLS.
  const ofNetwork = /^E(?:NOENT|CONN|HOST|NET|TIMEDOUT|AI_|NOTFOUND|NOTSOCK)/;
  if (secured && !ofNetwork.test(code)) {
    return new DaemonError(address, { code: "tls", system: code }, options);
  }
  return new DaemonError(
    address,
    { code: "unreachable", system: code },
    options,
  );
}
