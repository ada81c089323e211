/** What an image is pulled from, with mirrors or without. */

import { checkRepository } from "../checks.ts";
import type { Reference } from "../../image/reference.ts";
import type { OnEvent } from "../../image/events.ts";
import type { ImageSource } from "../../image/image_source.ts";
import { pickOptions } from "../../image/options.ts";
import type { Fetch } from "../../image/types.ts";
import { MIRROR_RULES, type MirrorOptions, openOrigin } from "./options.ts";
import { mirrorsOf } from "./url.ts";
import { MirroredRepository } from "./mirrored_repository.ts";

export type { Mirror, MirrorAddress } from "./url.ts";
export {
  type MirrorOptions,
  openMirror,
  type RegistryAccess,
} from "./options.ts";
export { MirroredRepository } from "./mirrored_repository.ts";

/**
 * What an image is pulled from: its repository, with the mirrors that are for
 * it.
 *
 * @param reference Which registry and repository.
 * @param options The mirrors, and how to ask.
 * @returns A {@linkcode Repository} where there is no mirror.
 * @throws {DockerPullError} If a mirror's address is none.
 * @throws {TypeError} For an option that there is not.
 * @throws {RangeError} For a value that an option cannot have.
 */
export function openRepository(
  reference: Reference,
  options: MirrorOptions,
): ImageSource {
  checkRepository(reference, options, MIRROR_RULES);
  const addresses = mirrorsOf(reference.registry, options.mirrors ?? []);
  return addresses.length === 0
    ? openOrigin(reference, options)
    : new MirroredRepository(reference, addresses, options);
}

/**
 * The same with the options of something larger, of which those about it are
 * taken.
 *
 * @param options What is to be done with what comes from there.
 * @param fetch What sends the requests.
 * @param onEvent Told what goes on.
 */
export function openSource(
  reference: Reference,
  options: Partial<MirrorOptions>,
  fetch: Fetch,
  onEvent: OnEvent | undefined = options.onEvent,
): ImageSource {
  return openRepository(
    reference,
    pickOptions<MirrorOptions>({ ...options, fetch, onEvent }, MIRROR_RULES),
  );
}
