/** Documents made anew for layers that are compressed in another way. */

import { SOURCE_DIGEST } from "../../image/annotations.ts";
import { digestBytes } from "../../image/digest.ts";
import { parseIndex, parseManifest } from "../../image/manifest.ts";
import { isIndex } from "../../image/media_types.ts";
import { toOciManifest } from "../../image/oci_manifest.ts";
import type { Descriptor, Document, Manifest } from "../../image/types.ts";
import { type LayerForm, layerType } from "./layer_types.ts";
import type { NewBlob } from "../../layout/new_blob.ts";

/** A manifest with other layers. */
export interface NewManifest {
  /** The document. */
  manifest: Document;
  /** The same, parsed. */
  parsed: Manifest;
}

/**
 * Makes a manifest whose layers are compressed in another way. Its
 * configuration and all else in it stay what they are. One of Docker becomes
 * one of OCI for zstd, of which Docker's own types know nothing.
 *
 * @param made What was made of a layer, by its digest; nothing where it stays.
 */
export async function newManifest(
  document: Document,
  manifest: Manifest,
  form: LayerForm,
  made: (layer: Descriptor) => NewBlob | undefined,
): Promise<NewManifest> {
  const base = form === "zstd"
    ? await toOciManifest(document, manifest)
    : document;
  const { layers } = base === document ? manifest : parseManifest(base);
  const changed = layers.map((layer, i): Descriptor => {
    const blob = made(manifest.layers[i]!);
    return blob ? newLayer(layer, blob, form) : layer;
  });
  if (changed.every((layer, i) => layer === layers[i])) {
    return { manifest: document, parsed: manifest };
  }
  const fields = JSON.parse(new TextDecoder().decode(base.bytes));
  const another = await newDocument(base.descriptor, {
    ...fields,
    layers: changed,
  });
  return { manifest: another, parsed: parseManifest(another) };
}

function newLayer(
  { mediaType, digest, annotations }: Descriptor,
  blob: NewBlob,
  form: LayerForm,
): Descriptor {
  return {
    mediaType: layerType(mediaType, form),
    digest: blob.digest,
    size: blob.size,
    // Other places have the bytes as they were; so they are not named.
    annotations: { ...annotations, [SOURCE_DIGEST]: digest },
  };
}

/**
 * Makes an index whose entries name other manifests.
 *
 * @param others What is there in place of a document, by its digest.
 * @returns The index itself where none of its entries is another.
 */
export async function newIndex(
  index: Document,
  others: ReadonlyMap<string, Document>,
): Promise<Document> {
  if (!isIndex(index.descriptor.mediaType)) return index;
  const { manifests } = parseIndex(index);
  if (!manifests.some(({ digest }) => others.has(digest))) return index;
  const fields = JSON.parse(new TextDecoder().decode(index.bytes));
  return await newDocument(index.descriptor, {
    ...fields,
    manifests: manifests.map((entry) => {
      const other = others.get(entry.digest)?.descriptor;
      if (!other) return entry;
      const { mediaType, digest, size } = other;
      return { ...entry, mediaType, digest, size, data: undefined };
    }),
  });
}

async function newDocument(
  { mediaType, platform }: Descriptor,
  value: unknown,
): Promise<Document> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const digest = await digestBytes(bytes);
  return {
    bytes,
    descriptor: { mediaType, digest, size: bytes.length, platform },
  };
}
