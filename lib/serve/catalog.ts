/**
 * Which repositories there are, which tags they have, and what belongs to
 * them: what is reached from their names, and nothing else.
 */

import type { Descriptor, Document } from "../image/types.ts";
import type { Documents } from "./documents.ts";
import { nameEntry, Names } from "./names.ts";
import { reach, readDocument, subjectOf } from "./reach.ts";
import type { Repository } from "./repository.ts";
import type { Contents } from "./shelf.ts";
import { oneTop } from "./tag_index.ts";

/** What is not served, and why. */
export interface ServeProblem {
  /**
   * A document or blob that is not there, or is damaged; a name that is none;
   * all of it, which cannot be read; layers that a delta lacks.
   */
  code: "missing" | "damaged" | "name" | "unreadable" | "delta";
  /**
   * What it is about: a digest, a name, the system's code, or how many layers a
   * delta lacks.
   */
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
  /** What they are called. */
  names: Names;
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
    names: new Names([]),
    made: new Map(),
    problems: [],
  };
  const { delta } = contents;
  if (delta) {
    const subject = `${delta.layers.length}`;
    catalog.problems.push({ code: "delta", subject });
  }
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
      const top = await oneTop(contents, documents, found);
      if (!found.includes(top)) {
        catalog.made.set(top.descriptor.digest, top.bytes);
      }
      home.documents.set(top.descriptor.digest, top.descriptor);
      home.tags.set(tag, top.descriptor.digest);
    }
  }
  catalog.repositories = [...tops.keys()].filter(({ documents }) =>
    documents.size > 0
  );
  catalog.names = new Names(catalog.repositories);
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
