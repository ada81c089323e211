/** Connections as mere bytes, over Deno's own. */

import type { Endpoint, Socket, SocketEvents } from "./sockets.ts";

interface DenoConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
  handshake?(): Promise<unknown>;
}

interface DenoNet {
  connect(options: { hostname: string; port: number }): Promise<DenoConn>;
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
