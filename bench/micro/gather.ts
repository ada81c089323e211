/** Network pieces into large buffers: alone, and with a real body. */

import { BodyReader } from "../../lib/transfer/body_reader.ts";
import { type Server, startZeroRegistry } from "../servers.ts";
import type { Work } from "./timing.ts";

const TOTAL = 256 << 20;
const PIECE = 64 << 10;
const BUFFER = 1 << 20;

/** A body that is already here, in pieces of the size that networks give. */
function makeBody(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const piece = new Uint8Array(PIECE);
  let left = TOTAL;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(piece);
      left -= PIECE;
      if (left <= 0) controller.close();
    },
  });
}

async function drop(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  while (!(await reader.read()).done);
}

async function gather(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = new BodyReader(body);
  let buffer = new ArrayBuffer(BUFFER);
  while (true) {
    const bytes = await reader.read(buffer, BUFFER);
    if (!bytes) return;
    buffer = bytes.buffer;
  }
}

/** The works, and the server that two of them read from. */
export async function gatherWorks(): Promise<{
  works: Work[];
  server: Server;
}> {
  const server = await startZeroRegistry();
  const base = `http://${server.host}/v2/zeros/1x${TOTAL}`;
  const manifest = await (await fetch(`${base}/manifests/latest`)).json();
  const open = async () =>
    (await fetch(`${base}/blobs/${manifest.layers[0].digest}`)).body!;
  const source = new Uint8Array(PIECE);
  const target = new Uint8Array(BUFFER);
  const works: Work[] = [{
    name: "copy 64 KiB pieces into 1 MiB",
    bytes: TOTAL,
    run() {
      for (let done = 0; done < TOTAL; done += PIECE) {
        target.set(source, done % BUFFER);
      }
    },
  }, {
    name: "stream of 64 KiB pieces, dropped",
    bytes: TOTAL,
    run: () => drop(makeBody()),
  }, {
    name: "the same, lib/transfer/body_reader.ts",
    bytes: TOTAL,
    run: () => gather(makeBody()),
  }, {
    name: "fetch over loopback, dropped",
    bytes: TOTAL,
    run: async () => await drop(await open()),
  }, {
    name: "the same, lib/transfer/body_reader.ts",
    bytes: TOTAL,
    run: async () => await gather(await open()),
  }];
  return { works, server };
}
