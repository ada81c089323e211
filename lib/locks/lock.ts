/**
 * Locks: what names stand for at one moment, down to each layer, so that the
 * same is pulled ever after. `docs/lock.schema.json` is their schema.
 */

import type { Platforms, PullRequest } from "../copy/pull_options.ts";
import type { WantedPlatforms } from "../copy/sets/roots.ts";
import { readPlatforms } from "../copy/sets/set_requests.ts";
import { defined } from "../image/defined.ts";
import { LockError } from "../image/errors.ts";
import type {
  LockedBlob,
  LockedImage,
  LockedManifest,
} from "../image/locked_image.ts";
import {
  comparePlatform,
  formatPlatform,
  normalizePlatform,
} from "../image/platform.ts";
import { formatReference, parseReference } from "../image/reference.ts";
import type { Platform } from "../image/types.ts";

/** What a lock says that it is. */
export const LOCK_KIND = "docker-pull.lock";
/** The only version there is. */
export const LOCK_VERSION = 1;

/** What names stand for. */
export interface Lock {
  /** The images, in the order in which they were named. */
  images: LockedImage[];
}

/** How a part of a lock is pulled. */
export interface LockRequestOptions {
  /** Which of its images, as people write them; without any, all. */
  names?: readonly string[];
  /**
   * Which of the locked platforms; without any, all of them. Of a list of
   * digests, which says nothing of platforms, what a pull would take.
   */
  platform?: Platforms;
}

/**
 * Writes a lock as text. The same lock gives the same text.
 *
 * @param lock The lock.
 * @returns JSON as of `docs/lock.schema.json`, and a line feed.
 */
export function formatLock({ images }: Lock): string {
  const document = {
    kind: LOCK_KIND,
    version: LOCK_VERSION,
    images: images.map((image) =>
      defined({
        name: image.name,
        reference: image.reference,
        mediaType: image.mediaType,
        digest: image.digest,
        size: image.size,
        manifests: image.manifests?.map(writtenManifest),
      })
    ),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function writtenManifest(
  { platform, config, layers, ...manifest }: LockedManifest,
) {
  return {
    platform: writtenPlatform(platform),
    ...blob(manifest),
    config: blob(config),
    layers: layers.map((layer) => ({ ...blob(layer), diffId: layer.diffId })),
  };
}

function writtenPlatform(platform: Platform): Platform {
  const { os, architecture, variant, "os.version": version } = platform;
  return defined({ os, architecture, variant, "os.version": version });
}

function blob({ mediaType, digest, size }: LockedBlob): LockedBlob {
  return { mediaType, digest, size };
}

/**
 * What {@linkcode pullImages} and {@linkcode loadImages} are asked for to get
 * what is locked, and nothing else.
 *
 * @param lock The lock.
 * @param options Which part of it.
 * @returns A request for each image.
 * @throws {LockError} If an image or a platform is not locked.
 *
 * @example
 * ```ts ignore
 * import { lockRequests, pullImages, readLock } from "@x/docker-pull";
 *
 * const lock = await readLock(await Deno.readFile("images.lock.json"));
 * await pullImages(lockRequests(lock), { output: "all.tar" });
 * ```
 */
export function lockRequests(
  { images }: Lock,
  { names = [], platform }: LockRequestOptions = {},
): PullRequest[] {
  const wanted = names.length === 0
    ? images
    : names.flatMap((name) => imagesCalled(name, images));
  const platforms = readPlatforms(platform);
  return [...new Set(wanted)].map((locked) => {
    const reference = parseReference(locked.reference);
    if (!locked.manifests) {
      const own = platforms ?? locked.platforms;
      return defined({ reference, platforms: own, locked });
    }
    const some = lockedPlatforms(locked, platforms);
    return {
      reference,
      platforms: some.map((each) => each.platform),
      locked: { ...locked, manifests: [...some] },
    };
  });
}

function imagesCalled(
  name: string,
  images: readonly LockedImage[],
): LockedImage[] {
  const full = formatReference(parseReference(name));
  const found = images.filter((image) => image.reference === full);
  if (found.length > 0) return found;
  throw new LockError(name, {
    code: "not-locked",
    name: full,
    names: images.map(({ reference }) => reference),
  });
}

function lockedPlatforms(
  { reference, manifests = [] }: LockedImage,
  wanted: WantedPlatforms,
): readonly LockedManifest[] {
  if (wanted === undefined || wanted === "all") return manifests;
  const found = wanted.map((platform) => {
    const name = formatPlatform(platform);
    const same = manifests.find((each) =>
      formatPlatform(normalizePlatform(each.platform)) === name
    ) ?? manifests.find((each) =>
      comparePlatform(normalizePlatform(each.platform), platform) === "exact"
    );
    if (same) {
      return same;
    }
    throw new LockError(reference, {
      code: "platform-not-locked",
      platform: name,
      platforms: manifests.map((each) =>
        formatPlatform(each.platform)
      ),
    });
  });
  return [...new Set(found)];
}
