/** What a served document is. Its own words count before its label. */

import { artifactKind } from "./artifact.ts";
import { type Fields, kindOf, parseObject } from "./document_fields.ts";
import { MANIFEST_SHAPE } from "./document_shapes.ts";
import {
  InvalidDocumentError,
  NotAnImageError,
  UnsupportedMediaTypeError,
} from "./errors.ts";
import {
  bareMediaType,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  isConfig,
  isIndex,
  isManifest,
  OCI_INDEX,
  OCI_MANIFEST,
} from "./media_types.ts";

const ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json";
const DOCUMENT_TYPES = [
  OCI_INDEX,
  OCI_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_MANIFEST,
];

/** Docker's first form of a manifest, and the one with signatures. */
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

/**
 * Finds out what a served document is: by what it says itself, by the type of
 * its configuration, and only then by the Content-Type that it was served
 * with. Registries label a manifest of one kind as one of the other, or all of
 * them as `text/plain`. That an index is labelled as a manifest is no slip:
 * each of two readers could be shown another image.
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
  if (fields.schemaVersion === 1) throw schema1();
  refuseArtifactManifest(fields, contentType);
  const kind = kindOf(fields, subject);
  const own = typeof fields.mediaType === "string"
    ? bareMediaType(fields.mediaType) || undefined
    : undefined;
  const label = bareMediaType(contentType ?? "");
  const served = label.startsWith("application/vnd.") && !SCHEMA_1.test(label)
    ? label
    : undefined;
  for (const type of [own, served]) {
    if (type === undefined) continue;
    if (!isIndex(type) && !isManifest(type)) {
      throw new UnsupportedMediaTypeError(
        type,
        { code: "unknown-document", known: DOCUMENT_TYPES },
      );
    }
    if (isIndex(type) !== (kind === "index")) {
      throw new InvalidDocumentError(
        subject,
        type !== own && own !== undefined
          ? { code: "ambiguous-type", own, told: type }
          : { code: "ambiguous-fields", told: type, fields: kind },
      );
    }
  }
  return own ?? (kind === "index" ? undefined : byConfig(fields.config)) ??
    served ?? (kind === "index" ? OCI_INDEX : OCI_MANIFEST);
}

/** The image-spec had a manifest for what is no image, until 1.1. */
function refuseArtifactManifest(
  { mediaType, artifactType, ...others }: Fields,
  contentType: string | null,
): void {
  if (!Array.isArray(others.blobs) || "layers" in others) return;
  const type = typeof mediaType === "string" ? mediaType : contentType ?? "";
  if (bareMediaType(type) !== ARTIFACT_MANIFEST) return;
  const declared = typeof artifactType === "string" ? artifactType : "";
  throw new NotAnImageError(
    artifactKind(declared) ?? "files",
    declared || ARTIFACT_MANIFEST,
  );
}

/** What a manifest is by the type of its configuration, if that tells. */
function byConfig(config: unknown): string | undefined {
  const type = (config as Fields | null | undefined)?.mediaType;
  if (typeof type !== "string" || !isConfig(bareMediaType(type))) {
    return undefined;
  }
  return type.includes("vnd.docker.") ? DOCKER_MANIFEST : OCI_MANIFEST;
}

/**
 * Whether a document is one of schema 1, in which registries from before 2018
 * answer those whose wishes they cannot read.
 *
 * @param bytes The document, which may be anything.
 */
export function isSchema1(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes);
  if (!/"schemaVersion"\s*:\s*1\b/.test(text)) return false;
  try {
    const { schemaVersion, fsLayers } = JSON.parse(text) as Fields;
    return schemaVersion === 1 && Array.isArray(fsLayers);
  } catch {
    return false;
  }
}

/** The error about it. */
export function schema1(): UnsupportedMediaTypeError {
  return new UnsupportedMediaTypeError(
    "application/vnd.docker.distribution.manifest.v1+json",
    { code: "schema-1" },
  );
}
