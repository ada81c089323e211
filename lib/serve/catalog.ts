/**
 * Which repositories there are, which tags they have, and what belongs to
 * them: what is reached from their names, and nothing else.
 */

import { digestBytes } from "../image/digest.ts";
import { ProblemError } from "../image/errors.ts";
import {
  documentMediaType,
  parseIndex,
  parseManifest,
} from "../image/manifest.ts";
import { isIndex, isManifest, OCI_INDEX } from "../image/media_types.ts";
import { formatPlatform } from "../image/platform.ts";
import type { Descriptor, Document, Platform } from "../image/types.ts";
import { configPlatform } from "./config.ts";
import type { Documents } from "./documents.ts";
import { nameEntry } from "./names.ts";
import type { Repository } from "./repository.ts";
import type { Contents } from "./shelf.ts";

/** The deepest that indexes are nested. */
const MAX_DEPTH = 8;

/** What is not served, and why. */
export interface ServeProblem {
  /**
   * A document or blob that is not there, or is damaged; a name that is none;
   * all of it, which cannot be read.
   */
  code: "missing" | "damaged" | "name" | "unreadable";
  /** What it is about: a digest, a name, or the system's code. */
  subject: string;
  /** The file or folder. */
  path: string;
}

/** All that is served of one state of a place. */
export interface Catalog {
  /** The contents that it was made from. */
  contents: Contents;
  /** The repositories. */
  repositories: Repository[];
  /** Indexes that were made of several platforms with one name. */
  made: Map<string, Uint8Array<ArrayBuffer>>;
  /** What is not served. */
  problems: Omit<ServeProblem, "path">[];
}

/**
 * Finds out what is served.
 *
 * @param contents What there is.
 * @param documents Reads it.
 * @param fallback What a repository is called whose image has no name.
 */
export async function makeCatalog(
  contents: Contents,
  documents: Documents,
  fallback: string,
): Promise<Catalog> {
  const repositories = new Map<string, Repository>();
  const catalog: Catalog = {
    contents,
    repositories: [],
    made: new Map(),
    problems: [],
  };
  /** Tops by repository and tag, in the order in which they stand there. */
  const tops = new Map<Repository, Map<string | undefined, Document[]>>();
  const nameless: Document[] = [];
  const unnamed = repositoryOf(repositories, "", fallback);
  const add = (home: Repository, tag: string | undefined, top: Document) => {
    const tags = tops.get(home) ?? new Map<string | undefined, Document[]>();
    tops.set(home, tags.set(tag, [...tags.get(tag) ?? [], top]));
  };
  for (const { names, descriptor } of contents.entries) {
    const top = await readTop(catalog, documents, descriptor);
    if (!top) continue;
    if (names.length === 0) {
      const subject = subjectOf(top);
      // What belongs to another manifest is found from that one.
      if (subject && await contents.find(subject)) continue;
      if (subject) add(unnamed, undefined, top);
      else nameless.push(top);
    }
    for (const name of names) {
      const named = nameEntry(name);
      if (!named) {
        catalog.problems.push({ code: "name", subject: name });
        continue;
      }
      const { registry, repository, tag } = named;
      const home = repository === undefined
        ? unnamed
        : repositoryOf(repositories, registry, repository);
      add(home, tag, top);
    }
  }
  // The one image of an archive without names is asked for by the file's.
  const isOnly = nameless.length === 1 && tops.size === 0;
  for (const top of nameless) {
    add(unnamed, isOnly ? "latest" : undefined, top);
  }
  for (const [home, tags] of tops) {
    for (const [tag, found] of tags) {
      for (const top of found) await reach(contents, documents, home, top);
      if (tag === undefined) continue;
      const top = await oneTop(catalog, documents, found);
      home.documents.set(top.descriptor.digest, top.descriptor);
      home.tags.set(tag, top.descriptor.digest);
    }
  }
  catalog.repositories = [...tops.keys()].filter(({ documents }) =>
    documents.size > 0
  );
  return catalog;
}

function repositoryOf(
  repositories: Map<string, Repository>,
  registry: string,
  path: string,
): Repository {
  const key = `${registry}/${path}`;
  const known = repositories.get(key) ?? {
    registry,
    path,
    tags: new Map(),
    documents: new Map(),
    blobs: new Map(),
  };
  repositories.set(key, known);
  return known;
}

async function readTop(
  catalog: Catalog,
  documents: Documents,
  descriptor: Descriptor,
): Promise<Document | undefined> {
  const { contents, problems } = catalog;
  const { digest } = descriptor;
  const found = await readDocument(contents, documents, descriptor);
  if (!found) {
    const there = await contents.find(digest);
    problems.push({ code: there ? "damaged" : "missing", subject: digest });
  }
  return found;
}

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
function subjectOf({ bytes }: Document): string | undefined {
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

/**
 * What a tag stands for: its one manifest or index, or else an index of all
 * the platforms that have come under this name.
 */
async function oneTop(
  catalog: Catalog,
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
      await platformOf(catalog, documents, top);
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
  catalog.made.set(digest, bytes);
  const size = bytes.length;
  return { descriptor: { mediaType: OCI_INDEX, digest, size }, bytes };
}

async function platformOf(
  { contents }: Catalog,
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
