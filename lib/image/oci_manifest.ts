/** Says in OCI's words what a Docker manifest says. */

import { digestBytes } from "./digest.ts";
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_LAYER_GZIP,
  OCI_LAYER_TAR,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
} from "./media_types.ts";
import type { Descriptor, Document, Manifest } from "./types.ts";

/** What Docker's types are called in OCI. */
const OCI_TYPES: ReadonlyMap<string, string> = new Map([
  [DOCKER_CONFIG, OCI_CONFIG],
  [DOCKER_LAYER_GZIP, OCI_LAYER_GZIP],
  [
    "application/vnd.docker.image.rootfs.diff.tar",
    OCI_LAYER_TAR,
  ],
  [
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    OCI_LAYER_ZSTD,
  ],
  [
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  ],
]);

/**
 * The OCI manifest that says the same as a Docker manifest, for readers of
 * layouts that know no other.
 *
 * @param document The manifest.
 * @param manifest The same, parsed.
 * @returns The document itself if it is one of OCI.
 */
export async function toOciManifest(
  document: Document,
  manifest: Manifest,
): Promise<Document> {
  const { mediaType, platform } = document.descriptor;
  if (mediaType !== DOCKER_MANIFEST) return document;
  const converted = (descriptor: Descriptor): Descriptor => ({
    mediaType: OCI_TYPES.get(descriptor.mediaType) ?? descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    urls: descriptor.urls,
  });
  const bytes = new TextEncoder().encode(JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: converted(manifest.config),
    layers: manifest.layers.map(converted),
  }));
  return {
    bytes,
    descriptor: {
      mediaType: OCI_MANIFEST,
      digest: await digestBytes(bytes),
      size: bytes.length,
      platform,
    },
  };
}
