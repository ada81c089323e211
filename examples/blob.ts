/**
 * Streams one blob to a file, verified on its way:
 * `blob.ts ghcr.io/owner/app sha256:… 1234 layer.tar.gz`.
 */

import { rename } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import {
  createTransport,
  openRepository,
  parseReference,
  verifiedBody,
} from "../mod.ts";

const [image = "", digest = "", size = "", path = "blob"] = process.argv
  .slice(2);
const blob = { mediaType: "", digest, size: Number(size) };
const { fetch, close } = createTransport();
const repository = openRepository(parseReference(image), { fetch });
const { body } = await repository.fetchBlob(blob);
// What is wrong throws, and never gets its name.
await pipeline(verifiedBody(body, blob), createWriteStream(`${path}.part`));
await rename(`${path}.part`, path);
console.log(path);
close();
