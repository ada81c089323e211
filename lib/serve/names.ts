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

/** Finds repositories by the names that clients have for them. */
export class Names {
  readonly #byName = new Map<string, Repository>();
  /** Those of each path; the first is the one that is meant by it. */
  readonly #byPath = new Map<string, Repository[]>();

  /** Takes all that there are. */
  constructor(repositories: readonly Repository[]) {
    const isHub = ({ registry }: Repository) => registry === DOCKER_HUB;
    const ordered = repositories.toSorted((a, b) =>
      Number(isHub(b)) - Number(isHub(a)) ||
      (a.registry < b.registry ? -1 : 1)
    );
    for (const each of ordered) {
      const { registry, path } = each;
      this.#byName.set(`${registry}/${path}`, each);
      this.#byPath.set(path, [...this.#byPath.get(path) ?? [], each]);
    }
  }

  /**
   * Finds the repository that is meant.
   *
   * @param name The name in a request's path.
   * @param from The registry that it is to be from, where the client says so.
   */
  find(name: string, from?: string): Repository | undefined {
    const slash = name.indexOf("/");
    const first = canonicalRegistry(name.slice(0, Math.max(0, slash)));
    const prefixed = slash > 0
      ? this.#at(first, name.slice(slash + 1))
      : undefined;
    if (from !== undefined) {
      const registry = canonicalRegistry(from);
      // Another registry's would be another image.
      return this.#at(registry, name) ??
        (first === registry ? prefixed : undefined);
    }
    return prefixed ?? this.#at(DOCKER_HUB, name) ??
      this.#byPath.get(name)?.[0];
  }

  #at(registry: string, path: string): Repository | undefined {
    return this.#byName.get(`${registry}/${path}`) ??
      (registry === DOCKER_HUB && !path.includes("/")
        ? this.#byName.get(`${registry}/${LIBRARY}${path}`)
        : undefined);
  }

  /**
   * The name that a repository is listed by: its path, or where that means
   * another one, its registry and its path.
   */
  listed(repository: Repository): string {
    const { registry, path } = repository;
    return this.find(path) === repository ? path : `${registry}/${path}`;
  }
}
