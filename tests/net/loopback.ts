/** Servers and proxies on this machine, for the transport's tests. */

import http from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { KeyPair } from "./certificates.ts";

/** A server that is up. */
export interface Loopback {
  /** Its port on `localhost`. */
  port: number;
  /** What it was asked, as a line each. */
  asked: string[];
  /** Ends it with all its connections. */
  close(): Promise<void>;
}

type Handler = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
) => void;

/** Starts a server; with a key pair it speaks TLS. */
export async function serve(
  handler: Handler,
  tls?: KeyPair & https.ServerOptions,
): Promise<Loopback> {
  const asked: string[] = [];
  const listener: Handler = (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    handler(request, response);
  };
  const server = tls
    ? https.createServer(tls, listener)
    : http.createServer(listener);
  return await listen(server, asked);
}

/** Starts an HTTP proxy; with a login it wants that one. */
export async function serveProxy(
  login?: string,
  tls?: KeyPair,
): Promise<Loopback> {
  const asked: string[] = [];
  const wanted = login && `Basic ${btoa(login)}`;
  const refused = ({ headers }: http.IncomingMessage) =>
    wanted !== undefined && headers["proxy-authorization"] !== wanted;
  const forward: Handler = (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (refused(request)) return void response.writeHead(407).end("no");
    const { pathname, port } = new URL(request.url!);
    const { "proxy-authorization": _, ...headers } = request.headers;
    const options = { port, path: pathname, method: request.method, headers };
    request.pipe(http.request(options, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    }));
  };
  const server = tls ? https.createServer(tls, forward) : http.createServer(
    forward,
  );
  const tunnels = new Set<Duplex>();
  server.on("connect", (request: http.IncomingMessage, socket: Duplex) => {
    asked.push(`CONNECT ${request.url}`);
    socket.on("error", () => {});
    if (refused(request)) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const port = Number(request.url!.split(":").at(-1));
    const target = net.connect(port, "localhost", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(target).pipe(socket);
    });
    tunnels.add(socket).add(target);
    target.on("error", () => {
      if (socket.writable) socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
  });
  const proxy = await listen(server, asked);
  return {
    ...proxy,
    close: async () => {
      for (const tunnel of tunnels) tunnel.destroy();
      await proxy.close();
    },
  };
}

async function listen(
  server: http.Server,
  asked: string[],
): Promise<Loopback> {
  const sockets = new Set<net.Socket>();
  const remember = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  };
  server.on("connection", remember);
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
