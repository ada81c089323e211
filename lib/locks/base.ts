/** Finds out what a target has already, from whatever tells of it. */

import { findPlace } from "../copy/places/open_places.ts";
import type { DaemonAddress } from "../daemon/address.ts";
import { defined } from "../image/defined.ts";
import type { Base, BaseImage } from "../image/delta.ts";
import { DeltaError } from "../image/errors.ts";
import type { LockedImage } from "../image/locked_image.ts";
import { parseManifest } from "../image/manifest.ts";
import { isManifest } from "../image/media_types.ts";
import { checkOptions, orFalse, type Rules, TEXT } from "../image/options.ts";
import { parseReference } from "../image/reference.ts";
import { LayoutStore } from "../layout/layout_store.ts";
import { fullName, readBaseText } from "./base_text.ts";
import type { Lock } from "./lock.ts";
import { lockImages, type LockOptions } from "./lock_images.ts";
import {
  type DiffOptions,
  type DiffSide,
  isLock,
  lockOfSide,
  registriesOf,
  SIDE_RULES,
} from "./sides.ts";
import { readIfText } from "./text_files.ts";

/** What tells what a target has: read already, or where that can be asked. */
export type BaseSource = Base | DiffSide | DaemonAddress;

/** How a target's layers are found out. */
export interface BaseOptions extends DiffOptions {
  /**
   * The folder of a cache, which may know the manifests that a daemon has, or
   * `false` for none.
   *
   * @default {"docker_images_cache"}
   */
  cacheDir?: string | false;
}

const RULES: Rules<BaseOptions> = {
  ...SIDE_RULES,
  cacheDir: orFalse(TEXT),
};

/** So many images are asked for at their registries. */
const MOST_ASKED = 16;
/** The address of a daemon, as `DOCKER_HOST` has it. */
const DAEMON = /^(?:ssh|unix|tcp|npipe):\/\//i;

/**
 * Reads what tells of a target: an image, a file or layout, a lock, what the
 * target's own programs print, as {@linkcode readBaseText} reads it, or the
 * address of its daemon. None of these is asked yet.
 *
 * @throws {DeltaError} If it is a text that tells of no layer.
 * @throws {LockError} If it is a lock that cannot be used.
 * @throws {PlaceError} If it can be taken for two things, or is none.
 */
export async function readBaseSource(text: string): Promise<BaseSource> {
  if (DAEMON.test(text)) return { url: text };
  const bytes = await readIfText(text);
  return bytes
    ? await readBaseText(bytes, { name: text })
    : await findPlace(text);
}

/** The registries that are asked for a source. */
export function registriesOfBase(source: BaseSource): string[] {
  if ("url" in source) return [];
  if (!isBase(source)) return registriesOf(source);
  return source.images.flatMap(({ served }) =>
    served === undefined ? [] : [parseReference(served).registry]
  );
}

function isBase(source: BaseSource): source is Base {
  return "blobs" in source;
}

/**
 * Finds out which layers a target has already, so that {@linkcode pull} leaves
 * them out, or {@linkcode verifyAgainst} says whether one lacks any. No layer
 * is fetched.
 *
 * @param sources What tells of it: images, files, layouts, locks, what
 * `docker image inspect` or `ctr content ls -q` has printed into a file, or the
 * address of a daemon such as `ssh://host`. All of them together are meant.
 * @param options How.
 * @returns What it has.
 * @throws {TypeError} For an option that there is not.
 * @throws {DeltaError} If one tells of no layer.
 * @throws {DaemonError} If a daemon cannot be asked.
 * @throws What {@linkcode diffImages} throws.
 *
 * @example
 * ```ts ignore
 * import { pull, readBase } from "@x/docker-pull";
 *
 * const have = await readBase("nginx:1.26");
 * const { delta, size } = await pull("nginx:1.27", { have });
 * console.log(delta?.layers.length, "layers left out,", size, "bytes written");
 * ```
 */
export async function readBase(
  sources: string | BaseSource | readonly (string | BaseSource)[],
  options: BaseOptions = {},
): Promise<Base> {
  checkOptions("find out what is there", options, RULES);
  const list = Array.isArray(sources) ? sources : [sources];
  const base: Base = { images: [], blobs: [] };
  for (const each of list as readonly (string | BaseSource)[]) {
    const source = typeof each === "string" ? await readBaseSource(each) : each;
    const { images, blobs } = await baseOf(source, options);
    base.images.push(...images);
    base.blobs.push(...blobs);
  }
  return base;
}

async function baseOf(
  source: BaseSource,
  { cacheDir, ...options }: BaseOptions,
): Promise<Base> {
  const { daemon, ...locking } = options;
  if (isBase(source)) return await completed(source, locking);
  if ("url" in source) return await ofDaemon(source, { cacheDir, ...locking });
  if (isLock(source) || source.kind !== "docker-daemon") {
    return ofLock(await lockOfSide(source, options));
  }
  return await ofDaemon(daemon, { cacheDir, ...locking }, source.name);
}

/**
 * What its registry tells of the digests of layers that a target's own programs
 * do not tell. It need not be asked, or know of them.
 */
async function completed(base: Base, options: LockOptions): Promise<Base> {
  const asked = base.images.filter(({ served, layers }) =>
    served !== undefined && layers.some(({ digest }) => !digest)
  ).slice(0, MOST_ASKED);
  if (asked.length === 0) return base;
  const { lock } = await lockImages(asked.map(({ served }) => served!), {
    ...options,
    onEvent: () => {},
  });
  const found = ofLock(lock).images;
  return {
    ...base,
    images: base.images.map((image) => {
      const same = asked.includes(image) &&
        found.find((each) => hasSameLayers(each, image));
      if (!same) return image;
      const digests = [...new Set([...image.digests, ...same.digests])];
      return { ...image, digests, layers: same.layers };
    }),
  };
}

function hasSameLayers({ layers: a }: BaseImage, { layers: b }: BaseImage) {
  return a.length === b.length &&
    a.every(({ diffId }, n) => diffId === b[n]!.diffId);
}

function ofLock({ images }: Lock): Base {
  return { images: images.flatMap(ofLocked), blobs: [] };
}

function ofLocked(
  { reference, digest: named, manifests = [] }: LockedImage,
): BaseImage[] {
  return manifests.map(({ digest, layers }) => ({
    name: reference,
    digests: [...new Set([named, digest])],
    layers: layers.map(({ digest, diffId }) => ({ digest, diffId })),
  }));
}

/** What a daemon has, or one image of it. */
async function ofDaemon(
  address: string | DaemonAddress | undefined,
  { cacheDir = "docker_images_cache", ...options }: Omit<BaseOptions, "daemon">,
  wanted?: string,
): Promise<Base> {
  const { openDaemon } = await import("../copy/places/open_daemon.ts");
  const daemon = await openDaemon(address, options.signal);
  try {
    const { keepsContent, name } = await daemon.info();
    const cache = cacheDir === false
      ? undefined
      : await LayoutStore.find(cacheDir);
    const one = wanted === undefined ? undefined : await daemon.inspect(wanted);
    const listed = (await daemon.images()).filter(({ id }) =>
      wanted === undefined || id === one?.id
    );
    // An image that was not loaded wholly is told of like any other.
    const tells = keepsContent && listed.some((each) => each.manifests.length);
    const images: BaseImage[] = [];
    for (const { id, names, manifests } of listed) {
      const { diffIds = [], packed, served } = await daemon.inspect(id) ?? {};
      const digests = keepsContent || name === "Podman"
        ? await contentOf(manifests, diffIds.length, cache)
        : undefined;
      const isBroken = packed || tells && manifests.length === 0;
      if (diffIds.length === 0 || isBroken) continue;
      const named = names.find((each) => !each.includes("<none>"));
      images.push(defined({
        name: named === undefined ? undefined : fullName(named),
        // Of what is named, its registry is asked, too, and not of all there is.
        served: wanted === undefined ? undefined : served && fullName(served),
        isContent: keepsContent || name === "Podman" || undefined,
        digests: keepsContent ? [...new Set([id, ...manifests])] : manifests,
        layers: diffIds.map((diffId, n) =>
          defined({ diffId, digest: digests?.[n] })
        ),
      }));
    }
    if (images.length > 0) {
      return await completed({ images, blobs: [] }, options);
    }
    throw new DeltaError(daemon.address, { code: "empty-base" });
  } finally {
    daemon.close();
  }
}

/** The digests of an image's layers as they were served, where a cache tells. */
async function contentOf(
  manifests: readonly string[],
  count: number,
  cache: LayoutStore | undefined,
): Promise<string[] | undefined> {
  for (const digest of manifests) {
    const document = await cache?.document(digest).catch(() => undefined);
    if (!document || !isManifest(document.descriptor.mediaType)) continue;
    const { layers } = parseManifest(document);
    if (layers.length === count) return layers.map(({ digest }) => digest);
  }
  return undefined;
}
