/** What a name leads to, as far as it is there. */

import { ProblemError } from "../image/errors.ts";
import {
  documentMediaType,
  parseIndex,
  parseManifest,
} from "../image/manifest.ts";
import { isIndex, isManifest } from "../image/media_types.ts";
import type { Descriptor, Document } from "../image/types.ts";
import type { Documents } from "./documents.ts";
import type { Repository } from "./repository.ts";
import type { Contents } from "./shelf.ts";

/** The deepest that indexes are nested. */
const MAX_DEPTH = 8;

/**
 * A manifest or an index, with its own media type.
 *
 * @returns The document; `undefined` where it is not there, or is none.
 */
export async function readDocument(
  contents: Contents,
  documents: Documents,
  descriptor: Descriptor,
): Promise<Document | undefined> {
  const { digest, platform, mediaType } = descriptor;
  const bytes = await documents.read(contents, digest);
  if (!bytes) return undefined;
  try {
    const own: Descriptor = {
      mediaType: documentMediaType(bytes, mediaType, digest),
      digest,
      size: bytes.length,
    };
    if (platform) own.platform = platform;
    return { descriptor: own, bytes };
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

/** The digest of what a document refers to, if it refers to anything. */
export function subjectOf({ bytes }: Document): string | undefined {
  const { subject } = JSON.parse(new TextDecoder().decode(bytes));
  const digest: unknown = subject?.digest;
  return typeof digest === "string" ? digest : undefined;
}

/** Adds to a repository all that a document leads to and that is there. */
export async function reach(
  contents: Contents,
  documents: Documents,
  home: Repository,
  top: Document,
  depth = 0,
): Promise<void> {
  const { descriptor } = top;
  if (depth > MAX_DEPTH || home.documents.has(descriptor.digest)) return;
  home.documents.set(descriptor.digest, descriptor);
  try {
    if (!isIndex(descriptor.mediaType)) {
      const { config, layers } = parseManifest(top);
      for (const blob of [config, ...layers]) home.blobs.set(blob.digest, blob);
      return;
    }
    for (const child of parseIndex(top).manifests) {
      if (!isIndex(child.mediaType) && !isManifest(child.mediaType)) {
        // BuildKit's cache lists its layers.
        home.blobs.set(child.digest, child);
        continue;
      }
      const document = await readDocument(contents, documents, child);
      if (!document) continue; // of another platform
      await reach(contents, documents, home, document, depth + 1);
    }
  } catch (error) {
    // It is given as it is, for whoever can make something of it.
    if (!(error instanceof ProblemError)) throw error;
  }
}
