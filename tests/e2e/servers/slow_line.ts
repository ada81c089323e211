/** A slow line to a registry, which notes what goes over it. */

import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as send,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** How to lay a line. */
export interface SlowLineOptions {
  /** The registry, such as `http://127.0.0.1:5000`. */
  to: string;
  /** Its speed, for all connections together. */
  bytesPerSecond: number;
  /**
   * Breaks the connection off once this says so, amid an answer.
   *
   * @param request The request.
   * @param sent How many bytes have been answered.
   */
  breaks?: (request: LineRequest, sent: number) => boolean;
}

/** A request, and what has become of it. */
export interface LineRequest {
  /** Such as `/v2/team/app/blobs/sha256:…`. */
  path: string;
  /** The token that it was sent with. */
  token?: string;
  /** The Range header. */
  range?: string;
  /** The status. */
  status: number;
  /** How many bytes of the answer's body have gone over the line. */
  sent: number;
}

/** A line that is up. */
export interface SlowLine {
  /** Such as `127.0.0.1:41234`. */
  host: string;
  /** All requests, from the first. */
  requests: LineRequest[];
  /** Ends it with all its connections. */
  close(): Promise<void>;
}

const PIECE = 4096;

/** Lays a line from a free port to a registry. */
export async function startSlowLine(
  { to, bytesPerSecond, breaks = () => false }: SlowLineOptions,
): Promise<SlowLine> {
  const agent = new Agent({ keepAlive: true });
  const requests: LineRequest[] = [];
  const running = new Set<Promise<void>>();
  let free = 0;

  /** Waits until the line has carried so many bytes more. */
  async function carry(bytes: number): Promise<void> {
    const now = performance.now();
    free = Math.max(free, now) + bytes / bytesPerSecond * 1000;
    const wait = free - now;
    if (wait > 5) await new Promise((done) => setTimeout(done, wait));
  }

  async function pass(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const { method, url: path = "", headers } = incoming;
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
    const { range } = headers;
    const note: LineRequest = { path, token, range, status: 0, sent: 0 };
    requests.push(note);
    const asked = send(new URL(path, to), { method, headers, agent });
    asked.end();
    const [answer] = await once(asked, "response") as [IncomingMessage];
    note.status = answer.statusCode!;
    outgoing.writeHead(note.status, answer.headers);
    outgoing.flushHeaders();
    for await (const part of answer as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < part.length; at += PIECE) {
        const piece = part.subarray(at, at + PIECE);
        await carry(piece.length);
        if (outgoing.destroyed || breaks(note, note.sent)) {
          outgoing.destroy();
          answer.destroy();
          return;
        }
        note.sent += piece.length;
        if (!outgoing.write(piece)) {
          await Promise.race([once(outgoing, "drain"), once(outgoing, "close")])
            .catch(() => {});
        }
      }
    }
    outgoing.end();
  }

  const server = createServer((incoming, outgoing) => {
    outgoing.on("error", () => {});
    const done = pass(incoming, outgoing)
      .catch(() => void incoming.socket.destroy())
      .finally(() => running.delete(done));
    running.add(done);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await Promise.all(running);
      agent.destroy();
    },
  };
}
