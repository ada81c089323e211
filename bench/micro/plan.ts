/** The archive's plan, which stands between the manifest and the first byte. */

import { planOf } from "../../tests/archive/content.ts";
import { digestBytes } from "../../lib/image/digest.ts";
import { DOCKER_MANIFEST } from "../../lib/image/media_types.ts";
import { parseReference } from "../../lib/image/reference.ts";
import type { Descriptor, Document, Manifest } from "../../lib/image/types.ts";
import type { Work } from "./timing.ts";

async function makeDocument(value: unknown): Promise<Document> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const digest = await digestBytes(bytes);
  return {
    descriptor: { mediaType: DOCKER_MANIFEST, digest, size: bytes.length },
    bytes,
  };
}

async function planWork(layers: number): Promise<Work> {
  const config = await makeDocument({});
  const parsed: Manifest = {
    schemaVersion: 2,
    config: config.descriptor,
    layers: Array.from({ length: layers }, (_, index): Descriptor => ({
      mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
      digest: `sha256:${index.toString(16).padStart(64, "0")}`,
      size: 10_000_000,
    })),
  };
  const content = {
    reference: parseReference("registry.example/team/app:1.0"),
    manifest: await makeDocument(parsed),
    parsed,
    config,
  };
  return {
    name: `plan of ${layers} layers`,
    run: () => void planOf(content),
  };
}

/** The works. */
export async function planWorks(): Promise<Work[]> {
  return await Promise.all([1, 10, 100, 1000].map(planWork));
}
