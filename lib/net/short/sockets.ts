/** Connections as mere bytes, over what Node and Bun have for them. */

/** What is to be connected. */
export interface Endpoint {
  /** A name or an address; an IPv6 one without brackets. */
  host: string;
  /** Its port. */
  port: number;
  /** How it is secured; plain without it. */
  tls: ShortTls | undefined;
  /** How many bytes are read at a time, at most. */
  piece: number;
}

/** How a connection is secured, as `node:tls` and Deno take it. */
export interface ShortTls {
  /** Certificates to trust besides the runtime's own, in PEM. */
  caCerts: string[];
  /** All certificates to trust, in PEM; without it, the runtime's own. */
  ca?: string[];
  /** The client's certificate, in PEM. */
  cert?: string;
  /** The client's private key, in PEM. */
  key?: string;
  /** Whether the server's certificate must be valid. */
  rejectUnauthorized?: boolean;
}

/** What is told of a connection. */
export interface SocketEvents {
  /**
   * Bytes have come, which are there until this returns. False holds those
   * that are to follow.
   */
  bytes(bytes: Uint8Array): boolean;
  /** No more will come: it has ended, or broken off. */
  end(error?: unknown): void;
}

/** A connection. */
export interface Socket {
  /** Sends a request. */
  write(text: string): void;
  /** Lets bytes come that were held. */
  resume(): void;
  /** Closes it; nothing more is told. */
  destroy(): void;
}

/**
 * Connects. What is thrown where TLS is not agreed on has the code `UNFIT`:
 * another way may do better, or knows better words.
 *
 * @param endpoint Where to.
 * @param events Is told of it.
 * @param cancelled Whether it is not wanted any more; asked once it is there.
 */
export type ConnectSocket = (
  endpoint: Endpoint,
  events: SocketEvents,
) => { socket: Promise<Socket>; cancel(): void };

/**
 * Connects by `node:net` and `node:tls`, which read into one buffer that is
 * used again and again. Threads are given the text of this function, so it
 * refers to nothing outside of itself.
 */
export function nodeSocket(
  { host, port, tls: settings, piece }: Endpoint,
  events: SocketEvents,
): { socket: Promise<Socket>; cancel(): void } {
  type NodeSocket = import("node:net").Socket;
  let raw: NodeSocket | undefined;
  let over = false;
  let told = false;
  const end = (error?: unknown) => {
    if (told || over) return;
    told = true;
    events.end(error);
  };
  async function connect(): Promise<Socket> {
    const net = await import("node:net");
    const tls = settings && await import("node:tls");
    if (over) throw new Error("aborted");
    const common = {
      host,
      port,
      noDelay: true,
      onread: {
        buffer: new Uint8Array(piece),
        callback(count: number, buffer: Uint8Array): boolean {
          if (over) return false;
          if (events.bytes(buffer.subarray(0, count))) return true;
          raw?.pause();
          return false;
        },
      },
    };
    await new Promise<void>((resolve, reject) => {
      const ready = () => resolve();
      // Whatever becomes of it, an event that nobody hears ends the thread.
      const failed = (error?: Error) => {
        reject(
          settings
            ? Object.assign(new Error("TLS", { cause: error }), {
              code: "UNFIT",
            })
            : error ?? new Error("the connection closed"),
        );
        end(error);
      };
      if (settings && tls) {
        const { caCerts: _, ...options } = settings;
        raw = tls.connect(
          {
            ...options,
            ...common,
            ...(net.isIP(host) ? {} : { servername: host }),
            ALPNProtocols: ["http/1.1"],
          } as import("node:tls").ConnectionOptions,
          ready,
        );
      } else {raw = net.connect(
          common as import("node:net").NetConnectOpts,
          ready,
        );}
      raw.on("error", failed);
      raw.on("end", () => end());
      raw.on("close", () => failed());
    });
    return {
      write: (text) => void raw!.write(text, "latin1"),
      resume: () => void raw!.resume(),
      destroy,
    };
  }
  const destroy = () => {
    over = true;
    raw?.destroy();
  };
  return { socket: connect(), cancel: destroy };
}
