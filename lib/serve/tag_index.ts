/** What a tag stands for that several images have. */

import { digestBytes } from "../image/digest.ts";
import { ProblemError } from "../image/errors.ts";
import { parseManifest } from "../image/manifest.ts";
import { isIndex, OCI_INDEX } from "../image/media_types.ts";
import { formatPlatform } from "../image/platform.ts";
import type { Descriptor, Document, Platform } from "../image/types.ts";
import { configPlatform } from "./config.ts";
import type { Documents } from "./documents.ts";
import type { Contents } from "./shelf.ts";

/**
 * What a tag stands for: its one manifest or index, or else an index of all
 * the platforms that have come under this name.
 */
export async function oneTop(
  contents: Contents,
  documents: Documents,
  tops: Document[],
): Promise<Document> {
  const last = tops.at(-1)!;
  const distinct = new Map(tops.map((top) => [top.descriptor.digest, top]));
  if (distinct.size === 1) return last;
  // Of an index and a manifest, the index is the whole.
  const index = tops.findLast(({ descriptor }) =>
    isIndex(descriptor.mediaType)
  );
  if (index) return index;
  const byPlatform = new Map<string, Descriptor>();
  for (const top of distinct.values()) {
    const platform = top.descriptor.platform ??
      await platformOf(contents, documents, top);
    if (!platform) return last;
    const { mediaType, digest, size } = top.descriptor;
    const entry = { mediaType, digest, size, platform };
    byPlatform.set(formatPlatform(platform), entry);
  }
  const manifests = [...byPlatform].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([, entry]) => entry);
  if (manifests.length === 1) return last;
  const bytes = new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }),
  );
  const digest = await digestBytes(bytes);
  const size = bytes.length;
  return { descriptor: { mediaType: OCI_INDEX, digest, size }, bytes };
}

async function platformOf(
  contents: Contents,
  documents: Documents,
  top: Document,
): Promise<Platform | undefined> {
  try {
    const { config } = parseManifest(top);
    const bytes = await documents.read(contents, config.digest);
    return bytes && configPlatform(bytes);
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}
