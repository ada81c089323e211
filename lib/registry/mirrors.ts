/** What an image is pulled from, with mirrors or without. */

import type { Reference } from "../reference.ts";
import type { ImageSource } from "./image_source.ts";
import type { MirrorOptions } from "./mirror_options.ts";
import { mirrorsOf } from "./mirror_url.ts";
import { MirroredRepository } from "./mirrored_repository.ts";
import { Repository } from "./repository.ts";

export type { Mirror, MirrorAddress } from "./mirror_url.ts";
export { type MirrorOptions, openMirror } from "./mirror_options.ts";
export { MirroredRepository } from "./mirrored_repository.ts";

/**
 * What an image is pulled from: its repository, with the mirrors that are for
 * it.
 *
 * @param reference Which registry and repository.
 * @param options The mirrors, and how to ask.
 * @returns A {@linkcode Repository} where there is no mirror.
 * @throws {DockerPullError} If a mirror's address is none.
 */
export function openRepository(
  reference: Reference,
  options: MirrorOptions,
): ImageSource {
  const addresses = mirrorsOf(reference.registry, options.mirrors ?? []);
  return addresses.length === 0
    ? new Repository(reference, options)
    : new MirroredRepository(reference, addresses, options);
}
