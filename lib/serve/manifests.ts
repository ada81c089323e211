/** Answers requests for manifests and indexes. */

import type { Repository } from "./repository.ts";
import { ProblemError } from "../image/errors.ts";
import { isIndex } from "../image/media_types.ts";
import { parseIndex, parseManifest } from "../image/manifest.ts";
import { isTag } from "../image/reference.ts";
import type { Descriptor, Document } from "../image/types.ts";
import { type Answer, type Asked, bytesAnswer, Refusal } from "./answer.ts";
import type { Catalog } from "./catalog.ts";
import { reach, readDocument, subjectOf } from "./reach.ts";
import { contentHeaders, isKnown, validDigest } from "./conditions.ts";
import type { Documents } from "./documents.ts";

/**
 * The manifest or index behind a tag or a digest. What the client accepts is
 * not looked at: the bytes are those of the digest.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests}
 * @throws {Refusal} If there is none.
 */
export async function manifestAnswer(
  asked: Asked,
  catalog: Catalog,
  documents: Documents,
  home: Repository,
  tagOrDigest: string,
): Promise<Answer> {
  const unknown = new Refusal(
    404,
    "MANIFEST_UNKNOWN",
    "there is no such manifest",
    { reference: tagOrDigest.slice(0, 200) },
  );
  const byDigest = tagOrDigest.includes(":");
  if (!byDigest && !isTag(tagOrDigest)) throw unknown;
  const digest = byDigest
    ? validDigest(tagOrDigest)
    : home.tags.get(tagOrDigest);
  if (digest === undefined) throw unknown;
  const descriptor = home.documents.get(digest) ??
    await joined(catalog, documents, home, digest);
  const bytes = descriptor && (catalog.made.get(digest) ??
    await documents.read(catalog.contents, digest));
  if (!descriptor || !bytes) throw unknown;
  const headers = contentHeaders(digest, byDigest);
  if (isKnown(asked, digest)) return { status: 304, headers };
  return bytesAnswer(200, descriptor.mediaType, bytes, headers);
}

/**
 * A manifest that no name leads to and that belongs to the repository all the
 * same. From now on, what it leads to belongs to it, too.
 */
async function joined(
  { contents }: Catalog,
  documents: Documents,
  home: Repository,
  digest: string,
): Promise<Descriptor | undefined> {
  const descriptor = { mediaType: "", digest, size: 0 };
  const top = await readDocument(contents, documents, descriptor);
  if (!top || !belongs(home, top)) return undefined;
  await reach(contents, documents, home, top);
  return top.descriptor;
}

/**
 * Whether it refers to one of the repository's images, is the index that one
 * of them was chosen from, or one of them in other words: what came as one of
 * Docker's types is named in a layout, and so in the cache, by the same in
 * OCI's words, and has both digests.
 */
function belongs(home: Repository, top: Document): boolean {
  if (home.documents.has(subjectOf(top) ?? "")) return true;
  try {
    if (isIndex(top.descriptor.mediaType)) {
      return parseIndex(top).manifests.some(({ digest }) =>
        home.documents.has(digest)
      );
    }
    const { config, layers } = parseManifest(top);
    return [config, ...layers].every(({ digest }) => home.blobs.has(digest));
  } catch (error) {
    if (error instanceof ProblemError) return false;
    throw error;
  }
}
