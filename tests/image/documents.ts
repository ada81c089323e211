/** A small manifest, and documents of any value. */

import { OCI_CONFIG, OCI_LAYER_GZIP } from "../../lib/image/media_types.ts";
import type { Document } from "../../lib/image/types.ts";

export const DIGEST = `sha256:${"a".repeat(64)}`;
export const config = { mediaType: OCI_CONFIG, digest: DIGEST, size: 2 };
export const layer = {
  mediaType: OCI_LAYER_GZIP,
  digest: `sha256:${"b".repeat(64)}`,
  size: 10,
};

/** A text, or a value as JSON. */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return new TextEncoder().encode(text);
}

/** A document of it. */
export function document(value: unknown): Document {
  const bytes = encode(value);
  return {
    descriptor: { mediaType: "", digest: DIGEST, size: bytes.length },
    bytes,
  };
}

export const image = { schemaVersion: 2, config, layers: [layer] };
