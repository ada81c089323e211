/**
 * The short way to a body: from the socket into one buffer, and from there to
 * where it goes. A runtime's `fetch` hands each byte through several streams,
 * which was measured at a third of all the work of a pull. It takes GET and
 * HEAD without a body over HTTP/1.1, and whatever is not plainly in order it
 * leaves to `fetch`. Redirects, retries and ranges are the caller's.
 */

import { ShortBody } from "./body.ts";
import {
  type ConnectionParts,
  ShortConnection,
  type ShortResponse,
} from "./connection.ts";
import { denoSocket } from "./deno_socket.ts";
import { BodyFrames } from "./frames.ts";
import { parseHead } from "./head.ts";
import { type ConnectSocket, nodeSocket, type ShortTls } from "./sockets.ts";

/** What is asked for. */
export interface ShortRequest {
  /** The address. */
  url: string;
  /** GET or HEAD. */
  method: string;
  /** The headers. */
  headers: [name: string, value: string][];
  /** How an `https:` connection is secured. */
  tls: ShortTls;
}

/** A request that has been sent. */
export interface ShortExchange {
  /**
   * The response. Fails with the code `UNFIT` where `fetch` has to be asked.
   */
  response: Promise<ShortResponse>;
  /** Lets go of it all. */
  cancel(): void;
}

/** Sends a request. */
export type ShortWay = (request: ShortRequest) => ShortExchange;

/**
 * Makes what sends requests and keeps connections. Threads are given the text
 * of this function, so it refers to nothing outside of itself.
 *
 * @param Connection What a connection is.
 * @param parts What that is made of.
 * @param connect Connects.
 */
function makeShortWay(
  Connection: typeof ShortConnection,
  parts: ConnectionParts,
  connect: ConnectSocket,
): ShortWay {
  const MAX_IDLE = 16;
  /**
   * The fewer pieces, the fewer calls; but many connections would have large
   * ones take much memory. So the first few of a thread alone have them.
   */
  const LARGE_PIECE = 1024 * 1024;
  const MOST_LARGE = 2;
  const SMALL_PIECE = 256 * 1024;
  const idle = new Map<string, ShortConnection[]>();
  const open = new Set<ShortConnection>();

  function take(key: string): ShortConnection | undefined {
    const kept = idle.get(key) ?? [];
    for (let one = kept.pop(); one; one = kept.pop()) {
      if (performance.now() < one.expires) return one;
      one.close();
    }
    return undefined;
  }

  return ({ url, method, headers, tls }) => {
    const { protocol, hostname, port, host, pathname, search } = new URL(url);
    const secure = protocol === "https:";
    const key = JSON.stringify([protocol, host, secure && tls]);
    const lines = [`${method} ${pathname}${search} HTTP/1.1`, `host: ${host}`];
    if (!headers.some(([name]) => name === "accept")) lines.push("accept: */*");
    for (const [name, value] of headers) lines.push(`${name}: ${value}`);
    const text = lines.join("\r\n") + "\r\n\r\n";
    let over = false;
    let stop = () => {};

    async function make(): Promise<ShortConnection> {
      const kept = idle.get(key) ?? [];
      idle.set(key, kept);
      const piece = open.size < MOST_LARGE ? LARGE_PIECE : SMALL_PIECE;
      const connection = new Connection(parts, {
        keep: (one) =>
          kept.push(one) > MAX_IDLE ? kept.shift()!.close() : undefined,
        lose: (one) => {
          open.delete(one);
          const at = kept.indexOf(one);
          if (at >= 0) kept.splice(at, 1);
        },
      }, piece);
      open.add(connection);
      const { socket, cancel } = connect({
        host: hostname.replace(/^\[|\]$/g, ""),
        port: Number(port || (secure ? 443 : 80)),
        tls: secure ? tls : undefined,
        piece,
      }, connection);
      stop = cancel;
      try {
        connection.attach(await socket);
      } catch (error) {
        open.delete(connection);
        throw error;
      }
      return connection;
    }

    async function send(kept?: ShortConnection): Promise<ShortResponse> {
      const connection = kept ?? await make();
      stop = () => connection.close();
      if (over) stop();
      try {
        return await connection.request(text, method);
      } catch (error) {
        const { code } = error as { code?: unknown };
        if (code !== "STALE" || !kept || over) throw error;
        // The server had closed it before it saw the request.
        return await send();
      }
    }

    async function respond(): Promise<ShortResponse> {
      const response = await send(take(key));
      // By its end, the connection may be another request's.
      stop = () => response.body.cancel();
      if (over) stop();
      return response;
    }

    return {
      response: respond(),
      cancel() {
        over = true;
        stop();
      },
    };
  };
}

const parts: ConnectionParts = {
  parseHead,
  Frames: BodyFrames,
  Body: ShortBody,
};

/** Makes the short way of this runtime, for this thread. */
export function shortWay(): ShortWay {
  const connect = "Deno" in globalThis ? denoSocket : nodeSocket;
  return makeShortWay(ShortConnection, parts, connect);
}

/** The text of what makes the same in a thread. */
export function shortWayText(): string {
  const named =
    `{parseHead:${parseHead},Frames:${BodyFrames},Body:${ShortBody}}`;
  return `()=>(${makeShortWay})(${ShortConnection},${named},` +
    `"Deno" in globalThis?${denoSocket}:${nodeSocket})`;
}
