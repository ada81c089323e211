/**
 * An HTTP/1.1 server that is nothing but sockets: what goes over the wire is
 * the handler's affair, down to the reset of a connection. It takes requests
 * without bodies, one after the other on each connection.
 */

import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** One request. */
export interface RawRequest {
  /** Such as `GET`. */
  method: string;
  /** Such as `/v2/`. */
  path: string;
  /** By lower-case name. */
  headers: Map<string, string>;
}

/** A connection, on which a handler answers. */
export class Connection {
  readonly #socket: Socket;
  #closed = false;
  readonly #gone: Promise<void>;

  /** Takes over a socket. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#gone = new Promise((resolve) => {
      socket.once("close", () => {
        this.#closed = true;
        resolve();
      });
    });
  }

  /** Whether nothing more can be sent. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Settles when the connection is closed. */
  get gone(): Promise<void> {
    return this.#gone;
  }

  /** Sends a head. */
  async head(
    status: number,
    headers: Record<string, string | number>,
  ): Promise<void> {
    const lines = Object.entries(headers).map(([name, value]) =>
      `${name}: ${value}\r\n`
    );
    await this.write(
      new TextEncoder().encode(
        `HTTP/1.1 ${status} ${status}\r\n${lines.join("")}\r\n`,
      ),
    );
  }

  /** Sends bytes; settles when the system has taken them. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) return;
    const taken = new Promise<void>((resolve) => {
      this.#socket.write(bytes, () => resolve());
    });
    await Promise.race([taken, this.#gone]);
  }

  /** Closes in good order, once what was written has been sent. */
  end(): void {
    if (!this.#closed) this.#socket.end();
  }

  /** Closes with a reset: what the other side has not read is lost. */
  reset(): void {
    if (!this.#closed) this.#socket.resetAndDestroy();
  }
}

/** Answers a request; returns whether the connection can take another one. */
export type Handler = (
  request: RawRequest,
  connection: Connection,
) => Promise<boolean>;

/** A server on a port of the loopback interface. */
export class RawServer {
  /** Such as `127.0.0.1:40000`. */
  readonly host: string;
  readonly #connections: Set<Connection>;
  readonly #listener: { close(): Promise<void>; open(): Promise<void> };

  private constructor(
    port: number,
    connections: Set<Connection>,
    listener: { close(): Promise<void>; open(): Promise<void> },
  ) {
    this.host = `127.0.0.1:${port}`;
    this.#connections = connections;
    this.#listener = listener;
  }

  /** Starts on a free port. */
  static async start(handler: Handler): Promise<RawServer> {
    const connections = new Set<Connection>();
    const serve = (socket: Socket) => {
      socket.on("error", () => {});
      socket.setNoDelay(true);
      const connection = new Connection(socket);
      connections.add(connection);
      void connection.gone.then(() => connections.delete(connection));
      void answerAll(socket, connection, handler);
    };
    let server = createServer(serve);
    const listen = (port: number) =>
      new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => resolve());
      });
    await listen(0);
    const { port } = server.address() as AddressInfo;
    return new RawServer(port, connections, {
      close: () => new Promise((resolve) => server.close(() => resolve())),
      async open() {
        server = createServer(serve);
        await listen(port);
      },
    });
  }

  /** Cuts all connections and refuses new ones for a while. */
  async restart(pause: number): Promise<void> {
    await this.close();
    await new Promise((resolve) => setTimeout(resolve, pause));
    await this.#listener.open();
  }

  /** Cuts all connections and stops. */
  async close(): Promise<void> {
    const closed = this.#listener.close();
    const open = [...this.#connections];
    for (const connection of open) connection.reset();
    await Promise.all(open.map(({ gone }) => gone));
    await closed;
  }
}

async function answerAll(
  socket: Socket,
  connection: Connection,
  handler: Handler,
): Promise<void> {
  let text = "";
  let arrived = () => {};
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
    arrived();
  });
  socket.on("end", () => arrived());
  while (true) {
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      if (connection.closed || socket.readableEnded) return connection.end();
      const more = new Promise<void>((resolve) => arrived = resolve);
      await Promise.race([more, connection.gone]);
      continue;
    }
    const [line, ...lines] = text.slice(0, end).split("\r\n");
    text = text.slice(end + 4);
    const [method, path] = line!.split(" ");
    const headers = new Map(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    if (!await handler({ method: method!, path: path!, headers }, connection)) {
      return;
    }
  }
}
