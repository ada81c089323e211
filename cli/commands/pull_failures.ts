/** Images of a set that cannot be had, and what helps there. */

import type { PullFailure } from "../../lib/copy/pull_result.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { isMissing, nearestTags, partHint } from "../access/missing_tag.ts";
import type { ErrorContext } from "../messages/explanation.ts";

/** What an error's message needs to know of an image of the set. */
export function contextOf(
  { reference }: PullFailure,
  context: ErrorContext,
): ErrorContext {
  const { registry, repository } = reference;
  const image = formatReference(reference);
  return { ...context, image, reference, registry, repository };
}

/** Which image of the set it is, and where that was named. */
export function aboutOf({ reference, platform, from }: PullFailure): string {
  return [
    ...(from === undefined ? [] : [`${from}:`]),
    formatReference(reference),
    ...(platform ? [formatPlatform(platform)] : []),
  ].join(" ");
}

/** What its registry tells of what it has instead. */
export async function hintsFor(
  { reference, error }: PullFailure,
  shared: Parameters<typeof partHint>[1],
  signal: AbortSignal,
): Promise<Partial<ErrorContext>> {
  if (isMissing(error, "digest")) {
    return await partHint(reference, shared, signal);
  }
  return isMissing(error, "tag")
    ? await nearestTags(reference, shared, signal)
    : {};
}
