/**
 * Notes in a repository what refers to what, where the registry does not do so
 * by itself: in an index under a tag made of the digest that is referred to.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema}
 */

import { digestBytes, parseDigest } from "../../image/digest.ts";
import { RegistryError } from "../../image/errors.ts";
import { MAX_DOCUMENT_SIZE } from "../../image/manifest.ts";
import {
  bareMediaType,
  MANIFEST_ACCEPT,
  OCI_INDEX,
} from "../../image/media_types.ts";
import { referrersTag } from "../../image/referrers_tag.ts";
import type { Descriptor, Document } from "../../image/types.ts";
import { discard } from "../../net/body.ts";
import { putDocument } from "./manifest_upload.ts";
import type { UploadShared } from "./shared.ts";

/** What a document says of what it refers to. */
interface Referring {
  subject?: { digest?: unknown };
  artifactType?: unknown;
  config?: { mediaType?: unknown };
  annotations?: Record<string, string>;
}

/** The digest that a document refers to, if it refers to any. */
export function subjectOf(document: Document): string | undefined {
  const digest = read(document.bytes)?.subject?.digest;
  return typeof digest === "string" ? digest : undefined;
}

function read(bytes: Uint8Array): Referring | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * Adds a document to the index of what refers to the same, unless it is in it.
 *
 * @param subject The digest that it refers to.
 * @throws {UploadError} If the registry does not take that index.
 */
export async function noteReferrer(
  shared: UploadShared,
  subject: string,
  document: Document,
  signal?: AbortSignal,
): Promise<void> {
  const tag = referrersTag(subject);
  const known = await referrersThere(shared, tag, subject, signal);
  const { digest, size, mediaType } = document.descriptor;
  if (known.some((each) => each.digest === digest)) return;
  const { artifactType, config, annotations } = read(document.bytes) ?? {};
  const type = artifactType ?? config?.mediaType;
  const entry: Descriptor = { mediaType, digest, size };
  if (typeof type === "string") entry.artifactType = type;
  if (annotations) entry.annotations = annotations;
  const bytes = new TextEncoder().encode(JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [...known, entry],
  }));
  const index = {
    mediaType: OCI_INDEX,
    digest: await digestBytes(bytes, "sha256"),
    size: bytes.length,
  };
  const options = { signal, always: true };
  await putDocument(shared, { descriptor: index, bytes }, tag, options);
}

/** Whether a document is in the index of what refers to the same. */
export async function isNoted(
  shared: UploadShared,
  subject: string,
  { descriptor: { digest } }: Document,
  signal?: AbortSignal,
): Promise<boolean> {
  const tag = referrersTag(subject);
  const known = await referrersThere(shared, tag, subject, signal);
  return known.some((each) => each.digest === digest);
}

/** Whether the registry lists by itself what refers to a digest. */
export async function listsReferrers(
  { session }: UploadShared,
  subject: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const path = `referrers/${subject}`;
  return await session.http.retrying(session.url(path), async () => {
    const headers = { accept: OCI_INDEX };
    const exchange = await session.request(path, { headers, signal }, true);
    await discard(exchange);
    const { response } = exchange;
    if (response.status >= 500) throw await session.http.toError(exchange);
    const type = response.headers.get("content-type") ?? "";
    return response.ok && bareMediaType(type) === OCI_INDEX;
  }, signal);
}

/** What the index has so far; nothing where there is none, or something else. */
async function referrersThere(
  { session }: UploadShared,
  tag: string,
  subject: string,
  signal?: AbortSignal,
): Promise<Descriptor[]> {
  const path = `manifests/${tag}`;
  const { http } = session;
  return await http.retrying(session.url(path), async () => {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      const headers = { accept: MANIFEST_ACCEPT };
      const exchange = await session.request(path, { headers, signal });
      bytes = await http.read(exchange, MAX_DOCUMENT_SIZE, `referrers ${tag}`);
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return [];
      throw error;
    }
    // There are registries that answer with what is referred to itself.
    const { algorithm } = parseDigest(subject);
    if (await digestBytes(bytes, algorithm) === subject) return [];
    const list = (read(bytes) as { manifests?: unknown } | undefined)
      ?.manifests;
    return Array.isArray(list)
      ? list.filter((each) => typeof each?.digest === "string")
      : [];
  }, signal);
}
