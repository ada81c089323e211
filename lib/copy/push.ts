/** Pushes images from a file or folder to a registry. */

import { PlaceError } from "../image/errors.ts";
import {
  type CopiedImages,
  copy,
  type CopyImagesOptions,
} from "./copy_places.ts";
import type { RegistryPlace } from "./places/open_registry.ts";
import { formatPlace, type LocalPlace, parsePlace } from "./places/places.ts";
import type { Pushed } from "./targets/registry_blobs.ts";

/** What is there after a push. */
export interface PushResult extends CopiedImages {
  /** What was sent. */
  pushed: Pushed;
}

/**
 * Pushes images that lie on this machine: from an archive, whoever wrote it, or
 * a layout. Nothing is sent that the registry has, or can take from another of
 * its repositories; what breaks off goes on the next time, where there is a
 * folder for the cache. Digests stay what they are, unless `layers` says
 * otherwise.
 *
 * @param source The file or folder, or a place as {@linkcode parsePlace} reads
 * it, such as `oci:layout:nginx:1.27`.
 * @param destination The name that the only image gets, such as
 * `mirror.test/nginx:1.27`, or `mirror.test/path/` for all that there are: each
 * keeps its repository's path below that.
 * @param options How.
 * @returns What is there now, and what was sent.
 * @throws {PlaceError} If a place is none, or has not what it names.
 * @throws {UploadError} If the registry does not take something.
 * @throws {RegistryError} If it refuses the login.
 * @throws {NetworkError} If it cannot be reached.
 * @throws {ContentMismatchError} If the file is damaged.
 * @throws {StorageError} If it cannot be read, or is another by now.
 *
 * @example
 * ```ts ignore
 * import { push } from "@x/docker-pull";
 *
 * const { pushed } = await push("all.tar", "registry.test:5000/mirror/");
 * console.log(`${pushed.uploaded} blobs, ${pushed.sent} bytes`);
 * ```
 */
export async function push(
  source: string | LocalPlace,
  destination: string | RegistryPlace,
  options: CopyImagesOptions = {},
): Promise<PushResult> {
  const result = await copy(
    typeof source === "string" ? pushSource(source) : source,
    typeof destination === "string"
      ? pushDestination(destination)
      : destination,
    options,
  );
  return { ...result, pushed: result.pushed! };
}

/**
 * What is pushed: what looks like an image is a file or folder here.
 *
 * @throws {PlaceError} If it is no place on this machine.
 */
export function pushSource(text: string): LocalPlace {
  // `all` and `v1.2:x` could be images; nobody pushes from a registry.
  const named = /^(?:docker:\/\/|[a-z-]+:)/.test(text) || text === "";
  const isPath = !named || /^[A-Za-z]:[/\\]/.test(text);
  const place = isPath
    ? { kind: "file" as const, path: text }
    : parsePlace(text);
  if (place.kind === "registry" || place.kind === "registry-path") {
    if (!text.startsWith("docker://")) return { kind: "file", path: text };
    throw new PlaceError(formatPlace(place), { code: "not-a-source" });
  }
  if (place.kind === "docker-daemon") {
    throw new PlaceError(formatPlace(place), { code: "not-a-source" });
  }
  return place;
}

/**
 * Where images are pushed to.
 *
 * @throws {PlaceError} If that is no registry.
 */
export function pushDestination(text: string): RegistryPlace {
  const place = parsePlace(text);
  if (place.kind === "registry" || place.kind === "registry-path") return place;
  throw new PlaceError(text, { code: "no-registry" });
}
