/**
 * What a token shall allow.
 *
 * @see {@link https://distribution.github.io/distribution/spec/auth/scope/}
 */

import { isHeaderSafe } from "./token.ts";

const MAX_SCOPES = 4;
const MAX_SCOPE_LENGTH = 500;

/**
 * The scope that a pull needs.
 *
 * @param repository The repository's name.
 * @returns Such as `repository:library/nginx:pull`.
 */
export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

/**
 * The scopes that a push needs, in one token.
 *
 * @param repository The repository's name.
 * @param sources Other repositories of the registry, whose blobs are mounted.
 * @returns Such as `repository:team/app:pull,push`, the push first.
 */
export function pushScopes(
  repository: string,
  sources: readonly string[] = [],
): string[] {
  const others = sources.filter((source) => source !== repository);
  return [
    `repository:${repository}:pull,push`,
    ...new Set(others.map(pullScope)),
  ].slice(0, MAX_SCOPES);
}

/**
 * Adds the scopes that a challenge names to those that were asked for. They
 * come first, as some token servers look at the first one only.
 *
 * @param current The scopes so far.
 * @param named The challenge's scopes, with spaces between.
 * @param repository The repository, of which the challenge's scope replaces
 * the one so far, but allows no less: what asks for a pull is no reason to
 * forget a push.
 * @returns The scopes to ask for.
 */
export function mergeScopes(
  current: string[],
  named: string,
  repository: string,
): string[] {
  const own = `repository:${repository}:`;
  const wanted = named.split(" ").filter((scope) =>
    isHeaderSafe(scope) && scope.length <= MAX_SCOPE_LENGTH
  );
  const before = current.filter((scope) => scope.startsWith(own))
    .flatMap((scope) => scope.slice(own.length).split(","));
  for (const [i, scope] of wanted.entries()) {
    if (!scope.startsWith(own)) continue;
    const actions = scope.slice(own.length).split(",");
    const missing = before.filter((action) => !actions.includes(action));
    if (missing.length > 0 && !actions.includes("*")) {
      wanted[i] = [scope, ...missing].join(",");
    }
  }
  const covered = wanted.some((scope) => scope.startsWith(own));
  const others = current.filter((scope) => !covered || !scope.startsWith(own));
  return [...new Set([...wanted, ...others])].slice(0, MAX_SCOPES);
}
