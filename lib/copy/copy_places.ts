/** Copies images from anywhere to anywhere. */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { PlaceError } from "../image/errors.ts";
import type { DaemonAddress } from "../daemon/address.ts";
import type { OnEvent } from "../image/events.ts";
import {
  checkOptions,
  either,
  OBJECT,
  type Rules,
  TEXT,
} from "../image/options.ts";
import { formatReference, type Reference } from "../image/reference.ts";
import type { Descriptor } from "../image/types.ts";
import { INGEST } from "../layout/layout_files.ts";
import { LayoutStore } from "../layout/layout_store.ts";
import { createTransport } from "../net/transport.ts";
import { Writers } from "../transfer/writers.ts";
import { shownName } from "./sets/chosen_images.ts";
import {
  findPlace,
  type OpenedTarget,
  openLocalPlace,
  openTarget,
} from "./places/open_places.ts";
import { formatPlace, type LocalPlace, type Place } from "./places/places.ts";
import type { PushAccess } from "./places/open_registry.ts";
import { PULL_IMAGES_RULES, type PullImagesOptions } from "./pull_options.ts";
import type { PullImagesResult } from "./pull_result.ts";
import { pullAll } from "./pull.ts";
import { nameless, oneOfEachName, platformsThere } from "./sets/held_set.ts";
import { pullSet } from "./sets/pull_set.ts";
import { readRequests, type WantedImage } from "./sets/set_requests.ts";
import { LocalSource } from "./sources/local.ts";
import type { Pushed } from "./targets/registry_blobs.ts";

/** How images are copied: as they are pulled, but for where they go. */
export interface CopyImagesOptions extends
  Omit<
    PullImagesOptions,
    "output" | "folder" | "keepGoing" | "split" | "part" | "have"
  > {
  /** How a registry is reached that images go to, where that is another way. */
  pushAccess?: PushAccess;
  /**
   * The daemon of `docker-daemon:`, by its address as `DOCKER_HOST` has it.
   *
   * @default {undefined} The first of Docker's and Podman's usual sockets that
   * is there.
   */
  daemon?: string | DaemonAddress;
}

/** What is there after a copy. */
export interface CopiedImages extends PullImagesResult {
  /** What was sent, where images went to a registry. */
  pushed?: Pushed;
  /** What was sent, where an image went to a daemon. */
  loaded?: Loaded;
}

/** What a daemon was sent. Sizes are in bytes. */
export interface Loaded {
  /** Of the archive that it was sent; none where it had all. */
  sent: number;
  /** Of layers that it had, and that were not sent. */
  spared: number;
}

const {
  output: _,
  folder: __,
  keepGoing: ___,
  split: ____,
  part: _____,
  have: ______,
  ...REST
} = PULL_IMAGES_RULES;
const COPY_RULES: Rules<CopyImagesOptions> = {
  ...REST,
  pushAccess: OBJECT,
  daemon: either(TEXT, OBJECT),
};

/**
 * Copies images from one place to another, each verified on its way; the
 * digests stay, unless `layers` says otherwise. Of a file or folder all is
 * copied that is there of an image, unless a platform is named; of a registry
 * what a pull brings.
 *
 * @param source Where from, as {@linkcode parsePlace} reads it.
 * @param destination Where to. A name there is that of the only image.
 * @param options How.
 * @returns What is there now.
 * @throws {TypeError} For an option that there is not.
 * @throws {PlaceError} If a place is none, or has not what it names.
 * @throws {ArchiveError} If the source is a file or folder that is not read.
 * @throws {StorageError} If something cannot be read or written.
 * @throws {DaemonError} If it goes to a daemon, which does not take it.
 * @throws {ContentMismatchError} If the source is damaged.
 * @throws What {@linkcode pull} throws.
 *
 * @example
 * ```ts ignore
 * import { copy } from "@x/docker-pull";
 *
 * await copy("docker-archive:saved.tar", "oci:layout");
 * await copy("oci:layout:nginx:1.27", "oci-archive:nginx.tar:mirror.test/nginx:1.27");
 * ```
 */
export async function copy(
  source: string | Place,
  destination: string | Place,
  options: CopyImagesOptions = {},
): Promise<CopiedImages> {
  checkOptions("copy", options, COPY_RULES);
  const from = typeof source === "string" ? await findPlace(source) : source;
  const to = typeof destination === "string"
    ? await findPlace(destination)
    : destination;
  const { format, layers, index, force = false, pushAccess } = options;
  const own = isPushed(to) && !options.fetch && !pushAccess?.fetch
    ? createTransport()
    : undefined;
  let target: OpenedTarget | undefined;
  try {
    const opened = target = await openTarget(to, {
      form: { format, layers, index, referrers: options.referrers },
      force,
      daemon: options.daemon,
      signal: options.signal,
      registry: {
        ...options,
        fetch: (pushAccess?.fetch ?? options.fetch ?? own?.fetch)!,
        cacheDir: options.cacheDir ?? DEFAULT_CACHE_DIR,
      },
    });
    const attempt = async () => {
      const one = () => Promise.resolve(opened);
      const result = await copyFrom(from, to, options, one);
      const [failure] = result.failures;
      if (failure) throw failure.error;
      return result;
    };
    const { pushed, load } = opened;
    if (!load) {
      const result = await attempt();
      return pushed ? { ...result, pushed } : result;
    }
    const { loading } = await import("./targets/daemon.ts");
    const result = await loading(load, attempt);
    const { sent, spared } = load;
    return { ...result, loaded: { sent, spared } };
  } finally {
    target?.close?.();
    own?.close();
  }
}

function isPushed({ kind }: Place): boolean {
  return kind === "registry" || kind === "registry-path";
}

const DEFAULT_CACHE_DIR = "docker_images_cache";

type One = () => ReturnType<typeof openTarget>;

async function copyFrom(
  from: Place,
  to: Place,
  options: CopyImagesOptions,
  one: One,
): Promise<PullImagesResult> {
  switch (from.kind) {
    case "registry": {
      const { platform = "all", index } = options;
      // A registry takes an index with all that it lists, and not otherwise.
      const isWhole = isPushed(to) && index === "original" &&
        platform === "all";
      const whole = { ...options, platform, attestations: true };
      const wanted = isWhole ? whole : options;
      return await pullAll([from.reference], wanted, { one });
    }
    case "docker-daemon": {
      const { saveImage } = await import("./places/open_daemon.ts");
      const { daemon, signal } = options;
      const { path, close } = await saveImage(from.name, daemon, signal);
      try {
        return await copyLocal({ kind: "file", path }, to, options, one);
      } finally {
        await close();
      }
    }
    case "registry-path":
      throw new PlaceError(formatPlace(from), { code: "not-a-source" });
    default:
      return await copyLocal(from, to, options, one);
  }
}

async function copyLocal(
  from: LocalPlace,
  to: Place,
  options: CopyImagesOptions,
  one: One,
): Promise<PullImagesResult> {
  const { cacheDir = DEFAULT_CACHE_DIR, signal, threads } = options;
  const { concurrency: connections = 3, platform } = options;
  const cache = cacheDir === false
    ? undefined
    : await LayoutStore.find(cacheDir);
  // Where an archive is expanded that is compressed as a whole.
  const spool = { folder: cache ? join(cache.path, INGEST) : tmpdir() };
  const { held, images: all } = await openLocalPlace(from, { spool, signal });
  const writers = new Writers({ connections, threads });
  try {
    const [given] = readRequests([STAND_IN], platform, true);
    const images = oneOfEachName(from, all, given!.platforms);
    const { name, load } = await one();
    if (load) {
      load.document = async (digest) =>
        await held.document(digest) ?? await cache?.document(digest);
    }
    if (name && images.length > 1) {
      const names = images.map(shownName);
      throw new PlaceError(formatPlace(to), { code: "several-images", names });
    }
    const chosen = new Map<string, Map<string, Descriptor>>();
    const set: WantedImage[] = [];
    let isWhole = platform === undefined;
    for (const image of images) {
      const { descriptor } = image;
      const { path } = from;
      const reference = image.reference ?? nameless(path, descriptor);
      const key = repositoryOf(reference);
      if (!chosen.has(key)) chosen.set(key, new Map());
      if (reference.tag) chosen.get(key)!.set(reference.tag, descriptor);
      const there = platform === undefined
        ? await platformsThere(held, descriptor)
        : { platforms: given!.platforms, isWhole: false };
      isWhole &&= there.isWhole;
      const { platforms } = there;
      const name = formatReference(reference);
      set.push({ reference, name, platforms, from: path });
    }
    return await pullSet(set, writers, {
      ...options,
      // An index that is there as a whole keeps its digest, and all below it.
      index: options.index ?? (isWhole ? "original" : undefined),
      attestations: options.attestations ?? isWhole,
      // What lies beside an image in a file goes along.
      referrers: options.referrers ?? true,
      cacheDir: false,
      destination: { one },
      onEvent: platform === undefined
        ? withoutPlatforms(options.onEvent)
        : options.onEvent,
      openSource: (reference) =>
        new LocalSource(held, reference, chosen.get(repositoryOf(reference))),
    });
  } finally {
    writers.close();
    await held.close();
  }
}

/** What is asked for is not read from a name here. */
const STAND_IN: Reference = {
  registry: "localhost",
  repository: "image",
  tag: "latest",
};

function repositoryOf({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}

/** Nobody has asked whether an image runs here that is only carried. */
function withoutPlatforms(onEvent: OnEvent | undefined): OnEvent | undefined {
  return onEvent && ((event) => {
    const isOfPlatform = event.type === "warning" &&
      event.warning.code.startsWith("platform-");
    if (!isOfPlatform) onEvent(event);
  });
}
