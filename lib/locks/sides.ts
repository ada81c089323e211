/** What sets of images that are held against each other come from. */

import { tmpdir } from "node:os";
import { findPlace, openLocalPlace } from "../copy/places/open_places.ts";
import {
  formatPlace,
  type LocalPlace,
  type Place,
} from "../copy/places/places.ts";
import { nameless, platformsThere } from "../copy/sets/held_set.ts";
import { LocalSource } from "../copy/sources/local.ts";
import type { DaemonAddress } from "../daemon/address.ts";
import { PlaceError } from "../image/errors.ts";
import type { LockedImage } from "../image/locked_image.ts";
import { isIndex } from "../image/media_types.ts";
import { either, OBJECT, type Rules, TEXT } from "../image/options.ts";
import { formatReference } from "../image/reference.ts";
import { type Lock, lockRequests } from "./lock.ts";
import {
  LOCK_RULES,
  lockImages,
  type LockOptions,
  type LockResult,
  lockSet,
} from "./lock_images.ts";
import { readLock } from "./read_lock.ts";
import { readIfText } from "./text_files.ts";

/** One of the two: a lock, or where its images are. */
export type DiffSide = Lock | Place;

/** How two sets of images are compared. */
export interface DiffOptions extends LockOptions {
  /** The daemon of `docker-daemon:`, as in {@linkcode copy}. */
  daemon?: string | DaemonAddress;
}

/** What those options may be. */
export const SIDE_RULES: Rules<DiffOptions> = {
  ...LOCK_RULES,
  daemon: either(TEXT, OBJECT),
};

/**
 * Reads what a side is called: the file of a lock, or a place as
 * {@linkcode copy} has it.
 *
 * @throws {LockError} If it is a text and no lock.
 * @throws {PlaceError} If it can be taken for two things, or is none.
 */
export async function readSide(text: string): Promise<DiffSide> {
  const bytes = await readIfText(text);
  return bytes ? await readLock(bytes, { name: text }) : await findPlace(text);
}

/** The registries that are asked for a side. */
export function registriesOf(side: DiffSide): string[] {
  if (isLock(side)) {
    const asked = side.images.filter(({ manifests }) => !manifests);
    return lockRequests({ images: asked }).map(({ reference }) =>
      typeof reference === "string" ? "" : reference.registry
    );
  }
  return side.kind === "registry" ? [side.reference.registry] : [];
}

/** Whether it is a lock, and no place. */
export function isLock(side: DiffSide): side is Lock {
  return "images" in side;
}

/**
 * Finds out what a side has, with its layers.
 *
 * @param options How; the platform is of what a registry is asked for.
 */
export async function lockOfSide(
  side: DiffSide,
  { daemon, ...options }: DiffOptions,
): Promise<Lock> {
  if (isLock(side)) return await lockOfList(side, options);
  switch (side.kind) {
    case "registry":
      return await complete(lockImages([side.reference], options));
    case "registry-path":
      throw new PlaceError(formatPlace(side), { code: "not-a-source" });
    case "docker-daemon": {
      const { saveImage } = await import("../copy/places/open_daemon.ts");
      const saved = await saveImage(side.name, daemon, options.signal);
      try {
        return await lockOfFile({ kind: "file", path: saved.path }, options);
      } finally {
        await saved.close();
      }
    }
    default:
      return await lockOfFile(side, options);
  }
}

/** A lock whose layers are known: of a list of digests, they are asked for. */
async function lockOfList(
  lock: Lock,
  options: LockOptions,
): Promise<Lock> {
  const lists = lock.images.filter(({ manifests }) => !manifests);
  if (lists.length === 0) return lock;
  const found = await complete(
    lockImages(lockRequests({ images: lists }), options),
  );
  const known = new Map(found.images.map((each) => [each.reference, each]));
  return {
    images: lock.images.map((image) => known.get(image.reference) ?? image),
  };
}

/** What was locked, where nothing has failed. */
async function complete(result: Promise<LockResult>): Promise<Lock> {
  const { lock, failures: [failure] } = await result;
  if (failure) throw failure.error;
  return lock;
}

async function lockOfFile(
  place: LocalPlace,
  { signal, onEvent }: LockOptions,
): Promise<Lock> {
  const spool = { folder: tmpdir() };
  const { held, images } = await openLocalPlace(place, { spool, signal });
  try {
    const locked: LockedImage[] = [];
    const seen = new Set<string>();
    for (const { reference: own, names, descriptor } of images) {
      const reference = own ?? nameless(place.path, descriptor);
      const full = formatReference(reference);
      if (seen.has(`${full} ${descriptor.digest}`)) continue;
      seen.add(`${full} ${descriptor.digest}`);
      const top = await held.document(descriptor.digest);
      const { platforms } = top && isIndex(top.descriptor.mediaType)
        ? await platformsThere(held, descriptor)
        : { platforms: undefined };
      const wanted = { reference, name: full, platforms };
      const tags = new Map(
        reference.tag === undefined ? [] : [[reference.tag, descriptor]],
      );
      const { images } = await complete(
        lockSet(
          [wanted],
          new Map([[full, names[0] ?? full]]),
          // Nobody has asked whether it runs here.
          { signal, onEvent: onEvent && withoutWarnings(onEvent) },
          () => new LocalSource(held, reference, tags),
        ),
      );
      locked.push(...images);
    }
    return { images: locked };
  } finally {
    await held.close();
  }
}

function withoutWarnings(
  onEvent: NonNullable<LockOptions["onEvent"]>,
): LockOptions["onEvent"] {
  return (event) => {
    if (event.type !== "warning") onEvent(event);
  };
}
