/** What refers to an image in an archive or a layout, by its `index.json`. */

import { REF_NAME } from "../../image/annotations.ts";
import { parseIndex } from "../../image/manifest.ts";
import { isIndex } from "../../image/media_types.ts";
import {
  digestOfTag,
  type ReferrerEntry,
  subjectOfEntry,
} from "../../image/referrer.ts";
import type { Descriptor, Document } from "../../image/types.ts";

/** An index in an index in an index is enough. */
const MAX_DEPTH = 4;

/** What holds documents, and names some of them. */
export interface NamedDocuments {
  /** The entries of its `index.json`, with their annotations. */
  entries(): Promise<readonly Descriptor[]>;
  /** A manifest or an index by its digest, verified, if it is there. */
  document(digest: string): Promise<Document | undefined>;
}

/** What is said to refer to a digest, or to an index that lists it. */
export async function heldReferrers(
  held: NamedDocuments,
  digest: string,
): Promise<ReferrerEntry[]> {
  const found: ReferrerEntry[] = [];
  for (const entry of await held.entries()) {
    const said = subjectOfEntry(entry, entry.annotations?.[REF_NAME]);
    if (said) {
      found.push(said);
      continue;
    }
    found.push(...await listedUnderTag(held, entry));
    const subject = await ownSubject(held, entry);
    if (subject === undefined) continue;
    const { mediaType, size } = entry;
    const descriptor = { mediaType, digest: entry.digest, size };
    found.push({ descriptor, subject });
  }
  const lists = new Map<string, boolean>();
  const seen = new Set<string>();
  const wanted: ReferrerEntry[] = [];
  for (const entry of found) {
    const { subject, descriptor } = entry;
    if (!lists.has(subject)) {
      lists.set(subject, await isBelow(held, digest, subject, MAX_DEPTH));
    }
    if (!lists.get(subject) || seen.has(descriptor.digest)) continue;
    seen.add(descriptor.digest);
    wanted.push(entry);
  }
  return wanted;
}

/** What an index lists that stands under the tag of a digest, as others keep it. */
async function listedUnderTag(
  held: NamedDocuments,
  { mediaType, digest, annotations }: Descriptor,
): Promise<ReferrerEntry[]> {
  const tag = annotations?.[REF_NAME]?.split(/[:@/]/).at(-1) ?? "";
  const subject = digestOfTag(tag);
  if (subject === undefined || !isIndex(mediaType)) return [];
  const index = await held.document(digest);
  if (!index) return [];
  return parseIndex(index).manifests.map((descriptor) => ({
    descriptor,
    subject,
  }));
}

/** What a manifest says of itself that it refers to. */
async function ownSubject(
  held: NamedDocuments,
  { digest, mediaType }: Descriptor,
): Promise<string | undefined> {
  if (isIndex(mediaType)) return undefined;
  const document = await held.document(digest).catch(() => undefined);
  if (!document) return undefined;
  const { subject } = JSON.parse(new TextDecoder().decode(document.bytes)) as {
    subject?: { digest?: unknown };
  };
  const own = subject?.digest;
  return typeof own === "string" ? own : undefined;
}

async function isBelow(
  held: NamedDocuments,
  digest: string,
  top: string,
  depth: number,
): Promise<boolean> {
  if (digest === top) return true;
  if (depth === 0 || !/^sha(?:256|512):[0-9a-f]+$/.test(top)) return false;
  const document = await held.document(top).catch(() => undefined);
  if (!document || !isIndex(document.descriptor.mediaType)) return false;
  for (const entry of parseIndex(document).manifests) {
    if (await isBelow(held, digest, entry.digest, depth - 1)) return true;
  }
  return false;
}
