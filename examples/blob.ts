/**
 * Streams one blob to a file, verified on its way:
 * `blob.ts ghcr.io/owner/app sha256:… 1234 layer.tar.gz`.
 */

import { createHash } from "node:crypto";
import { rename } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { createTransport, openRepository, parseReference } from "../mod.ts";

const [image = "", digest = "", size = "", path = "blob"] = process.argv
  .slice(2);
const transport = createTransport();
const repository = openRepository(parseReference(image), {
  fetch: transport.fetch,
});
const { body } = await repository.fetchBlob({
  mediaType: "application/octet-stream",
  digest,
  size: Number(size),
});
const hash = createHash("sha256");
await pipeline(
  body,
  async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  },
  createWriteStream(`${path}.part`),
);
transport.close();
// Only what is right gets its name.
if (`sha256:${hash.digest("hex")}` !== digest) throw new Error("wrong bytes");
await rename(`${path}.part`, path);
console.log(path);
