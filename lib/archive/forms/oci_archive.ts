/**
 * An OCI image layout in a tar, and nothing else: what skopeo and Podman call
 * an `oci-archive`.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md}
 */

import type { ArchiveContent } from "../content.ts";
import type { Member } from "../plan.ts";
import { hybridMembers } from "./hybrid.ts";

/** What the hybrid has beside a layout, for Docker. */
const DOCKERS = ["manifest.json", "repositories"];

/**
 * The members of a layout's archive, each blob once.
 *
 * @param content The images with their names, in the order of these.
 * @returns The members; documents first, layers last.
 */
export function ociArchiveMembers(content: ArchiveContent): Member[] {
  return hybridMembers(content).filter(({ name }) => !DOCKERS.includes(name));
}
