/** The tag that stands in for a registry's API for referrers. */

import { parseDigest } from "./digest.ts";

/**
 * The tag of the index of what refers to a digest.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema}
 */
export function referrersTag(digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return `${algorithm.slice(0, 32)}-${hex.slice(0, 64)}`;
}
