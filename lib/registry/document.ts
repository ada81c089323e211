/** Manifests and indexes as a registry serves them, verified. */

import { digestBytes, parseDigest, verifyBytes } from "../image/digest.ts";
import {
  ContentMismatchError,
  InvalidDigestError,
  InvalidDocumentError,
  InvalidReferenceError,
} from "../image/errors.ts";
import { documentMediaType, MAX_DOCUMENT_SIZE } from "../image/manifest.ts";
import { bareMediaType, isIndex, isManifest } from "../image/media_types.ts";
import { isTag } from "../image/reference.ts";
import type { Descriptor, Document } from "../image/types.ts";

/**
 * Makes a document of bytes, and verifies them.
 *
 * @param bytes The bytes.
 * @param contentType The Content-Type that they were served with.
 * @param target What was asked for.
 * @returns The document.
 * @throws {ContentMismatchError} If the bytes are not those of the digest.
 * @throws {InvalidDocumentError} If they are malformed or ambiguous, or
 * another kind of thing than was announced.
 * @throws {UnsupportedMediaTypeError} If they are neither manifest nor index.
 */
export async function toDocument(
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string | null,
  target: string | Descriptor,
): Promise<Document> {
  const announced = typeof target === "string" ? undefined : target;
  const wanted = typeof target === "string" ? target : target.digest;
  const byDigest = wanted.includes(":");
  const algorithm = byDigest ? parseDigest(wanted).algorithm : "sha256";
  const size = bytes.length;
  const digest = await digestBytes(bytes, algorithm);
  if (announced) await verifyBytes(bytes, announced);
  else if (byDigest && wanted !== digest) {
    const mediaType = bareMediaType(contentType ?? "");
    throw new ContentMismatchError({ mediaType, digest: wanted, size }, {
      digest,
    });
  }
  const mediaType = documentMediaType(
    bytes,
    contentType,
    `manifest ${wanted}`,
  );
  return asAnnounced(
    { descriptor: { mediaType, digest, size }, bytes },
    announced,
  );
}

/**
 * Lets nothing become part of an address that is neither tag nor digest.
 *
 * @param text The tag or digest.
 * @throws {InvalidDigestError} If it has a colon and is no digest.
 * @throws {InvalidReferenceError} If it is no tag either.
 */
export function checkTagOrDigest(text: string): void {
  if (text.includes(":")) parseDigest(text);
  else if (!isTag(text)) {
    throw new InvalidReferenceError(text, 0, { code: "no-tag-or-digest" });
  }
}

/**
 * The descriptor that a `HEAD` gives.
 *
 * @param response The response.
 * @param tagOrDigest What was asked for.
 * @returns The descriptor; nothing where something is missing or cannot be
 * believed.
 */
export function describe(
  { headers }: Response,
  tagOrDigest: string,
): Descriptor | undefined {
  const digest = headers.get("docker-content-digest")?.trim() ?? "";
  const length = headers.get("content-length") ?? "";
  const mediaType = bareMediaType(headers.get("content-type") ?? "");
  try {
    parseDigest(digest);
  } catch (error) {
    if (error instanceof InvalidDigestError) return undefined;
    throw error;
  }
  if (tagOrDigest.includes(":") && tagOrDigest !== digest) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(length)) return undefined;
  if (!isIndex(mediaType) && !isManifest(mediaType)) return undefined;
  return { mediaType, digest, size: Number(length) };
}

/**
 * Refuses a document that is another kind of thing than was announced.
 *
 * @param document The document.
 * @param announced What an index says of it.
 * @returns The document.
 * @throws {InvalidDocumentError} If one is an index and the other a manifest.
 */
export function asAnnounced(
  document: Document,
  announced?: Descriptor,
): Document {
  const { descriptor } = document;
  if (announced === undefined) return document;
  const kinds = [isIndex, isManifest];
  const differs = kinds.some((kind) =>
    kind(announced.mediaType) && !kind(descriptor.mediaType)
  );
  if (differs) {
    throw new InvalidDocumentError(
      `manifest ${descriptor.digest}`,
      {
        code: "not-as-announced",
        mediaType: descriptor.mediaType,
        announced: bareMediaType(announced.mediaType),
      },
    );
  }
  return document;
}

/**
 * The bytes that a descriptor carries itself.
 *
 * @param descriptor The descriptor, with `data`.
 * @returns The bytes, verified.
 * @throws {ContentMismatchError} If they are not those of the digest.
 * @throws {InvalidDocumentError} If they are no base64.
 */
export async function inlineData(
  descriptor: Descriptor,
): Promise<Uint8Array<ArrayBuffer>> {
  const { data = "", digest, size } = descriptor;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    if (data.length > MAX_DOCUMENT_SIZE * 2) throw new RangeError("too long");
    bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new InvalidDocumentError(
      `inline data of ${digest}`,
      { code: "bad-inline-data", size },
      { cause },
    );
  }
  await verifyBytes(bytes, descriptor);
  return bytes;
}
