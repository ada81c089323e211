/**
 * What a repository is called here. `docker.io/library/nginx` is also
 * `library/nginx` and `nginx`, and `ghcr.io/owner/app` is also `owner/app`.
 */

import { InvalidReferenceError } from "../image/errors.ts";
import {
  canonicalRegistry,
  DOCKER_HUB,
  isTag,
  parseReference,
} from "../image/reference.ts";
import type { Repository } from "./repository.ts";

/** Official images of Docker Hub may leave this out. */
const LIBRARY = "library/";

/** What an entry's name says. */
export interface EntryName {
  /** The registry; empty where the name is a tag alone. */
  registry: string;
  /** The repository; nothing where the name is a tag alone. */
  repository?: string;
  /** The tag, where it has one. */
  tag?: string;
}

/** Takes the name of an entry apart; `undefined` where it is none. */
export function nameEntry(name: string): EntryName | undefined {
  // In a layout of other tools, a name is often a tag and no more.
  if (isTag(name)) return { registry: "", tag: name };
  try {
    const { registry, repository, tag } = parseReference(name);
    return { registry: canonicalRegistry(registry), repository, tag };
  } catch (error) {
    if (error instanceof InvalidReferenceError) return undefined;
    throw error;
  }
}

/** A repository's name made of a file's: `My App.tar.gz` is `my-app`. */
export function repositoryOfFile(path: string): string {
  const [base = ""] = path.replace(/[\\/]+$/, "").split(/[\\/]/).slice(-1);
  const name = base.toLowerCase().replace(/\.(?:tar|tgz|t?zst)(?:\.\w+)?$/, "")
    .replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 100);
  return name.replace(/-+$/, "") || "image";
}

/**
 * Finds the repository that is meant.
 *
 * @param repositories All that there are.
 * @param name The name in a request's path.
 * @param from The registry that it is to be from, where the client says so.
 */
export function findRepository(
  repositories: readonly Repository[],
  name: string,
  from?: string,
): Repository | undefined {
  const at = (registry: string, path: string) =>
    repositories.find((each) =>
      each.registry === registry &&
      (each.path === path || each.path === officialName(registry, path))
    );
  const [first = "", ...rest] = name.split("/");
  const prefixed = rest.length
    ? at(canonicalRegistry(first), rest.join("/"))
    : undefined;
  if (from !== undefined) {
    const registry = canonicalRegistry(from);
    // Another registry's would be another image.
    return at(registry, name) ??
      (prefixed?.registry === registry ? prefixed : undefined);
  }
  return prefixed ?? at(DOCKER_HUB, name) ??
    repositories.filter(({ path }) => path === name)
      .toSorted((a, b) => a.registry < b.registry ? -1 : 1)[0];
}

function officialName(registry: string, path: string): string {
  return registry === DOCKER_HUB && !path.includes("/")
    ? `${LIBRARY}${path}`
    : path;
}

/**
 * The name that a repository is listed by: its path, or where that means
 * another one, its registry and its path.
 */
export function listedName(
  repositories: readonly Repository[],
  repository: Repository,
): string {
  const { registry, path } = repository;
  return findRepository(repositories, path) === repository
    ? path
    : `${registry}/${path}`;
}
