/** tinyproxy, which wants a login, and TLS in front of it. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Loopback, serveProxy } from "../../net/loopback.ts";
import type { Certificate } from "./certificates.ts";
import { type Daemon, freePort, startDaemon } from "./daemon.ts";

/** How to start a proxy. */
export interface TinyproxyOptions {
  /** Where its folder is made. */
  folder: string;
  /** Whom it serves. */
  user: string;
  /** That user's password. */
  password: string;
}

/** A proxy that is up. */
export interface Tinyproxy extends Daemon {
  /** Such as `127.0.0.1:8888`. */
  host: string;
  /** What has come through, a line each, such as `CONNECT registry.test:5000`. */
  passed: string[];
}

/**
 * Starts tinyproxy on a free port. Whatever host it is asked for, the port
 * counts: it hands on to a second proxy, which reaches all hosts at this
 * machine. Nobody sends what is for `localhost` itself through a proxy.
 */
export async function startTinyproxy(
  { folder, user, password }: TinyproxyOptions,
): Promise<Tinyproxy> {
  const own = mkdtempSync(join(folder, "tinyproxy-"));
  const next: Loopback = await serveProxy();
  const port = await freePort();
  const configFile = join(own, "config");
  writeFileSync(
    configFile,
    [
      `Port ${port}`,
      "Listen 127.0.0.1",
      "Allow 127.0.0.1",
      "Timeout 60",
      "MaxClients 100",
      "LogLevel Info",
      `BasicAuth ${user} ${password}`,
      `Upstream http localhost:${next.port}`,
      "",
    ].join("\n"),
  );
  const daemon = await startDaemon(["tinyproxy", "-d", "-c", configFile], {
    logFile: join(own, "log"),
    ready: () => accepts(port),
  });
  return {
    host: `127.0.0.1:${port}`,
    passed: next.asked,
    log: daemon.log,
    async stop() {
      await daemon.stop();
      await next.close();
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => done(true));
    socket.on("error", () => done(false));
  });
}

/** A port that speaks TLS in front of another. */
export interface TlsFront {
  /** Such as `localhost:8443`. */
  host: string;
  /** Ends it with all its connections. */
  stop(): Promise<void>;
}

/** Puts TLS in front of a port of this machine. */
export async function startTlsFront(
  host: string,
  { key, cert }: Certificate,
): Promise<TlsFront> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket, other: () => Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      other().destroy();
    });
  };
  const server = createServer({ key, cert }, (outer) => {
    const inner = connect(Number(host.split(":").at(-1)), "127.0.0.1");
    keep(outer, () => inner);
    keep(inner, () => outer);
    outer.pipe(inner).pipe(outer);
  });
  // Whoever does not trust the certificate breaks off the handshake.
  server.on("tlsClientError", () => {});
  await new Promise<void>((done) =>
    server.listen(0, "127.0.0.1", () => done())
  );
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
