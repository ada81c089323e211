/** Reads an image's manifest and configuration: `manifest.ts nginx:1.27`. */

import process from "node:process";
import {
  createTransport,
  openRepository,
  parseConfig,
  parseIndex,
  parseManifest,
  parsePlatform,
  parseReference,
  selectPlatform,
} from "../mod.ts";

const reference = parseReference(process.argv[2] ?? "nginx");
const transport = createTransport();
const repository = openRepository(reference, { fetch: transport.fetch });
let document = await repository.fetchManifest(
  reference.digest ?? reference.tag!,
);
if (/index|list/.test(document.descriptor.mediaType)) {
  const { manifests } = parseIndex(document);
  const { descriptor } = selectPlatform(
    manifests,
    parsePlatform("linux/amd64"),
  );
  document = await repository.fetchManifest(descriptor);
}
const manifest = parseManifest(document);
const config = await repository.fetchSmallBlob(manifest.config);
const { created } = parseConfig(config, manifest);
console.log(document.descriptor.digest, created ?? "");
for (const { digest, size } of manifest.layers) console.log(digest, size);
transport.close();
