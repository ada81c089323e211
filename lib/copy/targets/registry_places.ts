/** The repositories of a registry that the names of a graph go to. */

import { parseManifest } from "../../image/manifest.ts";
import { isManifest } from "../../image/media_types.ts";
import type { OnEvent } from "../../image/events.ts";
import type { Reference } from "../../image/reference.ts";
import type { Document } from "../../image/types.ts";
import type {
  PushRepository,
  PushShared,
} from "../../registry/upload/push_repository.ts";
import { subjectOf } from "../../registry/upload/referrers.ts";
import { type GraphRoot, rootBlobs } from "../engine/graph.ts";

/** Where images go in a registry. */
export interface RegistryPlaces {
  /** What a name becomes there; without a tag, the digest names it. */
  place: (root: GraphRoot) => Reference;
  /** Opens a repository there, which tells what goes on. */
  open: (
    reference: Reference,
    shared: PushShared,
    onEvent: OnEvent,
  ) => PushRepository;
  /** Where uploads are remembered that break off, and what all share. */
  shared?: Omit<PushShared, "mountFrom">;
}

/** Of so many repositories, blobs are mounted. */
const MOST_SOURCES = 3;

/** One repository of a push. */
export interface PushPlace {
  /** Where. */
  repository: PushRepository;
  /** What goes there. */
  roots: GraphRoot[];
  /** Its name. */
  name: string;
  /** The repositories that its blobs may be mounted from. */
  sources: string[];
}

/** The repositories that the names of a graph go to. */
export function placesOf(
  roots: readonly GraphRoot[],
  { place, open, shared }: RegistryPlaces,
  onEvent: OnEvent,
): PushPlace[] {
  const found = new Map<
    string,
    Omit<PushPlace, "repository"> & { to: Reference }
  >();
  for (const root of roots) {
    const to = place(root);
    const key = `${to.registry}/${to.repository}`;
    const known = found.get(key) ??
      { to, roots: [], name: to.repository, sources: [] };
    found.set(key, known);
    known.roots.push(root);
    const { registry, repository } = root.reference;
    const near = registry === to.registry && repository !== to.repository;
    if (near && !known.sources.includes(repository)) {
      known.sources.push(repository);
    }
  }
  // What another of them has by then, the next ones take from it.
  const before: { registry: string; name: string; blobs: Set<string> }[] = [];
  return [...found.values()].map(({ to, roots, name, sources }) => {
    const { registry } = to;
    const blobs = new Set(
      roots.flatMap(rootBlobs).map(({ digest }) => digest),
    );
    for (const other of before) {
      if (other.registry !== registry || sources.includes(other.name)) continue;
      if (![...blobs].some((digest) => other.blobs.has(digest))) continue;
      sources.push(other.name);
    }
    before.push({ registry, name, blobs });
    const mountFrom = sources.slice(0, MOST_SOURCES);
    const repository = open(to, { ...shared, mountFrom }, onEvent);
    return { repository, roots, name, sources: mountFrom };
  });
}

/** The names of all repositories. */
export function placed(places: readonly PushPlace[]): [PushPlace, GraphRoot][] {
  return places.flatMap((place) =>
    place.roots.map((root): [PushPlace, GraphRoot] => [place, root])
  );
}

/** What a root's top is called in its repository. */
export function nameOf(
  root: GraphRoot,
  { place }: RegistryPlaces,
): string {
  return place(root).tag ?? root.top.descriptor.digest;
}

/** What refers to others, and the tag that says so where nothing else does. */
export interface Referring {
  /** It itself. */
  document: Document;
  /** Its tag. */
  tag?: string;
}

/**
 * The documents of a root below its top, and what refers to others apart. Of an
 * index that is there in part, manifests whose blobs are not brought stay away:
 * no registry takes them.
 *
 * @returns How many of the referrers are left out, too.
 */
export function documentsOf(root: GraphRoot): {
  parts: Document[];
  referrers: Referring[];
  left: number;
} {
  const { images, documents, top, proofs } = root;
  const seen = new Set([top.descriptor.digest]);
  const brought = new Set(rootBlobs(root).map(({ digest }) => digest));
  const isBrought = (each: Document) =>
    !isManifest(each.descriptor.mediaType) ||
    parseManifest(each).layers.every(({ digest }) => brought.has(digest));
  const parts: Document[] = [];
  const referrers: Referring[] = [];
  for (
    const each of [
      ...images.map(({ found }) => found.manifest),
      ...documents.filter(isBrought),
    ]
  ) {
    if (seen.has(each.descriptor.digest)) continue;
    seen.add(each.descriptor.digest);
    if (subjectOf(each) === undefined) parts.push(each);
    else referrers.push({ document: each });
  }
  let left = 0;
  for (const { document, subject, tag } of proofs?.referrers ?? []) {
    const { digest } = document.descriptor;
    if (seen.has(digest)) continue;
    // What is about something that does not go there would be found by nobody.
    if (!seen.has(subject)) {
      left++;
      continue;
    }
    seen.add(digest);
    referrers.push({ document, tag });
  }
  return { parts, referrers, left };
}
