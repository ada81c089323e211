/** Which tags there are, for the message that one is not. */

import { RegistryError } from "../lib/errors.ts";
import type { Reference } from "../lib/reference.ts";
import { Repository } from "../lib/registry/repository.ts";
import type { RepositoryOptions } from "../lib/registry/repository.ts";
import type { ErrorContext } from "./explanation.ts";
import { nearestFew } from "./nearest.ts";

/** Nobody waits longer for a better message, in milliseconds. */
const PATIENCE = 3_000;
const SHOWN = 3;

/** Whether an error says that there is no such tag. */
export function isMissingTag(error: unknown): boolean {
  return error instanceof RegistryError && error.status === 404 &&
    error.asked?.kind === "tag" &&
    !error.errors.some(({ code }) => code === "NAME_UNKNOWN");
}

/** What a registry tells of its tags. */
export type TagHints = Pick<ErrorContext, "nearestTags" | "tagListed">;

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
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE);
  try {
    const repository = new Repository(reference, { ...options, retries: 0 });
    const tags = await repository.tags({
      signal: AbortSignal.any([signal, limit.signal]),
    });
    const others = tags.filter((other) => other !== tag);
    return {
      nearestTags: nearestFew(tag, others, SHOWN),
      tagListed: others.length < tags.length,
    };
  } catch {
    return {};
  } finally {
    clearTimeout(timer);
  }
}
