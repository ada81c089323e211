/**
 * Reads indexes, manifests and configurations, and refuses what could be
 * taken for two things at once.
 *
 * @see {@link https://github.com/advisories/GHSA-mc8v-mgrf-8f4m}
 */

import { digestBytes, parseDigest } from "./digest.ts";
import {
  InvalidDigestError,
  InvalidDocumentError,
  UnsupportedMediaTypeError,
} from "./errors.ts";
import {
  bareMediaType,
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  isIndex,
  isLayer,
  isManifest,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from "./media_types.ts";
import type {
  Descriptor,
  Document,
  ImageConfig,
  Index,
  Manifest,
  Platform,
} from "./types.ts";

/** What Docker's types are called in OCI. */
const OCI_TYPES: ReadonlyMap<string, string> = new Map([
  [DOCKER_CONFIG, OCI_CONFIG],
  [DOCKER_LAYER_GZIP, OCI_LAYER_GZIP],
  [
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.oci.image.layer.v1.tar",
  ],
  [
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    "application/vnd.oci.image.layer.v1.tar+zstd",
  ],
  [
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  ],
]);

/** The most bytes that a manifest, an index or a configuration may have. */
export const MAX_DOCUMENT_SIZE: number = 4 * 1024 * 1024;
/** The most entries that an index may have. */
const MAX_ENTRIES = 10_000;
/** The most layers that an image may have; Docker itself takes 125. */
const MAX_LAYERS = 1_000;
/** The most bytes that one blob may have. */
const MAX_BLOB_SIZE = 2 ** 43;

type Fields = Record<string, unknown>;

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
  const fields = parseObject(bytes, subject);
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
      : /vnd\.docker\./.test(String((fields.config as Fields)?.mediaType))
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

/**
 * Reads an index.
 *
 * @param document The document, already verified.
 * @returns The index, with every descriptor checked.
 * @throws {InvalidDocumentError} If it is malformed or ambiguous.
 */
export function parseIndex(document: Document): Index {
  const subject = `index ${document.descriptor.digest}`;
  const fields = parseObject(document.bytes, subject);
  if (kindOf(fields, subject) !== "index") {
    throw new InvalidDocumentError(subject, "it is no index");
  }
  const manifests = descriptors(fields.manifests, "manifests", subject);
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
  const fields = parseObject(document.bytes, subject);
  if (kindOf(fields, subject) !== "manifest") {
    throw new InvalidDocumentError(subject, "it is no manifest");
  }
  const config = descriptor(fields.config, "config", subject);
  const layers = descriptors(fields.layers, "layers", subject);
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
    ...(descriptor.urls && { urls: descriptor.urls }),
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
      ...(platform && { platform }),
    },
  };
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
  const fields = parseObject(document.bytes, subject);
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

function parseObject(bytes: Uint8Array, subject: string): Fields {
  if (bytes.length > MAX_DOCUMENT_SIZE) {
    throw new InvalidDocumentError(
      subject,
      `it has ${bytes.length} bytes, more than ${MAX_DOCUMENT_SIZE}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InvalidDocumentError(subject, "it is no JSON", { cause });
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new InvalidDocumentError(subject, "it is no JSON object");
  }
  return value as Fields;
}

/** A document that can be read as an index and as a manifest is refused. */
function kindOf(fields: Fields, subject: string): "index" | "manifest" {
  const asIndex = "manifests" in fields;
  const asManifest = "layers" in fields || "config" in fields ||
    "fsLayers" in fields;
  if (asIndex && asManifest) {
    throw new InvalidDocumentError(
      subject,
      "it can be read as an index and as a manifest",
    );
  }
  if (!asIndex && !asManifest) {
    throw new InvalidDocumentError(
      subject,
      "it is neither an index nor a manifest",
    );
  }
  return asIndex ? "index" : "manifest";
}

function descriptors(
  value: unknown,
  field: string,
  subject: string,
): Descriptor[] {
  if (value === undefined || value === null) value = [];
  if (!Array.isArray(value)) {
    throw new InvalidDocumentError(subject, `${field} is no list`);
  }
  return value.map((each, i) => descriptor(each, `${field}[${i}]`, subject));
}

function descriptor(
  value: unknown,
  field: string,
  subject: string,
): Descriptor {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new InvalidDocumentError(subject, `${field} is no descriptor`);
  }
  const fields = value as Fields;
  const { mediaType, digest, size } = fields;
  if (typeof mediaType !== "string") {
    throw new InvalidDocumentError(subject, `${field} has no mediaType`);
  }
  checkDigest(digest, field, subject);
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    throw new InvalidDocumentError(subject, `${field} has no size`);
  }
  if ((size as number) > MAX_BLOB_SIZE) {
    throw new InvalidDocumentError(
      subject,
      `${field} has ${size} bytes, more than ${MAX_BLOB_SIZE}`,
    );
  }
  const { urls, platform, annotations, data } = fields;
  const texts = Array.isArray(urls)
    ? urls.filter((url) => typeof url === "string")
    : [];
  const machine = platformOf(platform);
  return {
    mediaType,
    digest: digest as string,
    size: size as number,
    ...(texts.length > 0 && { urls: texts }),
    ...(machine && { platform: machine }),
    ...(annotations !== null && typeof annotations === "object" &&
      { annotations: annotations as Record<string, string> }),
    ...(typeof data === "string" && { data }),
  };
}

function platformOf(value: unknown): Platform | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const { os, architecture, variant, ...rest } = value as Fields;
  if (typeof os !== "string" || typeof architecture !== "string") {
    return undefined;
  }
  const version = rest["os.version"];
  return {
    os,
    architecture,
    ...(typeof variant === "string" && variant && { variant }),
    ...(typeof version === "string" && { "os.version": version }),
  };
}

function checkDigest(value: unknown, field: string, subject: string): void {
  try {
    parseDigest(value as string);
  } catch (error) {
    if (!(error instanceof InvalidDigestError)) throw error;
    throw new InvalidDocumentError(
      subject,
      `${field} has no digest that can be used: ${error.reason}`,
      { cause: error },
    );
  }
}
