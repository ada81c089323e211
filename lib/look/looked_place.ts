/** Opens places that images are looked at in. */

import { tmpdir } from "node:os";
import type { DaemonAddress } from "../daemon/address.ts";
import type { Delta } from "../image/delta.ts";
import { PlaceError } from "../image/errors.ts";
import type { HeldImage } from "../image/held_image.ts";
import type { ImageSource } from "../image/image_source.ts";
import { parseManifest } from "../image/manifest.ts";
import { isManifest } from "../image/media_types.ts";
import { formatReference, type Reference } from "../image/reference.ts";
import type { Descriptor, Fetch } from "../image/types.ts";
import { openLocalPlace } from "../copy/places/open_places.ts";
import {
  formatPlace,
  type LocalPlace,
  type Place,
} from "../copy/places/places.ts";
import { shownName } from "../copy/sets/chosen_images.ts";
import type { Held } from "../copy/sources/held.ts";
import { LocalSource } from "../copy/sources/local.ts";
import { openSource } from "../registry/mirrors/mirrors.ts";
import type { LookOptions } from "./access.ts";

/** A name in a place. */
export interface LookedName {
  /** What it is called there. */
  name: string;
  /** Its full name, where it has one. */
  reference?: Reference;
  /** What is asked for. */
  asked: Reference;
  /** Where it is asked for. */
  source: ImageSource;
  /** Whether an image is there whole; nothing of a registry, which has all. */
  has?: (descriptor: Descriptor) => Promise<boolean>;
}

/** A place, open. */
export interface LookedPlace {
  /** The names that are meant, at least one. */
  names: LookedName[];
  /** Whether it is on this machine. */
  isLocal: boolean;
  /** What a file lacks, where it says that it is a delta. */
  delta?: Delta;
  /** Ends the reading. */
  close(): Promise<void>;
}

/** What reaches a place. */
export interface PlaceAccess extends LookOptions {
  /** Which daemon is meant by `docker-daemon:`. */
  daemon?: string | DaemonAddress;
}

/**
 * Opens a place that images are looked at in; it is to be closed.
 *
 * @throws {PlaceError} If it has not what it names.
 * @throws {StorageError} If it cannot be read.
 * @throws {ArchiveError} If it is none of what is read.
 */
export async function openLooked(
  place: Place,
  options: PlaceAccess,
  fetch: Fetch,
): Promise<LookedPlace> {
  switch (place.kind) {
    case "registry": {
      const { reference } = place;
      const source = openSource(reference, options, fetch);
      const name = formatReference(reference);
      return {
        names: [{ name, reference, asked: reference, source }],
        isLocal: false,
        close: () => Promise.resolve(),
      };
    }
    case "registry-path":
      throw new PlaceError(formatPlace(place), { code: "not-a-source" });
    case "docker-daemon": {
      const { saveImage } = await import("../copy/places/open_daemon.ts");
      const { daemon, signal } = options;
      const saved = await saveImage(place.name, daemon, signal);
      try {
        const { path } = saved;
        const opened = await openLocal({ kind: "file", path }, options);
        const close = async () => {
          await opened.close();
          await saved.close();
        };
        return { ...opened, close };
      } catch (error) {
        await saved.close();
        throw error;
      }
    }
    default:
      return await openLocal(place, options);
  }
}

async function openLocal(
  place: LocalPlace,
  { signal }: PlaceAccess,
): Promise<LookedPlace> {
  const spool = { folder: tmpdir() };
  const { held, images } = await openLocalPlace(place, { spool, signal });
  const names = images.map((image: HeldImage): LookedName => {
    const { digest } = image.descriptor;
    const { registry, repository } = image.reference ?? NAMELESS;
    const asked = { registry, repository, digest };
    return {
      name: shownName(image),
      reference: image.reference,
      asked,
      source: new LocalSource(held, asked),
      has: (descriptor) => isWhole(held, descriptor),
    };
  });
  const { delta } = held;
  return { names, isLocal: true, delta, close: () => held.close() };
}

/** Whether all is there that a manifest names. */
async function isWhole(held: Held, { digest }: Descriptor): Promise<boolean> {
  const manifest = await held.document(digest);
  if (!manifest || !isManifest(manifest.descriptor.mediaType)) return false;
  const { config, layers } = parseManifest(manifest);
  for (const descriptor of [config, ...layers]) {
    const blob = await held.blob(descriptor);
    await blob?.close();
    if (!blob) return false;
  }
  return true;
}

/** What is known by its digest alone. */
const NAMELESS = { registry: "localhost", repository: "image" };
