/** Opens what is said to refer to an image, and holds it against what it says itself. */

import {
  ArchiveError,
  ContentMismatchError,
  InvalidDocumentError,
  RegistryError,
} from "../../image/errors.ts";
import type { ImageSource } from "../../image/image_source.ts";
import { parseIndex, parseManifest } from "../../image/manifest.ts";
import { isIndex } from "../../image/media_types.ts";
import type { Proofs, Referrer, ReferrerEntry } from "../../image/referrer.ts";
import type { Document } from "../../image/types.ts";
import { sideBySide } from "./side_by_side.ts";

/** So many documents are asked for at a time. */
const SIDE_BY_SIDE = 8;
/** What refers to what refers to what refers to an image is enough. */
const MAX_DEPTH = 3;
/** More than that are carried with no image. */
const MAX_REFERRERS = 1_000;

/** What was found of what refers to something. */
export interface FoundReferrers {
  /** What does so. */
  referrers: Referrer[];
  /** What is said to, and says otherwise itself, and what it says. */
  strangers: { entry: ReferrerEntry; subject?: string }[];
  /** What is no manifest, or a malformed one. */
  malformed: ReferrerEntry[];
  /** What is not there, or is something else than its digest says. */
  damaged: ReferrerEntry[];
}

/**
 * What refers to a digest, each opened.
 *
 * @param source Where it can be had; it may know nothing of such.
 * @throws {DockerPullError} If it cannot be asked.
 */
export async function openReferrers(
  source: ImageSource,
  digest: string,
  signal?: AbortSignal,
): Promise<FoundReferrers> {
  const entries = await source.referrers?.(digest, { signal }) ?? [];
  const found: FoundReferrers = {
    referrers: [],
    strangers: [],
    malformed: [],
    damaged: [],
  };
  const opened = new Map<ReferrerEntry, Referrer | string | undefined>();
  await sideBySide(entries, SIDE_BY_SIDE, async (entry) => {
    opened.set(entry, await openOne(source, entry, signal));
  });
  for (const entry of entries) {
    const one = opened.get(entry);
    if (one === "malformed" || one === "damaged") found[one].push(entry);
    else if (typeof one === "object") found.referrers.push(one);
    else found.strangers.push({ entry, subject: one });
  }
  return found;
}

/** The referrer; or what is wrong with it, or what else it refers to. */
async function openOne(
  source: ImageSource,
  entry: ReferrerEntry,
  signal?: AbortSignal,
): Promise<Referrer | string | undefined> {
  const { descriptor, subject, tag } = entry;
  try {
    const document = await source.fetchManifest(descriptor, { signal });
    if (isIndex(document.descriptor.mediaType)) return "malformed";
    const manifest = parseManifest(document);
    const { config } = manifest;
    const said = manifest as typeof manifest & {
      subject?: { digest?: unknown };
    };
    const own = said.subject?.digest;
    // Older versions of cosign say it by the tag alone.
    if (own !== subject && !(own === undefined && tag !== undefined)) {
      return typeof own === "string" ? own : undefined;
    }
    const { artifactType } = manifest;
    return {
      ...entry,
      document,
      manifest,
      artifactType: typeof artifactType === "string" && artifactType
        ? artifactType
        : config.mediaType,
    };
  } catch (error) {
    if (error instanceof InvalidDocumentError) return "malformed";
    // Lists go on naming what was removed, and anybody may add to some.
    const isGone = error instanceof ArchiveError ||
      error instanceof RegistryError && error.status === 404;
    if (isGone || error instanceof ContentMismatchError) return "damaged";
    throw error;
  }
}

/**
 * All that refers to an image, and what is needed to prove what it refers to.
 *
 * @param source Where it can be had.
 * @param top What the image's name stands for where it comes from.
 * @param manifests The manifests of those platforms that are taken of it.
 */
export async function findProofs(
  source: ImageSource,
  top: Document,
  manifests: readonly Document[],
  signal?: AbortSignal,
): Promise<Proofs> {
  const referrers = new Map<string, Referrer>();
  const originals = new Map<string, Document>();
  const known = new Set<string>();
  let asked = [top, ...manifests].map(({ descriptor }) => descriptor.digest);
  for (let depth = 0; depth < MAX_DEPTH && asked.length > 0; depth++) {
    const next: string[] = [];
    for (const digest of asked) {
      if (known.has(digest)) continue;
      known.add(digest);
      const found = await openReferrers(source, digest, signal);
      for (const referrer of found.referrers) {
        const own = referrer.document.descriptor.digest;
        if (referrers.has(own) || referrers.size >= MAX_REFERRERS) continue;
        referrers.set(own, referrer);
        next.push(own);
        // A file may have been pruned: what was signed lies in it all the same.
        if (referrer.subject !== digest) {
          await keepIndexes(source, referrer.subject, originals, signal);
        }
      }
    }
    asked = next;
  }
  if (referrers.size > 0 && isIndex(top.descriptor.mediaType)) {
    originals.set(top.descriptor.digest, top);
    await keepNested(source, top, originals, signal);
  }
  return {
    referrers: [...referrers.values()],
    originals: [...originals.values()],
  };
}

async function keepIndexes(
  source: ImageSource,
  digest: string,
  originals: Map<string, Document>,
  signal?: AbortSignal,
): Promise<void> {
  if (originals.has(digest)) return;
  const document = await source.fetchManifest(digest, { signal });
  if (!isIndex(document.descriptor.mediaType)) return;
  originals.set(digest, document);
  await keepNested(source, document, originals, signal);
}

/** The indexes in an index, as far as they are there. */
async function keepNested(
  source: ImageSource,
  top: Document,
  originals: Map<string, Document>,
  signal?: AbortSignal,
): Promise<void> {
  for (const entry of parseIndex(top).manifests) {
    if (!isIndex(entry.mediaType) || originals.has(entry.digest)) continue;
    if (originals.size >= MAX_REFERRERS) return;
    const nested = await source.fetchManifest(entry, { signal });
    originals.set(entry.digest, nested);
    await keepNested(source, nested, originals, signal);
  }
}
