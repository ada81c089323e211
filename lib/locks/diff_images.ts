/** Compares two sets of images, wherever they are. */

import { readPlatforms } from "../copy/sets/set_requests.ts";
import { LockError } from "../image/errors.ts";
import type { LockedImage } from "../image/locked_image.ts";
import { checkOptions } from "../image/options.ts";
import { comparePlatform, formatPlatform } from "../image/platform.ts";
import type { Platform } from "../image/types.ts";
import { diffLocks, type ImagesDiff } from "./diff.ts";
import type { Lock } from "./lock.ts";
import {
  type DiffOptions,
  type DiffSide,
  isLock,
  lockOfSide,
  readSide,
  SIDE_RULES,
} from "./sides.ts";

/**
 * Compares two sets of images by layer and byte: those of locks, files,
 * layouts, a registry or a daemon. No layer is fetched.
 *
 * Without a platform, a registry's image is compared for those platforms that
 * the other side has of anything.
 *
 * @param before What was, as {@linkcode readSide} reads it.
 * @param after What is.
 * @param options How.
 * @returns What differs.
 * @throws {TypeError} For an option that there is not.
 * @throws {LockError} If a lock cannot be used.
 * @throws {PlaceError} If a place is none, or has no image.
 * @throws What {@linkcode pull} throws.
 *
 * @example
 * ```ts ignore
 * import { diffImages } from "@x/docker-pull";
 *
 * const { same, blobs } = await diffImages("images.lock.json", "nginx:1.27");
 * console.log(same ? "nothing" : `${blobs.added.bytes} bytes`, "to fetch");
 * ```
 */
export async function diffImages(
  before: string | DiffSide,
  after: string | DiffSide,
  options: DiffOptions = {},
): Promise<ImagesDiff> {
  checkOptions("compare", options, SIDE_RULES);
  const sides = [
    typeof before === "string" ? await readSide(before) : before,
    typeof after === "string" ? await readSide(after) : after,
  ] as const;
  const wanted = readPlatforms(options.platform);
  const open = (side: DiffSide, platform: DiffOptions["platform"]) =>
    lockOfSide(side, { ...options, platform });
  const isAsked = (side: DiffSide) => !isLock(side) && side.kind === "registry";
  const [a, b] = sides;
  if (wanted !== undefined || isAsked(a) === isAsked(b)) {
    const both = await allDone(
      sides.map((side) => open(side, options.platform)),
    );
    const [x, y] = wanted === undefined || wanted === "all"
      ? both
      : both.map((lock) => only(lock, wanted, true));
    return diffLocks(x!, y!);
  }
  const known = await open(isAsked(a) ? b : a, undefined);
  const all = await open(isAsked(a) ? a : b, "all");
  const there = known.images.flatMap(({ manifests = [] }) =>
    manifests.map(({ platform }) => platform)
  );
  const asked = only(all, there, false);
  return isAsked(a) ? diffLocks(asked, known) : diffLocks(known, asked);
}

/** What all bring, or the first error once none is at work any more. */
async function allDone<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(work);
  return settled.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
}

/** What of a lock is for some platforms. */
function only(
  { images }: Lock,
  platforms: readonly Platform[],
  strict: boolean,
): Lock {
  const kept = images.map((image): LockedImage => {
    const manifests = image.manifests?.filter(({ platform }) =>
      platforms.some((each) => comparePlatform(platform, each) === "exact")
    );
    return { ...image, manifests };
  });
  const isNone = kept.every(({ manifests = [] }) => manifests.length === 0);
  if (!isNone) return { images: kept };
  if (!strict) return { images };
  throw new LockError(images[0]?.reference ?? "", {
    code: "platform-not-locked",
    platform: platforms.map(formatPlatform).join(", "),
    platforms: images.flatMap(({ manifests = [] }) =>
      manifests.map(({ platform }) => formatPlatform(platform))
    ),
  });
}
