/** Connections as mere bytes, over Deno's own. */

import type { Endpoint, Socket, SocketEvents } from "./sockets.ts";

interface DenoConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
  handshake?(): Promise<unknown>;
}

interface DenoNet {
  connect(
    options: { hostname: string; port: number } | {
      transport: "unix";
      path: string;
    },
  ): Promise<DenoConn>;
  connectTls(options: {
    hostname: string;
    port: number;
    caCerts: string[];
    cert?: string;
    key?: string;
    alpnProtocols: string[];
  }): Promise<DenoConn>;
}

/**
 * Connects by Deno's own, whose TLS costs two thirds of that of `node:tls`
 * there. Threads are given the text of this function, so it refers to nothing
 * outside of itself.
 */
export function denoSocket(
  { host: hostname, port, tls, piece }: Endpoint,
  events: SocketEvents,
): { socket: Promise<Socket>; cancel(): void } {
  const { Deno } = globalThis as unknown as { Deno: DenoNet };
  let conn: DenoConn | undefined;
  let over = false;
  let wake: (() => void) | undefined;
  const destroy = () => {
    over = true;
    wake?.();
    try {
      conn?.close();
    } catch {
      // It is closed.
    }
  };
  async function secured({ caCerts, cert, key }: NonNullable<typeof tls>) {
    try {
      conn = await Deno.connectTls({
        hostname,
        port,
        caCerts,
        cert,
        key,
        alpnProtocols: ["http/1.1"],
      });
      await conn.handshake?.();
    } catch (cause) {
      throw Object.assign(new Error("TLS", { cause }), { code: "UNFIT" });
    }
  }
  async function connect(): Promise<Socket> {
    if (tls) await secured(tls);
    else conn = await Deno.connect({ hostname, port });
    if (over) {
      destroy();
      throw new Error("aborted");
    }
    void receive(conn!);
    return {
      write: (text) =>
        void send(conn!, Uint8Array.from(text, (char) => char.charCodeAt(0))),
      resume: () => wake?.(),
      destroy,
    };
  }
  async function send(to: DenoConn, bytes: Uint8Array) {
    try {
      while (bytes.length > 0) {
        bytes = bytes.subarray(await to.write(bytes));
      }
    } catch {
      // The reading side says what it is.
    }
  }
  async function receive(from: DenoConn) {
    const buffer = new Uint8Array(piece);
    try {
      while (!over) {
        const count = await from.read(buffer);
        if (over) return;
        if (count === null) return events.end();
        if (count > 0 && !events.bytes(buffer.subarray(0, count))) {
          await new Promise<void>((resolve) => wake = resolve);
        }
      }
    } catch (error) {
      if (!over) events.end(error);
    }
  }
  return { socket: connect(), cancel: destroy };
}

/** A connection to a socket of the file system. */
export interface UnixConnection {
  /** What comes; it ends when the other side has no more to say. */
  incoming: AsyncGenerator<Uint8Array>;
  /** Sends bytes; settles when the system has them. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes it; what waits for bytes fails. */
  close(): void;
}

/**
 * Connects to a socket of the file system by Deno's own: `node:net` of Deno 2.9
 * closes the descriptor of such a one twice, by when it may be another file's.
 */
export async function denoUnixConnection(
  path: string,
): Promise<UnixConnection> {
  const { Deno } = globalThis as unknown as { Deno: DenoNet };
  const conn = await Deno.connect({ transport: "unix", path });
  let closed = false;
  return {
    incoming: received(conn),
    async write(bytes) {
      while (bytes.length > 0) {
        bytes = bytes.subarray(await conn.write(bytes));
      }
    },
    close() {
      if (closed) return;
      closed = true;
      conn.close();
    },
  };
}

async function* received(conn: DenoConn): AsyncGenerator<Uint8Array> {
  for (;;) {
    const buffer = new Uint8Array(64 * 1024);
    const count = await conn.read(buffer);
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}
