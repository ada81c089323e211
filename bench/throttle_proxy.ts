/**
 * A TCP proxy that makes loopback as slow as a line: so many bytes a second to
 * each client connection, and a round trip of so many milliseconds, one more of
 * them to connect. A process of its own:
 *
 *     throttle_proxy.ts HOST:PORT BYTES_A_SECOND MILLISECONDS
 *
 * Zero is no limit. It prints `{"port","control"}` and counts at the latter.
 */

import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import process from "node:process";

const [target = "", rateText = "0", latencyText = "0"] = process.argv.slice(2);
const [host, port] = target.split(":");
const rate = Number(rateText);
const latency = Number(latencyText);
const counts = { bytes: 0, requests: 0, connections: 0 };

/** How much may be under way: what the line holds, and some slack for timers. */
const WINDOW = Math.max(1 << 19, rate ? 2 * rate * latency / 1000 : 1 << 25);

interface DelayOptions {
  /** Milliseconds of each chunk on its way. */
  delay: number;
  /** Bytes a second, or 0. */
  rate: number;
  /** Sees each chunk as it leaves. */
  onChunk?(chunk: Uint8Array): void;
}

/**
 * Carries one direction. Each chunk gets its time of arrival when it enters,
 * on a clock that late timers do not move, so that the rate is exact while
 * bytes are waiting and an idle line saves nothing up.
 */
function carry(from: Socket, to: Socket, options: DelayOptions): void {
  const { delay, rate, onChunk } = options;
  const queue: { chunk: Uint8Array; due: number }[] = [];
  let free = 0;
  let queued = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let blocked = false;
  let ended = false;

  function advance(): void {
    timer = undefined;
    for (let next; !blocked && (next = queue[0]);) {
      const wait = next.due - performance.now();
      if (wait > 0.5) {
        timer = setTimeout(advance, wait);
        return;
      }
      queue.shift();
      const { chunk } = next;
      queued -= chunk.length;
      onChunk?.(chunk);
      if (!to.write(chunk)) {
        blocked = true;
        to.once("drain", () => {
          blocked = false;
          advance();
        });
      }
      if (queued < WINDOW) from.resume();
    }
    if (ended && queue.length === 0) to.end();
  }

  from.on("data", (chunk) => {
    const start = Math.max(free, performance.now());
    free = start + (rate ? chunk.length / rate * 1000 : 0);
    queue.push({ chunk, due: free + delay });
    queued += chunk.length;
    if (queued >= WINDOW) from.pause();
    if (timer === undefined && !blocked) advance();
  });
  from.once("end", () => {
    ended = true;
    if (timer === undefined && !blocked) advance();
  });
  from.once("error", () => to.destroy());
  from.once("close", () => {
    if (ended) return;
    clearTimeout(timer);
    to.destroy();
  });
}

function serve(client: Socket): void {
  counts.connections++;
  client.setNoDelay(true);
  client.on("error", () => client.destroy());
  const open = () => {
    const server = connect({ host, port: Number(port), allowHalfOpen: true });
    server.setNoDelay(true);
    carry(client, server, {
      delay: latency / 2,
      rate: 0,
      onChunk(chunk) {
        // Clients do not pipeline: a request begins a chunk.
        const start = new TextDecoder().decode(chunk.subarray(0, 8));
        if (/^(?:GET|HEAD|POST|PUT|PATCH|DELETE) /.test(start)) {
          counts.requests++;
        }
      },
    });
    carry(server, client, {
      delay: latency / 2,
      rate,
      onChunk: (chunk) => counts.bytes += chunk.length,
    });
  };
  // The handshake of a real line, which loopback does in no time.
  if (latency) setTimeout(open, latency);
  else open();
}

const proxy = createServer({ allowHalfOpen: true }, serve);
const control = createHttpServer((_request, response) => {
  response.end(JSON.stringify(counts));
});
proxy.listen(0, "127.0.0.1", () => {
  control.listen(0, "127.0.0.1", () => {
    console.log(JSON.stringify({
      port: (proxy.address() as AddressInfo).port,
      control: (control.address() as AddressInfo).port,
    }));
  });
});
process.on("SIGTERM", () => process.exit(0));
