/**
 * Image references after the grammar of the distribution project, with
 * Docker's short names.
 *
 * @see {@link https://github.com/distribution/reference/blob/v0.6.0/reference.go}
 */

import { defined } from "./defined.ts";
import { parseDigest } from "./digest.ts";
import { InvalidDigestError, InvalidReferenceError } from "./errors.ts";
import type { ReferenceProblem } from "./problems.ts";
import {
  checkRepository,
  isRegistry,
  isTag,
  registryProblem,
  tagProblem,
} from "./reference_grammar.ts";
import { holdsLogin } from "../redact/address.ts";

export { isTag };

/** A name for an image, taken apart. */
export interface Reference {
  /** `docker.io`, or `host` or `host:port`, as a rule in lower case. */
  registry: string;
  /** The repository in that registry, such as `library/nginx`. */
  repository: string;
  /** The tag; `latest` where neither a tag nor a digest was given. */
  tag?: string;
  /** The digest, which is what counts where a tag is given too. */
  digest?: string;
}

/** What references call Docker Hub. */
export const DOCKER_HUB = "docker.io";
/** The host of Docker Hub's API. */
const DOCKER_HUB_HOST = "registry-1.docker.io";
const DOCKER_HUB_NAMES = [DOCKER_HUB, "index.docker.io", DOCKER_HUB_HOST];
const MAX_LENGTH = 1024;

/**
 * Whether a caller without types has given the parts of a name.
 *
 * @param value What was given.
 */
export function isReference(value: unknown): value is Reference {
  if (typeof value !== "object" || value === null) return false;
  const { registry, repository, tag = "", digest = "" } = value as Record<
    string,
    unknown
  >;
  return [registry, repository, tag, digest].every((part) =>
    typeof part === "string"
  );
}

/**
 * Takes a reference apart.
 *
 * A first component with a dot, a colon or a capital letter, or `localhost`,
 * is the registry; without one it is Docker Hub, whose official images are in
 * `library/`.
 *
 * @param text Such as `nginx`, `user/app:1` or `host:5000/a/b@sha256:…`.
 * @returns Its parts, with a tag or a digest or both.
 * @throws {InvalidReferenceError} Which says what is wrong where.
 *
 * @example
 * ```ts
 * import { parseReference } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseReference("nginx"), {
 *   registry: "docker.io",
 *   repository: "library/nginx",
 *   tag: "latest",
 * });
 * ```
 */
export function parseReference(text: string): Reference {
  const fail = (position: number, problem: ReferenceProblem): never => {
    throw new InvalidReferenceError(text, position, problem);
  };
  if (text === "") fail(0, { code: "empty" });
  // First of all, so that no other reason quotes a part of it.
  if (holdsLogin(text)) fail(0, { code: "login" });
  if (text.length > MAX_LENGTH) {
    fail(MAX_LENGTH, { code: "too-long", limit: MAX_LENGTH });
  }
  const odd = text.search(/[^\x21-\x7e]/);
  if (odd >= 0) {
    fail(
      odd,
      /\s/.test(text[odd]!)
        ? { code: "space" }
        : { code: "bad-character", part: text[odd]! },
    );
  }
  const scheme = /^([a-z][a-z-]{1,20}):\/\//i.exec(text);
  if (scheme) fail(0, { code: "scheme", part: scheme[0] });

  let rest = text;
  let digest: string | undefined;
  const at = rest.indexOf("@");
  if (at >= 0) {
    digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
    try {
      parseDigest(digest);
    } catch (error) {
      if (!(error instanceof InvalidDigestError)) throw error;
      fail(at + 1, { code: "bad-digest", problem: error.problem });
    }
  }

  let tag: string | undefined;
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/") && !rest.endsWith("]")) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!isTag(tag)) fail(colon + 1, tagProblem(tag));
  }

  const slash = rest.indexOf("/");
  const first = slash < 0 ? "" : rest.slice(0, slash);
  let registry = DOCKER_HUB;
  let repository = rest;
  let start = 0;
  if (slash >= 0 && isRegistry(first)) {
    const problem = registryProblem(first);
    if (problem) fail(...problem);
    registry = first.toLowerCase();
    // A capital letter may be all that makes it a host.
    if (!isRegistry(registry)) registry = first;
    if (registry === "index.docker.io") registry = DOCKER_HUB;
    repository = rest.slice(slash + 1);
    start = slash + 1;
  }
  checkRepository(repository, start, fail);
  if (start === 0 && /^[0-9a-f]{64}$/.test(repository)) {
    fail(0, { code: "image-id" });
  }
  if (registry === DOCKER_HUB && !repository.includes("/")) {
    repository = `library/${repository}`;
  }
  if (tag === undefined && digest === undefined) tag = "latest";
  return defined({ registry, repository, tag, digest });
}

/**
 * Writes a reference out in full.
 *
 * @param reference The reference.
 * @returns Such as `docker.io/library/nginx:latest`.
 *
 * @example
 * ```ts
 * import { formatReference, parseReference } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   formatReference(parseReference("nginx")),
 *   "docker.io/library/nginx:latest",
 * );
 * ```
 */
export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${
    digest === undefined ? "" : `@${digest}`
  }`;
}

/**
 * Writes a reference as Docker shows it, Docker Hub's host and `library/`
 * left out.
 *
 * @param reference The reference.
 * @returns Such as `nginx:latest`.
 *
 * @example
 * ```ts
 * import { familiarName, parseReference } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(familiarName(parseReference("docker.io/library/nginx")), "nginx:latest");
 * ```
 */
export function familiarName(reference: Reference): string {
  const full = formatReference(reference);
  if (reference.registry !== DOCKER_HUB) return full;
  const short = full.slice(DOCKER_HUB.length + 1);
  return /^library\/[^/]+$/.test(reference.repository)
    ? short.slice("library/".length)
    : short;
}

/**
 * The full name by which an image is found where its file was loaded, in
 * `index.json` the value of `io.containerd.image.name`. Loaders make a short
 * one into a name of their own, or into one that nothing finds.
 *
 * @param reference What was asked for.
 * @param manifest The digest of the image's manifest. Where an index was
 * asked for by its digest, only this one is kept, so that the index's own
 * would name what is not there.
 * @returns Such as `docker.io/library/nginx:latest`, or for a reference without
 * a tag `docker.io/library/nginx@sha256:…`.
 *
 * @example
 * ```ts
 * import { imageName, parseReference } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * const digest = `sha256:${"0".repeat(64)}`;
 * assertEquals(
 *   imageName(parseReference("nginx:1.27"), digest),
 *   "docker.io/library/nginx:1.27",
 * );
 * ```
 */
export function imageName(reference: Reference, manifest: string): string {
  const { digest: _, ...named } = reference;
  return formatReference(
    named.tag === undefined ? { ...named, digest: manifest } : named,
  );
}

/**
 * The host that answers for a registry's name.
 *
 * @param registry As in {@linkcode Reference.registry}.
 * @returns The same, but for Docker Hub, whose API has a host of its own.
 */
export function registryHost(registry: string): string {
  return registry === DOCKER_HUB ? DOCKER_HUB_HOST : registry;
}

/**
 * A registry's name in the one spelling by which names are compared.
 *
 * @param registry A host, with its port where it has one.
 * @returns It in lower case; `docker.io` for every name of Docker Hub.
 */
export function canonicalRegistry(registry: string): string {
  const host = registry.toLowerCase();
  return DOCKER_HUB_NAMES.includes(host) ? DOCKER_HUB : host;
}
