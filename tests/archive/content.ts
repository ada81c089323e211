/** Contents of archives, with layers whose bytes follow from their size. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { ArchiveImage, ArchiveRoot } from "../../lib/archive/content.ts";
import { hybridMembers } from "../../lib/archive/forms/hybrid.ts";
import { type ArchivePlan, planArchive } from "../../lib/archive/plan.ts";
import { parseReference } from "../../lib/image/reference.ts";
import type { Descriptor, Document } from "../../lib/image/types.ts";

const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

/** The digest of bytes. */
export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A document of its JSON form. */
export function document(mediaType: string, value: unknown): Document {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const descriptor = { mediaType, digest: sha256(bytes), size: bytes.length };
  return { descriptor, bytes };
}

/** The bytes of a layer. */
export function layerBytes(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).map((_, i) => (i * 31 + size) & 0xff);
}

/** The descriptor of {@linkcode layerBytes}. */
export function layer(size: number): Descriptor {
  return { mediaType: LAYER, digest: sha256(layerBytes(size)), size };
}

/** An image with its name. */
export type NamedImage =
  & Required<ArchiveImage>
  & Pick<ArchiveRoot, "reference">;

/** An image of the given layers. */
export function content(
  layers: Descriptor[],
  reference = "example.com/app:1",
): NamedImage {
  const config = document("application/vnd.oci.image.config.v1+json", {
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  });
  const parsed = {
    schemaVersion: 2 as const,
    config: config.descriptor,
    layers,
  };
  const type = "application/vnd.oci.image.manifest.v1+json";
  const manifest = document(type, { ...parsed, mediaType: type });
  const platform = { os: "linux", architecture: "amd64" };
  return {
    reference: parseReference(reference),
    manifest: {
      ...manifest,
      descriptor: { ...manifest.descriptor, platform },
    },
    parsed,
    config,
  };
}

/** Writes a planned archive in whole; layers too large to be made stay zero. */
export async function writePlan(
  path: string,
  plan: ArchivePlan,
): Promise<void> {
  const handle = await open(path, "w");
  await handle.truncate(plan.size);
  for (const { bytes, offset } of plan.regions) {
    await handle.write(bytes, 0, bytes.length, offset);
  }
  for (const { descriptor, offset } of plan.blobs.values()) {
    if (descriptor.size > 2 ** 24) continue;
    const bytes = layerBytes(descriptor.size);
    await handle.write(bytes, 0, bytes.length, offset);
  }
  await handle.close();
}

/** The plan of an image's archive, in the default form. */
export function planOf(
  ...images: (ArchiveImage & Pick<ArchiveRoot, "reference">)[]
): ArchivePlan {
  const roots = images.map(({ reference, ...image }) => ({
    reference,
    top: image.manifest,
    images: [image],
  }));
  return planArchive(hybridMembers({ roots }));
}
