/** What two sets of images that are compared come from. */

import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { nameless, platformsThere } from "../copy/copy_places.ts";
import { findPlace, openLocalPlace } from "../copy/places/open_places.ts";
import {
  formatPlace,
  type LocalPlace,
  parsePlace,
  type Place,
} from "../copy/places/places.ts";
import { readPlatforms } from "../copy/sets/set_requests.ts";
import { LocalSource } from "../copy/sources/local.ts";
import type { DaemonAddress } from "../daemon/address.ts";
import { onDisk } from "../disk/io.ts";
import { openPlain } from "../disk/plain_file.ts";
import { LockError, PlaceError } from "../image/errors.ts";
import type { LockedImage } from "../image/locked_image.ts";
import {
  checkOptions,
  either,
  OBJECT,
  type Rules,
  TEXT,
} from "../image/options.ts";
import { isIndex } from "../image/media_types.ts";
import { comparePlatform, formatPlatform } from "../image/platform.ts";
import { formatReference } from "../image/reference.ts";
import type { Platform } from "../image/types.ts";
import { diffLocks, type ImagesDiff } from "./diff.ts";
import { type Lock, lockRequests } from "./lock.ts";
import {
  LOCK_RULES,
  lockImages,
  type LockOptions,
  type LockResult,
  lockSet,
} from "./lock_images.ts";
import { MAX_LOCK_BYTES, readLock } from "./read_lock.ts";

/** What lists and locks are called, where an image may be called so, too. */
const LOCK_NAME = /\.(?:json|ya?ml|lock|txt|list)$/i;
/** So much of a file tells whether it is a text. */
const HEAD_BYTES = 512;

/** One of the two: a lock, or where its images are. */
export type DiffSide = Lock | Place;

/** How two sets of images are compared. */
export interface DiffOptions extends LockOptions {
  /** The daemon of `docker-daemon:`, as in {@linkcode copy}. */
  daemon?: string | DaemonAddress;
}

const RULES: Rules<DiffOptions> = {
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
  if (!mayBeText(text) || !await isText(text)) return await findPlace(text);
  return await readLock(await readFile(text), { name: text });
}

/** Whether a text file is meant by it, where there is one of that name. */
export function mayBeText(text: string): boolean {
  return LOCK_NAME.test(text) || isPath(text);
}

/**
 * Reads a file that is a lock, or says by another document what is there.
 *
 * @throws {LockError} If it is larger than any such.
 */
export async function readFile(text: string): Promise<Uint8Array> {
  const { handle, status } = await openPlain(text, { follow: true });
  try {
    if (status.size > MAX_LOCK_BYTES) {
      throw new LockError(text, { code: "too-large", limit: MAX_LOCK_BYTES });
    }
    return await onDisk("read", text, () => handle.readFile());
  } finally {
    await handle.close();
  }
}

function isPath(text: string): boolean {
  try {
    return parsePlace(text).kind === "file";
  } catch {
    return false;
  }
}

/** Whether there is a file of that name, and it is no archive of any kind. */
export async function isText(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  if (!status?.isFile()) return false;
  const { handle } = await openPlain(path, { follow: true });
  try {
    const head = new Uint8Array(HEAD_BYTES);
    const { bytesRead } = await onDisk(
      "read",
      path,
      () => handle.read(head, 0, HEAD_BYTES, 0),
    );
    const read = head.subarray(0, bytesRead);
    const [a, b] = read;
    const isPacked = a === 0x1f && b === 0x8b;
    // Older PowerShells write so what they are to write into a file.
    const isUtf16 = a === 0xff && b === 0xfe || a === 0xfe && b === 0xff;
    return isUtf16 || !isPacked && !read.includes(0);
  } finally {
    await handle.close();
  }
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
  checkOptions("compare", options, RULES);
  const { daemon: _, ...locking } = options;
  const sides = [
    typeof before === "string" ? await readSide(before) : before,
    typeof after === "string" ? await readSide(after) : after,
  ] as const;
  const wanted = readPlatforms(options.platform);
  const open = (side: DiffSide, platform: LockOptions["platform"]) =>
    isLock(side)
      ? lockOfList(side, { ...locking, platform })
      : side.kind === "registry"
      ? complete(lockImages([side.reference], { ...locking, platform }))
      : lockOfPlace(side, options);
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

/** A lock whose layers are known: of a list of digests, they are asked for. */
export async function lockOfList(
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
export async function complete(result: Promise<LockResult>): Promise<Lock> {
  const { lock, failures: [failure] } = await result;
  if (failure) throw failure.error;
  return lock;
}

/** What a file, a folder or a daemon has. */
export async function lockOfPlace(
  place: Place,
  options: DiffOptions,
): Promise<Lock> {
  const { daemon, signal } = options;
  switch (place.kind) {
    case "registry":
    case "registry-path":
      throw new PlaceError(formatPlace(place), { code: "not-a-source" });
    case "docker-daemon": {
      const { saveImage } = await import("../copy/places/open_daemon.ts");
      const saved = await saveImage(place.name, daemon, signal);
      try {
        return await lockOfFile({ kind: "file", path: saved.path }, options);
      } finally {
        await saved.close();
      }
    }
    default:
      return await lockOfFile(place, options);
  }
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
