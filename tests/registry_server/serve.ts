/** A handler of requests behind a port of this machine, in every runtime. */

import { once } from "node:events";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** How to serve. */
export interface ServeOptions {
  /** Serves HTTPS with this key and certificate, in PEM. */
  tls?: { key: string; cert: string };
  /**
   * The name that addresses are made with.
   *
   * @default {"127.0.0.1"}
   */
  hostname?: string;
}

/** A handler that is being served. */
export interface ServedRegistry {
  /** Such as `http://127.0.0.1:41234`. */
  url: string;
  /** Such as `127.0.0.1:41234`. */
  host: string;
  /** Stops, and ends all connections. */
  close(): Promise<void>;
}

/** Serves a handler on a free port. */
export async function serve(
  handler: (request: Request) => Promise<Response>,
  options: ServeOptions = {},
): Promise<ServedRegistry> {
  const { tls, hostname = "127.0.0.1" } = options;
  const running = new Set<Promise<void>>();
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const base = `${tls ? "https" : "http"}://${incoming.headers.host}`;
    const done = answer(handler, incoming, outgoing, base)
      // Only after what was sent before: a client has seen the head of a body
      // that breaks off.
      .catch(() => void incoming.socket.destroySoon())
      .finally(() => running.delete(done));
    running.add(done);
  };
  const server: Server = tls
    ? createHttpsServer(tls, listener)
    : createHttpServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `${hostname}:${(server.address() as AddressInfo).port}`;
  return {
    url: `${tls ? "https" : "http"}://${host}`,
    host,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await Promise.all(running);
    },
  };
}

async function answer(
  handler: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  base: string,
): Promise<void> {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  outgoing.on("error", () => gone.abort());
  const headers = new Headers();
  const { rawHeaders } = incoming;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of incoming) chunks.push(new Uint8Array(chunk));
  const response = await handler(
    new Request(new URL(incoming.url!, base), {
      method: incoming.method,
      headers,
      body: chunks.length > 0 ? new Blob(chunks) : undefined,
      signal: gone.signal,
    }),
  );
  outgoing.writeHead(
    response.status,
    Object.fromEntries(response.headers.entries()),
  );
  // Lets a client see the head of an answer whose body is slow.
  outgoing.flushHeaders();
  if (response.body !== null) await pump(response.body, outgoing, gone.signal);
  outgoing.end();
}

async function pump(
  body: ReadableStream<Uint8Array>,
  outgoing: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const reader = body.getReader();
  const left = () => void reader.cancel().catch(() => {});
  gone.addEventListener("abort", left);
  try {
    while (!gone.aborted) {
      const { done, value } = await reader.read();
      if (done || gone.aborted) return;
      if (outgoing.write(value)) continue;
      await new Promise<void>((resolve) => {
        outgoing.once("drain", resolve);
        gone.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  } finally {
    gone.removeEventListener("abort", left);
  }
}
