/**
 * A registry whose layers are zeros, made as they are sent: images of any size
 * that take no disk. The repository says what is in it: `zeros/4x25000000` is
 * an image of 4 layers of 25 MB, each a plain tar, and `zeros/4x25000000-1x10/7`
 * the eighth of some that have those and each a layer of 10 bytes of its own.
 * What is pushed to it is hashed and forgotten; `/uploads` of the control port lists it. A process of
 * its own, which prints `{"port","control"}`.
 */

import { createHash, randomUUID } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  blobs,
  digestOf,
  MANIFEST_TYPE,
  manifestOf,
  readRepository,
  slice,
  type SparseBlob,
} from "./zero_image.ts";

const counts = { bytes: 0, requests: 0, connections: 0 };
const uploads: { digest: string; size: number }[] = [];
/** The same, leaving out what is empty and counting what is asked for. */
function* countedSlice(
  ...range: Parameters<typeof slice>
): Generator<Uint8Array> {
  for (const chunk of slice(...range)) {
    if (chunk.length === 0) continue;
    counts.bytes += chunk.length;
    yield chunk;
  }
}

async function sendBlob(
  request: IncomingMessage,
  response: ServerResponse,
  blob: SparseBlob,
): Promise<void> {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(
    range?.[2] ? Number(range[2]) + 1 : blob.size,
    blob.size,
  );
  if (start >= end) {
    response.writeHead(416, { "content-range": `bytes */${blob.size}` }).end();
    return;
  }
  response.writeHead(range ? 206 : 200, {
    "accept-ranges": "bytes",
    "content-length": end - start,
    "content-type": "application/octet-stream",
    "docker-content-digest": blob.digest,
    ...range && { "content-range": `bytes ${start}-${end - 1}/${blob.size}` },
  });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  await pipeline(
    Readable.from(countedSlice(blob, start, end), { highWaterMark: 1 }),
    response,
  );
}

const pending = new Map<string, Promise<{ digest: string; size: number }>>();

async function receive(
  request: IncomingMessage,
): Promise<{ digest: string; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

/** Takes what is pushed: POST, PATCH in one piece, PUT; or a manifest. */
async function take(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  if (request.method === "POST") {
    const location = `${url.pathname.replace(/\/$/, "")}/${randomUUID()}`;
    response.writeHead(202, { location, range: "0-0" }).end();
  } else if (request.method === "PATCH") {
    const received = receive(request);
    pending.set(url.pathname, received);
    const { size } = await received;
    response.writeHead(202, {
      location: url.pathname,
      range: `0-${Math.max(0, size - 1)}`,
    }).end();
  } else {
    const body = await receive(request);
    const received = await pending.get(url.pathname) ?? body;
    pending.delete(url.pathname);
    const expected = url.searchParams.get("digest") ?? body.digest;
    if (received.digest !== expected) {
      response.writeHead(400).end();
      return;
    }
    uploads.push(received);
    response.writeHead(201, {
      location: url.pathname,
      "docker-content-digest": expected,
    }).end();
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  counts.requests++;
  const url = new URL(request.url ?? "/", "http://localhost");
  if (!/^(?:GET|HEAD)$/.test(request.method!)) {
    return await take(request, response, url);
  }
  if (url.pathname === "/v2/") {
    response.end("{}");
    return;
  }
  const [, name = "", kind, what = ""] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? [];
  const manifest = kind === "manifests" ? manifestOf(name) : undefined;
  if (manifest) {
    counts.bytes += request.method === "GET" ? manifest.length : 0;
    response.writeHead(200, {
      "content-type": MANIFEST_TYPE,
      "content-length": manifest.length,
      "docker-content-digest": digestOf(manifest),
    }).end(request.method === "GET" ? manifest : undefined);
    return;
  }
  // What is pushed elsewhere is not there before.
  const blob = readRepository(name) && blobs.get(what);
  if (blob) return await sendBlob(request, response, blob);
  response.writeHead(404, { "content-type": "application/json" })
    .end(`{"errors":[{"code":"NAME_UNKNOWN"}]}`);
}

const registry = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
registry.requestTimeout = 0;
registry.on("connection", () => counts.connections++);
const control = createServer((request, response) => {
  response.end(JSON.stringify(request.url === "/uploads" ? uploads : counts));
});
registry.listen(0, "127.0.0.1", () => {
  control.listen(0, "127.0.0.1", () => {
    console.log(JSON.stringify({
      port: (registry.address() as AddressInfo).port,
      control: (control.address() as AddressInfo).port,
    }));
  });
});
process.on("SIGTERM", () => process.exit(0));
