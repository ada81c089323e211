/**
 * Reads indexes, manifests and configurations, and refuses what could be
 * taken for two things at once.
 *
 * @see {@link https://github.com/advisories/GHSA-mc8v-mgrf-8f4m}
 */

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
import { InvalidDocumentError, UnsupportedMediaTypeError } from "./errors.ts";
import {
  bareMediaType,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  isIndex,
  isLayer,
  isManifest,
  OCI_INDEX,
  OCI_MANIFEST,
} from "./media_types.ts";
import type { Document, ImageConfig, Index, Manifest } from "./types.ts";

export { MAX_DOCUMENT_SIZE } from "./document_fields.ts";

/** The most entries that an index may have. */
const MAX_ENTRIES = 10_000;
/** The most layers that an image may have; Docker itself takes 125. */
const MAX_LAYERS = 1_000;

/**
 * Finds out what a served document is: by its Content-Type where that is
 * specific, else by its content, as some registries say `text/plain` or
 * `application/json`.
 *
 * @param bytes The document.
 * @param contentType The Content-Type that it was served with.
 * @param subject What to call it in an error.
 * @returns One of the four media types of indexes and manifests.
 * @throws {UnsupportedMediaTypeError} If it is neither index nor manifest.
 * @throws {InvalidDocumentError} If it is both, or no JSON object.
 */
export function documentMediaType(
  bytes: Uint8Array,
  contentType: string | null,
  subject: string,
): string {
  const fields = parseObject(bytes, MANIFEST_SHAPE, subject);
  const served = bareMediaType(contentType ?? "");
  const own = typeof fields.mediaType === "string"
    ? bareMediaType(fields.mediaType)
    : undefined;
  const specific = served.startsWith("application/vnd.") ? served : undefined;
  if (
    fields.schemaVersion === 1 ||
    served.includes("docker.distribution.manifest.v1+")
  ) {
    throw new UnsupportedMediaTypeError(
      specific ?? "schema 1",
      "Docker's schema 1 ended in 2019; the image must be pushed anew",
    );
  }
  const kind = kindOf(fields, subject);
  if (specific && own && specific !== own) {
    throw new InvalidDocumentError(
      subject,
      `it says that it is ${own}, the registry says ${specific}`,
    );
  }
  const mediaType = own ?? specific ??
    (kind === "index"
      ? OCI_INDEX
      : isDockerConfig(fields.config)
      ? DOCKER_MANIFEST
      : OCI_MANIFEST);
  if (!isIndex(mediaType) && !isManifest(mediaType)) {
    throw new UnsupportedMediaTypeError(
      mediaType,
      `it is none of ${
        [OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST_LIST, DOCKER_MANIFEST]
          .join(", ")
      }`,
    );
  }
  if (isIndex(mediaType) !== (kind === "index")) {
    throw new InvalidDocumentError(
      subject,
      `it should be ${mediaType}, and has the fields of ${
        kind === "index" ? "an index" : "a manifest"
      }`,
    );
  }
  return mediaType;
}

function isDockerConfig(config: unknown): boolean {
  const mediaType = (config as Fields | null | undefined)?.mediaType;
  return typeof mediaType === "string" && mediaType.includes("vnd.docker.");
}

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
    throw new InvalidDocumentError(subject, "it is no index");
  }
  const manifests = readDescriptors(fields.manifests, "manifests", subject);
  if (manifests.length > MAX_ENTRIES) {
    throw new InvalidDocumentError(
      subject,
      `it has more than ${MAX_ENTRIES} entries`,
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
    throw new InvalidDocumentError(subject, "it is no manifest");
  }
  const config = readDescriptor(fields.config, "config", subject);
  const layers = readDescriptors(fields.layers, "layers", subject);
  if (layers.length > MAX_LAYERS) {
    throw new InvalidDocumentError(
      subject,
      `it has more than ${MAX_LAYERS} layers`,
    );
  }
  if (config.size > MAX_DOCUMENT_SIZE) {
    throw new InvalidDocumentError(
      subject,
      `its configuration has ${config.size} bytes, more than ${MAX_DOCUMENT_SIZE}`,
    );
  }
  const sizes = new Map([[config.digest, config.size]]);
  for (const { digest, size } of layers) {
    if ((sizes.get(digest) ?? size) !== size) {
      throw new InvalidDocumentError(
        subject,
        `it gives two sizes for ${digest}`,
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
  if (odd) {
    throw new UnsupportedMediaTypeError(
      odd.mediaType,
      "it is no filesystem layer, so this is an artifact and no image",
    );
  }
  const fields = parseObject(document.bytes, CONFIG_SHAPE, subject);
  const rootfs = fields.rootfs as Fields | undefined;
  const diffIds = rootfs && typeof rootfs === "object"
    ? rootfs.diff_ids
    : undefined;
  if (diffIds !== undefined && !Array.isArray(diffIds)) {
    throw new InvalidDocumentError(subject, "rootfs.diff_ids is no list");
  }
  const ids = (diffIds ?? []) as unknown[];
  for (const id of ids) checkDigest(id, "rootfs.diff_ids", subject);
  if (ids.length !== manifest.layers.length) {
    throw new InvalidDocumentError(
      subject,
      `it speaks of ${ids.length} layers, the manifest of ${manifest.layers.length}`,
    );
  }
  const text = (key: string): string | undefined =>
    typeof fields[key] === "string" ? fields[key] as string : undefined;
  const variant = text("variant");
  const version = text("os.version");
  const created = text("created");
  return {
    os: text("os") || "linux",
    architecture: text("architecture") || "unknown",
    ...(variant && { variant }),
    ...(version && { "os.version": version }),
    ...(created && { created }),
    rootfs: { type: "layers", diff_ids: ids as string[] },
  };
}
