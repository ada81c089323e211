/** A daemon on a socket of a test's own, that answers as it is told. */

import { assertEquals } from "@std/assert";
import net from "node:net";
import { join } from "node:path";
import type { InspectedImage } from "../../lib/daemon/daemon.ts";

/** What it does where that is not what a daemon should do. */
export interface FakeBehaviour {
  /** What `/version` says, in place of Docker's. */
  version?: unknown;
  /** What `/info` says. */
  info?: Record<string, unknown>;
  /** The images by all their names. */
  images?: Record<string, InspectedImage & { manifests?: string[] }>;
  /** Bytes that are the answer to a request whose path begins so. */
  raw?: Record<string, string>;
  /** The lines of the progress of a load. */
  progress?: unknown[];
  /** What a load makes of the archive's bytes. */
  onLoad?: (archive: Uint8Array) => void;
  /** Closes the connection after so many bytes of an archive. */
  breaksAfter?: number;
  /** Answers a load so before it has the archive. */
  early?: string;
}

/** A daemon that runs. */
export interface FakeDaemon extends FakeBehaviour {
  /** Its address. */
  url: string;
  /** What was asked, as `METHOD PATH`. */
  log: string[];
  /** How many connections there were. */
  connections: number;
  /** How many of them are open. */
  readonly open: number;
  /** Ends it. */
  close(): Promise<void>;
}

/** Fails where a connection to it stays open. */
export async function assertLeft(fake: FakeDaemon): Promise<void> {
  // It learns of the end of one some time after that.
  for (let turn = 0; turn < 10_000 && fake.open > 0; turn++) {
    await new Promise((then) => setTimeout(then, 1));
  }
  assertEquals(fake.open, 0, "connections are open");
}

/** Docker's answer to `/version`. */
export const DOCKER = {
  Version: "29.7.2",
  ApiVersion: "1.55",
  Os: "linux",
  Components: [{ Name: "Engine", Version: "29.7.2" }],
};

function json(value: unknown, status = 200): string {
  const body = JSON.stringify(value);
  return `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${new TextEncoder().encode(body).length}\r\n\r\n${body}`;
}

/** The same in chunks of a few bytes, as daemons send what they do not measure. */
function chunked(body: string): string {
  const parts = body.match(/[^]{1,7}/g) ?? [];
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
    parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("") +
    "0\r\n\r\n";
}

/** Starts one in a folder. */
export async function startFakeDaemon(
  folder: string,
  behaviour: FakeBehaviour = {},
): Promise<FakeDaemon> {
  const path = join(folder, `s${Math.random().toString(36).slice(2, 8)}`);
  const sockets = new Set<net.Socket>();
  const bridges: ReturnType<typeof bridgeTo>[] = [];
  const fake: FakeDaemon = {
    ...behaviour,
    url: `unix://${path}`,
    log: [],
    connections: 0,
    get open() {
      return sockets.size;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      for (const bridge of bridges.splice(0)) await bridge.close();
    },
  };
  const answer = (path: string): string => {
    const raw = Object.entries(fake.raw ?? {})
      .find(([start]) => path.startsWith(start))?.[1];
    if (raw !== undefined) return raw;
    if (path === "/version") return json(fake.version ?? DOCKER);
    if (path === "/info") {
      return json({ OSType: "linux", DriverStatus: [], ...fake.info });
    }
    if (path.startsWith("/images/json")) {
      const images = Object.entries(fake.images ?? {});
      return chunked(JSON.stringify(images.map(([name, image]) => ({
        Id: image.id,
        RepoTags: [name],
        RepoDigests: image.manifests?.map((digest) => `r/x@${digest}`),
        Manifests: image.manifests?.map((ID) => ({
          ID,
          Kind: "image",
          Available: true,
        })),
      }))));
    }
    const [, name] = /^\/images\/(.+)\/json(?:\?.*)?$/.exec(path) ?? [];
    const found = name === undefined
      ? undefined
      : fake.images?.[decodeURI(name)] ??
        Object.values(fake.images ?? {}).find(({ id }) => id === name);
    return found
      ? json({
        Id: found.id,
        RootFS: { Layers: found.diffIds },
        Manifests: found.packed === undefined ? undefined : [
          { Kind: "attestation" },
          { ImageData: { Size: { Unpacked: found.packed ? 0 : 8192 } } },
        ],
      })
      : json({ message: "No such image" }, 404);
  };
  const server = net.createServer((socket) => {
    fake.connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let bytes = new Uint8Array();
    socket.on("data", (chunk: Uint8Array) => {
      const whole = new Uint8Array(bytes.length + chunk.length);
      whole.set(bytes);
      whole.set(chunk, bytes.length);
      bytes = whole;
      while (take());
    });
    const take = (): boolean => {
      const text = new TextDecoder("latin1").decode(bytes.subarray(0, 4096));
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return false;
      const [, method = "", path = ""] = /^(\S+) (\S+) HTTP/.exec(text) ?? [];
      const size = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (method === "POST" && fake.early !== undefined) {
        fake.log.push(`${method} ${path}`);
        socket.end(fake.early);
        fake.early = undefined;
        bytes = new Uint8Array();
        return false;
      }
      const there = bytes.length - end - 4;
      if (method === "POST" && there >= (fake.breaksAfter ?? Infinity)) {
        socket.destroy();
        return false;
      }
      if (there < size) return false;
      const body = bytes.slice(end + 4, end + 4 + size);
      bytes = bytes.slice(end + 4 + size);
      fake.log.push(`${method} ${path}`);
      if (method !== "POST") {
        socket.write(answer(path), "latin1");
        return true;
      }
      fake.onLoad?.(body);
      const progress = fake.progress ?? [{ stream: "Loaded image: x\n" }];
      socket.end(
        chunked(progress.map((line) => `${JSON.stringify(line)}\r\n`).join("")),
      );
      return false;
    };
  });
  if (!("Deno" in globalThis)) {
    await new Promise<void>((resolve) => server.listen(path, () => resolve()));
    return fake;
  }
  await new Promise<void>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve())
  );
  bridges.push(bridgeTo((server.address() as net.AddressInfo).port, path));
  return fake;
}

interface Conn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}

/**
 * Has a socket of the file system lead to a port, by Deno's own: its `node:net`
 * closes the descriptor of such a connection twice, and with it others' files.
 */
function bridgeTo(port: number, path: string) {
  const { Deno } = globalThis as unknown as {
    Deno: {
      listen(to: object): AsyncIterable<Conn> & { close(): void };
      connect(to: object): Promise<Conn>;
    };
  };
  const listener = Deno.listen({ transport: "unix", path });
  const bridged: Promise<unknown>[] = [];
  const carry = async (from: Conn, to: Conn) => {
    const buffer = new Uint8Array(64 * 1024);
    for (let n; (n = await from.read(buffer)) !== null;) {
      let bytes = buffer.subarray(0, n);
      while (bytes.length > 0) {
        bytes = bytes.subarray(await to.write(bytes));
      }
    }
    await to.closeWrite();
  };
  const join = async (here: Conn) => {
    const there = await Deno.connect({ hostname: "127.0.0.1", port })
      .catch(() => {});
    const ends = there ? [here, there] : [here];
    const close = () => {
      for (const end of ends.splice(0)) end.close();
    };
    if (there) {
      await Promise.all([carry(here, there), carry(there, here)])
        .catch(() => {});
    }
    close();
  };
  const accepting = (async () => {
    for await (const conn of listener) bridged.push(join(conn));
  })();
  return {
    async close() {
      listener.close();
      await accepting;
      await Promise.all(bridged);
    },
  };
}
