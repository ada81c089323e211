/** What a registry has in place of what it lacks, for the message. */

import { RegistryError } from "../../lib/image/errors.ts";
import type { Reference } from "../../lib/image/reference.ts";
import type { LookOptions } from "../../lib/look/access.ts";
import { Repository } from "../../lib/registry/repository.ts";
import type { RepositoryOptions } from "../../lib/registry/repository.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { nearestFew } from "../options/meant.ts";

/** Nobody waits longer for a better message, in milliseconds. */
const PATIENCE_MS = 3_000;
const SHOWN = 3;

/** Whether an error says that there is no image of that tag or digest. */
export function isMissing(error: unknown, kind: "tag" | "digest"): boolean {
  return error instanceof RegistryError && error.status === 404 &&
    error.asked?.kind === kind && !isUnknownName(error);
}

/**
 * Whether the digest of a reference is that of a layer or a configuration, as
 * its registry tells in time.
 */
export async function partHint(
  reference: Reference,
  options: RepositoryOptions,
  signal: AbortSignal,
): Promise<Pick<ErrorContext, "digestOfPart">> {
  const { digest } = reference;
  if (digest === undefined) return {};
  const digestOfPart = await inTime(
    reference,
    options,
    signal,
    (repository, signal) => repository.hasBlob(digest, { signal }),
  );
  return { digestOfPart };
}

/**
 * What the registry of an image tells of what it has instead.
 *
 * @param failure Why that image cannot be had.
 * @param reached How the registry is.
 */
export async function hintsFor(
  { reference, error }: { reference: Reference; error: unknown },
  { fetch, credentials, plainHttp, trustedRealms }: LookOptions,
  signal: AbortSignal,
): Promise<Partial<ErrorContext>> {
  if (!fetch) return {};
  const asked = { fetch, credentials, plainHttp, trustedRealms };
  if (isMissing(error, "digest")) {
    return await partHint(reference, asked, signal);
  }
  return isMissing(error, "tag")
    ? await nearestTags(reference, asked, signal)
    : {};
}

/** Asks the registry for a hint; none is worth a failure or a long wait. */
async function inTime<T>(
  reference: Reference,
  options: RepositoryOptions,
  signal: AbortSignal,
  ask: (repository: Repository, signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE_MS);
  try {
    const repository = new Repository(reference, { ...options, retries: 0 });
    return await ask(repository, AbortSignal.any([signal, limit.signal]));
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function isUnknownName(error: unknown): boolean {
  return error instanceof RegistryError && error.status === 404 &&
    error.errors.some(({ code }) => code === "NAME_UNKNOWN");
}

/** What a registry tells of its tags. */
export type TagHints = Pick<
  ErrorContext,
  "nearestTags" | "tagListed" | "repositoryUnknown"
>;

/**
 * The tags nearest to the one of a reference, asked of its registry, without
 * that itself; none where it does not tell in time.
 */
export async function nearestTags(
  reference: Reference,
  options: RepositoryOptions,
  signal: AbortSignal,
): Promise<TagHints> {
  const { tag = "" } = reference;
  const tags = await inTime(
    reference,
    options,
    signal,
    async (repository, signal) => {
      try {
        return await repository.tags({ signal });
      } catch (error) {
        // Registries such as Distribution's tell so of the tags only.
        if (isUnknownName(error)) return "none";
        throw error;
      }
    },
  );
  if (tags === "none") return { repositoryUnknown: true };
  if (tags === undefined) return {};
  const others = tags.filter((other) => other !== tag);
  return {
    nearestTags: nearestFew(tag, others, SHOWN),
    tagListed: others.length < tags.length,
  };
}
