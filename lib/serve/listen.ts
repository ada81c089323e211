/**
 * Listens by `node:http`, which all three runtimes have, and which was
 * measured to send the bytes of files as fast as what they have of their own.
 */

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { systemCode } from "../disk/io.ts";
import {
  CALL,
  checkOptions,
  LONGEST_WAIT_MS,
  numberFrom,
  type Rules,
  SIGNAL,
  TEXT,
  wholeFrom,
} from "../image/options.ts";
import { onAbort } from "../image/abort.ts";
import { ListenError } from "./listen_error.ts";
import type { RequestRecord } from "./request_record.ts";
import { Sender } from "./sender.ts";
import { SERVE_RULES } from "./serve.ts";
import { type ServeOptions, Site } from "./site.ts";

/** How {@linkcode listen} listens. */
export interface ListenOptions extends ServeOptions {
  /**
   * The name or address to listen at. Whoever reaches it can read all that is
   * served, as there is no login.
   *
   * @default {"127.0.0.1"}
   */
  host?: string;
  /**
   * The port; 0 for any that is free.
   *
   * @default {5000}
   */
  port?: number;
  /** Told of every request, once its answer has been sent or broken off. */
  onRequest?: (record: RequestRecord) => void;
  /** Ends the listening; answers that are on their way are given some time. */
  signal?: AbortSignal;
  /**
   * How long they are given, in milliseconds.
   *
   * @default {10_000}
   */
  grace?: number;
}

/** What those options may be. */
const LISTEN_RULES: Rules<ListenOptions> = {
  ...SERVE_RULES,
  host: TEXT,
  port: wholeFrom(0, 65_535),
  onRequest: CALL,
  signal: SIGNAL,
  grace: numberFrom(0, LONGEST_WAIT_MS),
};

/** What is being listened at. */
export interface Listener {
  /** The address, such as `http://127.0.0.1:5000`. */
  readonly url: string;
  /** What can be pulled from there, such as `library/nginx:latest`. */
  readonly names: readonly string[];
  /** Settles when nothing is listened at any more, and all was answered. */
  readonly closed: Promise<void>;
}

/** How long a client may take to send a request, in milliseconds. */
const REQUEST_MS = 20_000;
/** How long a connection may lie idle, in milliseconds. */
const IDLE_MS = 75_000;
/** The most bytes of a request's headers. */
const MAX_HEADER_BYTES = 32 * 1024;
/** The most connections at a time. */
const MAX_CONNECTIONS = 1_024;

/**
 * Serves images as a read-only registry, as {@linkcode serve} does, at a port
 * of this machine.
 *
 * @param path The file or folder.
 * @param options How to do so.
 * @returns What is listened at, when it is.
 * @throws {TypeError} For an option that there is not.
 * @throws {StorageError} If the file or folder cannot be read.
 * @throws {ArchiveError} If there are no images in it.
 * @throws {ListenError} If it cannot be listened there.
 *
 * @example
 * ```ts ignore
 * import { listen } from "@x/docker-pull";
 *
 * const { url, closed } = await listen("all.tar", { port: 5000 });
 * console.log(`docker pull ${new URL(url).host}/nginx`);
 * await closed;
 * ```
 */
export async function listen(
  path: string,
  options: ListenOptions = {},
): Promise<Listener> {
  checkOptions("listen", options, LISTEN_RULES);
  const { host = "127.0.0.1", port = 5000, signal, grace = 10_000 } = options;
  signal?.throwIfAborted();
  const site = new Site(path, options);
  const { repositories, names } = await (await site.open()).catalog();
  const sender = new Sender(site, isLoopback(host), options.onRequest);
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: REQUEST_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: 5_000,
  });
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    void sender.send(request, response);
  server.on("request", answer);
  // Whoever asks before sending something is told no at once.
  server.on("checkContinue", answer);
  server.maxConnections = MAX_CONNECTIONS;
  await begin(server, host, port);
  const { port: actual } = server.address() as AddressInfo;
  const shown = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${shown}:${actual}`,
    names: repositories.flatMap((each) => {
      const name = names.listed(each);
      return [...each.tags.keys()].map((tag) => `${name}:${tag}`);
    }).sort(),
    closed: ended(server, sender, signal, grace).then(() => sender.idle()),
  };
}

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

function begin(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      // Deno's own refusal has a name and no code.
      const denied = (cause as Error | undefined)?.name === "NotCapable";
      const code = denied ? "not-permitted" : systemCode(cause) ?? "unknown";
      reject(new ListenError(host, port, code, { cause }));
    };
    // It stays: a system without a handle left for the next one says so, too.
    server.on("error", fail);
    try {
      server.listen(port, host, () => resolve());
    } catch (error) {
      fail(error);
    }
  });
}

function ended(
  server: Server,
  sender: Sender,
  signal: AbortSignal | undefined,
  grace: number,
): Promise<void> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return new Promise((resolve) => {
    server.once("close", resolve);
    if (!signal) return;
    onAbort(signal, () => {
      const all = () => {
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      };
      const timer = setTimeout(all, grace);
      server.once("close", () => clearTimeout(timer));
      server.close();
      server.closeIdleConnections();
      void sender.idle().then(all);
    });
  });
}
