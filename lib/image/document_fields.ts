/**
 * The parts of a JSON document that come from outside: read with care, so
 * that what is returned has the shape that its type says.
 */

import { defined } from "./defined.ts";
import { parseDigest } from "./digest.ts";
import { InvalidDigestError, InvalidDocumentError } from "./errors.ts";
import { parseStrictJson, type Shape } from "./strict_json.ts";
import type { Descriptor, Platform } from "./types.ts";

/** The most bytes that a manifest, an index or a configuration may have. */
export const MAX_DOCUMENT_SIZE: number = 4 * 1024 * 1024;
/** The most bytes that one blob may have. */
const MAX_BLOB_BYTES = 2 ** 43;

/** A JSON object of which nothing is known yet. */
export type Fields = Record<string, unknown>;

/**
 * Reads bytes as JSON that every reader reads alike.
 *
 * @param bytes The document.
 * @param shape The members that readers go by.
 * @param subject What to call it in an error.
 * @returns The value.
 * @throws {InvalidDocumentError} If it is too large, no JSON or ambiguous.
 */
export function parseDocument(
  bytes: Uint8Array,
  shape: Shape,
  subject: string,
): unknown {
  if (bytes.length > MAX_DOCUMENT_SIZE) {
    throw new InvalidDocumentError(
      subject,
      { code: "too-large", size: bytes.length, limit: MAX_DOCUMENT_SIZE },
    );
  }
  return parseStrictJson(bytes, shape, subject);
}

/** The same of a document that is a JSON object. */
export function parseObject(
  bytes: Uint8Array,
  shape: Shape,
  subject: string,
): Fields {
  const value = parseDocument(bytes, shape, subject);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new InvalidDocumentError(subject, { code: "no-object" });
  }
  return value as Fields;
}

/** A document that can be read as an index and as a manifest is refused. */
export function kindOf(fields: Fields, subject: string): "index" | "manifest" {
  const asIndex = "manifests" in fields;
  const asManifest = "layers" in fields || "config" in fields ||
    "fsLayers" in fields;
  const ofTwoSchemas = "fsLayers" in fields &&
    ("layers" in fields || "config" in fields);
  if ((asIndex && asManifest) || ofTwoSchemas) {
    throw new InvalidDocumentError(
      subject,
      { code: ofTwoSchemas ? "ambiguous-schemas" : "ambiguous-index" },
    );
  }
  if (!asIndex && !asManifest) {
    throw new InvalidDocumentError(
      subject,
      { code: "neither" },
    );
  }
  return asIndex ? "index" : "manifest";
}

/** Reads a list of descriptors. */
export function readDescriptors(
  value: unknown,
  field: string,
  subject: string,
): Descriptor[] {
  if (value === undefined || value === null) value = [];
  if (!Array.isArray(value)) {
    throw new InvalidDocumentError(subject, { code: "no-list", field });
  }
  return value.map((each, i) =>
    readDescriptor(each, `${field}[${i}]`, subject)
  );
}

/** Reads a descriptor. */
export function readDescriptor(
  value: unknown,
  field: string,
  subject: string,
): Descriptor {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new InvalidDocumentError(subject, { code: "no-descriptor", field });
  }
  const fields = value as Fields;
  const { mediaType, digest, size } = fields;
  if (typeof mediaType !== "string") {
    throw new InvalidDocumentError(subject, { code: "no-media-type", field });
  }
  checkDigest(digest, field, subject);
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    throw new InvalidDocumentError(subject, { code: "no-size", field });
  }
  if ((size as number) > MAX_BLOB_BYTES) {
    throw new InvalidDocumentError(
      subject,
      {
        code: "blob-too-large",
        field,
        size: size as number,
        limit: MAX_BLOB_BYTES,
      },
    );
  }
  const { urls, platform, annotations, data } = fields;
  const texts = Array.isArray(urls)
    ? urls.filter((url) => typeof url === "string")
    : [];
  return defined({
    mediaType,
    digest: digest as string,
    size: size as number,
    urls: texts.length > 0 ? texts : undefined,
    platform: platformOf(platform),
    annotations: annotations !== null && typeof annotations === "object"
      ? annotations as Record<string, string>
      : undefined,
    data: typeof data === "string" ? data : undefined,
  });
}

function platformOf(value: unknown): Platform | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const { os, architecture, variant, ...rest } = value as Fields;
  if (typeof os !== "string" || typeof architecture !== "string") {
    return undefined;
  }
  const version = rest["os.version"];
  return defined({
    os,
    architecture,
    variant: typeof variant === "string" && variant ? variant : undefined,
    "os.version": typeof version === "string" ? version : undefined,
  });
}

/** Refuses what is no digest. */
export function checkDigest(
  value: unknown,
  field: string,
  subject: string,
): void {
  try {
    parseDigest(value as string);
  } catch (error) {
    if (!(error instanceof InvalidDigestError)) throw error;
    throw new InvalidDocumentError(
      subject,
      { code: "bad-digest", field, problem: error.problem },
      { cause: error },
    );
  }
}
