/** Puts signatures beside the images of a registry in memory. */

import type { Document } from "../../lib/image/types.ts";
import { buildDocument, MEDIA_TYPES } from "../fixtures/image.ts";
import type { FakeRegistry } from "../registry_server/mod.ts";
import { digestOf, json } from "./world.ts";

/** The type of a bundle of Sigstore's. */
export const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** What refers to an image, with one layer. */
export interface Referring {
  /** The layer. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Its type, and that of the whole. */
  type?: string;
  /** Changes the manifest. */
  manifest?: Record<string, unknown>;
}

/** Puts what refers to an image; gives its manifest. */
export function refer(
  registry: FakeRegistry,
  repository: string,
  image: Document,
  { bytes, type = BUNDLE, manifest }: Referring,
): Document {
  const content = registry.repository(repository);
  const empty = json({});
  const layer = {
    mediaType: type,
    digest: digestOf(bytes),
    size: bytes.length,
  };
  const document = buildDocument(MEDIA_TYPES.oci.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.oci.manifest,
    artifactType: type,
    config: {
      mediaType: "application/vnd.oci.empty.v1+json",
      digest: digestOf(empty),
      size: empty.length,
    },
    layers: [layer],
    subject: image.descriptor,
    ...manifest,
  });
  content.blobs.set(layer.digest, bytes);
  content.blobs.set(digestOf(empty), empty);
  content.documents.set(document.descriptor.digest, document);
  list(registry, repository, image.descriptor.digest, document);
  return document;
}

/** Adds to what stands under the tag for what refers to a digest. */
export function list(
  registry: FakeRegistry,
  repository: string,
  digest: string,
  { descriptor }: Pick<Document, "descriptor">,
): void {
  const content = registry.repository(repository);
  const tag = digest.replace(":", "-");
  const before = content.document(tag);
  const { manifests } = before
    ? JSON.parse(new TextDecoder().decode(before.bytes))
    : { manifests: [] };
  const index = buildDocument(MEDIA_TYPES.oci.index, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.oci.index,
    manifests: [...manifests, descriptor],
  });
  content.documents.set(index.descriptor.digest, index);
  content.tags.set(tag, index.descriptor.digest);
}
