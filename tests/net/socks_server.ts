/** A SOCKS5 proxy on this machine, for the transport's tests. */

import { Buffer } from "node:buffer";
import net, { type AddressInfo } from "node:net";

/** How it behaves. */
export interface SocksOptions {
  /** The `user:password` that it wants. */
  login?: string;
  /** What it answers to every request to connect, in place of connecting. */
  reply?: number;
  /** Where it listens. */
  host?: string;
  /** Where all names lead to. */
  port?: number;
}

/** A proxy that is up. */
export interface SocksServer {
  /** Its port. */
  port: number;
  /** What it was asked for, as `name host:port` or `address host:port`. */
  asked: string[];
  /** Ends it with all its connections. */
  close(): Promise<void>;
}

/** Starts the proxy. Every name leads to this machine. */
export async function serveSocks(
  { login, reply = 0, host = "127.0.0.1", port }: SocksOptions = {},
): Promise<SocksServer> {
  const asked: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket, { login, reply, port }, asked, sockets)
      .catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
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

async function serve(
  socket: net.Socket,
  { login, reply = 0, port: target }: SocksOptions,
  asked: string[],
  sockets: Set<net.Socket>,
): Promise<void> {
  const read = reader(socket);
  const [version, count] = await read(2);
  if (version !== 5) return void socket.destroy();
  const ways = await read(count!);
  const way = login === undefined ? 0 : 2;
  socket.write(Buffer.from([5, ways.includes(way) ? way : 255]));
  if (!ways.includes(way)) return;
  if (login !== undefined) {
    const [, length] = await read(2);
    const user = (await read(length!)).toString();
    const password = (await read((await read(1))[0]!)).toString();
    const right = `${user}:${password}` === login;
    socket.write(Buffer.from([1, right ? 0 : 1]));
    if (!right) return void socket.end();
  }
  const [, , , kind] = await read(4);
  const host = kind === 3
    ? (await read((await read(1))[0]!)).toString()
    : kind === 1
    ? (await read(4)).join(".")
    : (await read(16)).toString("hex").replace(/(.{4})(?=.)/g, "$1:");
  const port = (await read(2)).readUInt16BE();
  asked.push(`${kind === 3 ? "name" : "address"} ${host}:${port}`);
  const answer = (code: number) =>
    socket.write(Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]));
  if (reply !== 0) return void answer(reply);
  const onward = net.connect({ port: target ?? port, host: "localhost" });
  sockets.add(onward);
  onward.on("error", () => socket.destroy());
  onward.on("connect", () => {
    answer(0);
    socket.removeAllListeners("readable");
    socket.pipe(onward).pipe(socket);
  });
}

/** Reads so many bytes at a time. */
function reader(socket: net.Socket): (size: number) => Promise<Buffer> {
  return async (size) => {
    for (;;) {
      const bytes: Buffer | null = size === 0
        ? Buffer.alloc(0)
        : socket.read(size);
      if (bytes) return bytes;
      await new Promise<void>((resolve, reject) => {
        socket.once("readable", resolve);
        socket.once("close", () => reject(new Error("closed")));
      });
    }
  };
}
