/**
 * How files and helpers name a registry. Docker writes a host, or for Docker
 * Hub a URL of 2013; Podman writes a host and as much of a repository's path
 * as a login is for; older tools wrote URLs of every form.
 */

import { canonicalRegistry, DOCKER_HUB } from "../image/reference.ts";

/** What Docker's config.json and its helpers call Docker Hub. */
export const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

/** The key that Docker keeps a registry's login under. */
export function dockerServerKey(registry: string): string {
  const host = canonicalRegistry(registry);
  return host === DOCKER_HUB ? DOCKER_HUB_KEY : host;
}

/** A key of a file, taken apart. */
interface ServerKey {
  /** The host, as {@linkcode canonicalRegistry} gives it. */
  host: string;
  /** What follows the host, without slashes at its ends. */
  path: string;
  /** Whether it was written as a URL, whose path then means nothing. */
  url: boolean;
}

function parseServerKey(key: string): ServerKey {
  const scheme = /^https?:\/\//i.exec(key)?.[0] ?? "";
  const [, authority, path] = /^([^/?#\\]*)(.*)$/s.exec(
    key.slice(scheme.length),
  ) as unknown as [string, string, string];
  // A user name is part of a URL only. Elsewhere `ghcr.io@evil.example` is no
  // host at all, and must not become one.
  const host = scheme
    ? authority.slice(authority.lastIndexOf("@") + 1)
    : authority;
  return {
    host: canonicalRegistry(host),
    path: path.replace(/^\/+|\/+$/g, ""),
    url: scheme !== "",
  };
}

/** How {@linkcode findServerKey} reads keys. */
export interface FindServerKeyOptions {
  /**
   * The spelling of the registry that comes before all others.
   *
   * @default {dockerServerKey(registry)}
   */
  preferred?: string;
  /** The repository that the login is for; without it, keys for a part of a registry are left out. */
  repository?: string;
  /**
   * Whether a key with the path of another repository counts for the whole
   * host, as it does to Docker, when there is no better one.
   *
   * @default {false}
   */
  anyPath?: boolean;
}

/** How well a key fits, more being better; 0 is not at all. */
function fit(
  key: string,
  registry: string,
  options: FindServerKeyOptions,
): number {
  const {
    preferred = dockerServerKey(registry),
    repository,
    anyPath = false,
  } = options;
  const { host, path, url } = parseServerKey(key);
  if (host !== canonicalRegistry(registry)) return 0;
  if (
    !url && path !== "" && repository !== undefined &&
    `${repository}/`.startsWith(`${path}/`)
  ) return 4 + path.length;
  if (key === preferred) return 4;
  if (key === registry) return 3;
  if (url || path === "" || path === "v1" || path === "v2") return 2;
  return anyPath ? 1 : 0;
}

/**
 * The key under which a registry's login stands: the longest
 * `host/namespace/repository`, then the preferred spelling of the host, then
 * any other. Of two that fit alike the first is taken.
 */
export function findServerKey(
  keys: Iterable<string>,
  registry: string,
  options: FindServerKeyOptions = {},
): string | undefined {
  let found: string | undefined;
  let best = 0;
  for (const key of keys) {
    const score = fit(key, registry, options);
    if (score > best) [found, best] = [key, score];
  }
  return found;
}
