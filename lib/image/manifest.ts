/**
 * Reads indexes, manifests and configurations, and refuses what could be
 * taken for two things at once.
 *
 * @see {@link https://github.com/advisories/GHSA-mc8v-mgrf-8f4m}
 */

import { defined } from "./defined.ts";
import { refuseArtifact } from "./artifact.ts";
import {
  checkDigest,
  type Fields,
  kindOf,
  MAX_DOCUMENT_SIZE,
  parseObject,
  readDescriptor,
  readDescriptors,
} from "./document_fields.ts";
import { CONFIG_SHAPE, MANIFEST_SHAPE } from "./document_shapes.ts";
import {
  InvalidDocumentError,
  NotAnImageError,
  UnsupportedMediaTypeError,
} from "./errors.ts";
import { isConfig, isLayer } from "./media_types.ts";
import type {
  Descriptor,
  Document,
  ImageConfig,
  Index,
  Manifest,
} from "./types.ts";

export { MAX_DOCUMENT_SIZE } from "./document_fields.ts";
export { documentMediaType } from "./document_type.ts";

/** The most entries that an index may have. */
const MAX_ENTRIES = 10_000;
/** The most layers that an image may have. */
const MAX_LAYERS = 1_000;
/**
 * The most layers that Docker takes, where its images are not in containerd.
 *
 * @see {@link https://github.com/moby/moby/blob/v28.0.0/layer/layer_store.go}
 */
export const DOCKER_LAYERS = 125;

/**
 * Reads an index.
 *
 * @param document The document, already verified.
 * @returns The index, with every descriptor checked.
 * @throws {InvalidDocumentError} If it is malformed or ambiguous.
 */
export function parseIndex(document: Document): Index {
  const subject = `index ${document.descriptor.digest}`;
  const fields = parseObject(document.bytes, MANIFEST_SHAPE, subject);
  if (kindOf(fields, subject) !== "index") {
    throw new InvalidDocumentError(subject, { code: "no-index" });
  }
  const manifests = readDescriptors(fields.manifests, "manifests", subject);
  if (manifests.length > MAX_ENTRIES) {
    throw new InvalidDocumentError(
      subject,
      { code: "too-many-entries", limit: MAX_ENTRIES },
    );
  }
  return { ...(fields as unknown as Index), manifests };
}

/**
 * Reads an image's manifest.
 *
 * @param document The document, already verified.
 * @returns The manifest, with every descriptor checked.
 * @throws {InvalidDocumentError} If it is malformed or ambiguous.
 * @throws {UnsupportedMediaTypeError} If it is an artifact and no image.
 */
export function parseManifest(document: Document): Manifest {
  const subject = `manifest ${document.descriptor.digest}`;
  const fields = parseObject(document.bytes, MANIFEST_SHAPE, subject);
  if (kindOf(fields, subject) !== "manifest") {
    throw new InvalidDocumentError(subject, { code: "no-manifest" });
  }
  const config = readDescriptor(fields.config, "config", subject);
  const layers = readDescriptors(fields.layers, "layers", subject);
  if (layers.length > MAX_LAYERS) {
    throw new InvalidDocumentError(
      subject,
      { code: "too-many-layers", limit: MAX_LAYERS },
    );
  }
  if (config.size > MAX_DOCUMENT_SIZE) {
    throw new InvalidDocumentError(
      subject,
      {
        code: "config-too-large",
        size: config.size,
        limit: MAX_DOCUMENT_SIZE,
      },
    );
  }
  const sizes = new Map([[config.digest, config.size]]);
  for (const { digest, size } of layers) {
    if ((sizes.get(digest) ?? size) !== size) {
      throw new InvalidDocumentError(
        subject,
        { code: "two-sizes", digest },
      );
    }
    sizes.set(digest, size);
  }
  return { ...(fields as unknown as Manifest), config, layers };
}

/**
 * Reads an image's configuration, and holds it against the manifest.
 *
 * @param document The document, already verified.
 * @param manifest The manifest that names it.
 * @returns The configuration.
 * @throws {InvalidDocumentError} If it is malformed, or has another number of
 * layers than the manifest.
 * @throws {UnsupportedMediaTypeError} If the manifest is that of an artifact.
 */
export function parseConfig(
  document: Document,
  manifest: Manifest,
): ImageConfig {
  const subject = `configuration ${document.descriptor.digest}`;
  const odd = manifest.layers.find(({ mediaType }) => !isLayer(mediaType));
  refuseArtifact(manifest);
  if (odd) {
    throw new UnsupportedMediaTypeError(
      odd.mediaType,
      { code: "unknown-layer" },
    );
  }
  const fields = parseObject(document.bytes, CONFIG_SHAPE, subject);
  const rootfs = fields.rootfs as Fields | undefined;
  const diffIds = rootfs && typeof rootfs === "object"
    ? rootfs.diff_ids
    : undefined;
  if (diffIds !== undefined && !Array.isArray(diffIds)) {
    throw new InvalidDocumentError(subject, {
      code: "no-list",
      field: "rootfs.diff_ids",
    });
  }
  const ids = (diffIds ?? []) as unknown[];
  for (const id of ids) checkDigest(id, "rootfs.diff_ids", subject);
  const { artifactType, config: { mediaType } } = manifest;
  // ORAS, for one, gives files an empty configuration of an image's type.
  if (!("rootfs" in fields) && !("os" in fields)) {
    throw new NotAnImageError("files", artifactType || mediaType);
  }
  if (ids.length !== manifest.layers.length) {
    if (!isConfig(mediaType)) throw new NotAnImageError("files", mediaType);
    throw new InvalidDocumentError(
      subject,
      {
        code: "layer-count",
        config: ids.length,
        manifest: manifest.layers.length,
      },
    );
  }
  const text = (key: string): string | undefined => {
    const value = fields[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return defined({
    os: text("os") ?? "linux",
    architecture: text("architecture") ?? "unknown",
    variant: text("variant"),
    "os.version": text("os.version"),
    created: text("created"),
    rootfs: { type: "layers", diff_ids: ids as string[] },
  });
}

/** An image's layers, each once, and without what is its documents already. */
export function distinctLayers(
  { manifest, parsed }: { manifest: Document; parsed: Manifest },
): Descriptor[] {
  const seen = new Set([manifest.descriptor.digest, parsed.config.digest]);
  return parsed.layers.filter(({ digest }) =>
    !seen.has(digest) && seen.add(digest)
  );
}
