/**
 * Answers requests such as `/nginx:1.27` with the image's archive, which is on
 * its way to the client while its layers come: `http.ts 8080`.
 */

import { createServer } from "node:http";
import process from "node:process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { archiveStream } from "../mod.ts";

/** The same for `Deno.serve`, `Bun.serve` and whatever else takes a handler. */
export function answer(request: Request): Response {
  const image = decodeURIComponent(new URL(request.url).pathname.slice(1));
  // A client that goes away ends the pull.
  return new Response(archiveStream(image, { platform: "linux/amd64" }), {
    headers: { "content-type": "application/x-tar" },
  });
}

const server = createServer(async ({ url, headers }, outgoing) => {
  const { body } = answer(new Request(new URL(url!, `http://${headers.host}`)));
  // An archive that breaks off has no end, and no loader takes it.
  await pipeline(Readable.fromWeb(body as never), outgoing).catch(() => {});
});
server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => {
  const address = server.address() as { port: number };
  console.log(`http://127.0.0.1:${address.port}/`);
});
