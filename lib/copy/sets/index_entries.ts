/** Everything in an index, and an index of a part of it. */

import { digestBytes } from "../../image/digest.ts";
import { InvalidDocumentError } from "../../image/errors.ts";
import { parseIndex } from "../../image/manifest.ts";
import { isIndex, OCI_INDEX } from "../../image/media_types.ts";
import type { Descriptor, Document } from "../../image/types.ts";

/** How deep indexes may be nested. */
const MOST_NESTED = 4;
/** How many entries are looked at. */
const MOST_ENTRIES = 1_000;

/** An entry of an index, or of one within it. */
export interface IndexEntry {
  /** What it names; never an index. */
  descriptor: Descriptor;
  /** The entry as it is written there, with all that it says. */
  raw: Record<string, unknown>;
  /** The index that it is in. */
  index: Document;
}

/** What is in an index. */
export interface IndexContent {
  /** All entries that are no index, in their order. */
  entries: IndexEntry[];
  /** The indexes within it, innermost first. */
  indexes: Document[];
}

/**
 * Lists what is in an index and in those within it, each once.
 *
 * @param top The index.
 * @param open Gets an index within another.
 * @throws {InvalidDocumentError} If that goes too deep, or is too much.
 */
export async function indexContent(
  top: Document,
  open: (index: string, entry: Descriptor) => Promise<Document>,
): Promise<IndexContent> {
  const seen = new Set<string>();
  const content: IndexContent = { entries: [], indexes: [] };
  const walk = async (index: Document, depth: number): Promise<void> => {
    const { digest } = index.descriptor;
    const refuse = (
      code: "index-too-deep" | "not-among-first",
      limit: number,
    ) => new InvalidDocumentError(`index ${digest}`, { code, limit });
    if (depth >= MOST_NESTED) throw refuse("index-too-deep", MOST_NESTED);
    const raws = rawEntries(index);
    for (const [i, descriptor] of parseIndex(index).manifests.entries()) {
      if (seen.has(descriptor.digest)) continue;
      seen.add(descriptor.digest);
      if (seen.size > MOST_ENTRIES) {
        throw refuse("not-among-first", MOST_ENTRIES);
      }
      if (isIndex(descriptor.mediaType)) {
        const inner = await open(digest, descriptor);
        await walk(inner, depth + 1);
        content.indexes.push(inner);
      } else {
        content.entries.push({ descriptor, raw: raws[i] ?? {}, index });
      }
    }
  };
  await walk(top, 0);
  return content;
}

function rawEntries({ bytes }: Document): Record<string, unknown>[] {
  return fieldsOf(bytes).manifests as Record<string, unknown>[] ?? [];
}

function fieldsOf(bytes: Uint8Array): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/**
 * An index of some entries of another, which says of the whole what that says.
 *
 * @param top The other one.
 * @param raws The entries, as they are to be written.
 * @param mediaType Its type, where it is to be another.
 */
export async function indexOf(
  top: Document,
  raws: readonly Record<string, unknown>[],
  mediaType: string = top.descriptor.mediaType || OCI_INDEX,
): Promise<Document> {
  const bytes = new TextEncoder().encode(JSON.stringify({
    ...fieldsOf(top.bytes),
    mediaType,
    manifests: raws,
  }));
  const digest = await digestBytes(bytes);
  return { bytes, descriptor: { mediaType, digest, size: bytes.length } };
}
