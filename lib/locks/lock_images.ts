/** Finds out what names stand for now, down to each layer. */

import { imageConfig } from "../copy/sets/documents.ts";
import type { Platforms, PullRequest } from "../copy/pull_options.ts";
import type { PullFailure } from "../copy/pull_result.ts";
import { findSet, type SetItem } from "../copy/sets/set_documents.ts";
import { isRequest, readRequests } from "../copy/sets/set_requests.ts";
import type { WantedImage } from "../copy/sets/set_requests.ts";
import type { OnEvent } from "../image/events.ts";
import type { ImageSource } from "../image/image_source.ts";
import type {
  LockedBlob,
  LockedImage,
  LockedManifest,
} from "../image/locked_image.ts";
import { parseConfig } from "../image/manifest.ts";
import {
  CALL,
  checkOptions,
  CONCURRENCY,
  either,
  OBJECT,
  type Rules,
  SIGNAL,
  TEXT,
} from "../image/options.ts";
import { formatPlatform } from "../image/platform.ts";
import { formatReference, type Reference } from "../image/reference.ts";
import type { Descriptor, Fetch } from "../image/types.ts";
import { RETRY_RULES, type RetryPolicy } from "../net/retry_policy.ts";
import { withFetch } from "../net/transport.ts";
import type { Lookup } from "../registry/auth/realm.ts";
import { openSource } from "../registry/mirrors/mirrors.ts";
import {
  ACCESS_RULES,
  type RegistryAccess,
} from "../registry/mirrors/options.ts";
import type { Lock } from "./lock.ts";

/** How names are locked. */
export interface LockOptions extends RegistryAccess, RetryPolicy {
  /**
   * The platforms that are locked: one, several, or `"all"` that there are.
   * Without any, what a pull would take.
   */
  platform?: Platforms;
  /**
   * How many documents are asked for at a time, at least.
   *
   * @default {3}
   */
  concurrency?: number;
  /** Ends it; the signal's reason is thrown then. */
  signal?: AbortSignal;
  /** Told what goes on. */
  onEvent?: OnEvent;
  /** What sends the requests. */
  fetch?: Fetch;
  /** Milliseconds since 1970; for tests. */
  now?: () => number;
  /** Looks up the addresses of a name; for tests. */
  lookup?: Lookup;
}

/** What those options may be. */
export const LOCK_RULES: Rules<LockOptions> = {
  ...ACCESS_RULES,
  ...RETRY_RULES,
  platform: either(TEXT, OBJECT),
  concurrency: CONCURRENCY,
  signal: SIGNAL,
  onEvent: CALL,
  fetch: CALL,
  now: CALL,
  lookup: CALL,
};

/** What was locked, and what could not be. */
export interface LockResult {
  /** What the names stand for, but for those that failed. */
  lock: Lock;
  /** What cannot be had, and why. */
  failures: PullFailure[];
}

/**
 * Finds out what names stand for: their index, and of each platform the
 * manifest, the configuration and the layers. Only these documents are fetched.
 *
 * @param images The images, or what else is to be said of each.
 * @param options How.
 * @returns The lock, for {@linkcode formatLock} or {@linkcode lockRequests}.
 * @throws {TypeError} For an option that there is not.
 * @throws {InvalidSetError} If the names make no sense; nothing was fetched.
 *
 * @example
 * ```ts ignore
 * import { formatLock, lockImages } from "@x/docker-pull";
 *
 * const { lock, failures } = await lockImages(["nginx:1.27", "redis:7"], {
 *   platform: ["linux/amd64", "linux/arm64"],
 * });
 * if (failures.length > 0) throw failures[0].error;
 * await Deno.writeTextFile("images.lock.json", formatLock(lock));
 * ```
 */
export async function lockImages(
  images: readonly (string | Reference | PullRequest)[],
  options: LockOptions = {},
): Promise<LockResult> {
  checkOptions("lock", options, LOCK_RULES);
  const set = readRequests(images, options.platform, true);
  const names = namesOf(images);
  return await withFetch(
    options.fetch,
    (fetch) =>
      lockSet(
        set,
        names,
        options,
        (reference, onEvent) => openSource(reference, options, fetch, onEvent),
      ),
  );
}

/** Locks what is found anywhere. */
export async function lockSet(
  set: readonly WantedImage[],
  names: ReadonlyMap<string, string>,
  { concurrency = 3, signal, onEvent = () => {} }: LockOptions,
  openSource: (reference: Reference, onEvent: OnEvent) => ImageSource,
): Promise<LockResult> {
  const found = await findSet(set, {
    openSource,
    connections: concurrency,
    together: true,
    pulledBefore: () => Promise.resolve(false),
    onEvent,
    signal,
  });
  const failures = [...found.failures];
  const locked = await Promise.all(found.items.map(async (item) => {
    try {
      return await lockItem(item, names);
    } catch (error) {
      signal?.throwIfAborted();
      const { reference, from } = item.wanted;
      failures.push({ reference, from, error });
      return undefined;
    }
  }));
  const complete = locked.filter((image) => image !== undefined);
  return { lock: { images: complete }, failures };
}

/** How each image was written, by its full name. */
function namesOf(
  images: readonly (string | Reference | PullRequest)[],
): Map<string, string> {
  const names = new Map<string, string>();
  const { length } = images;
  for (let i = 0; i < length; i++) {
    const each = images[i]!;
    const given = isRequest(each) ? each.reference : each;
    if (typeof given !== "string") continue;
    const [wanted] = readRequests([given], undefined, true);
    if (wanted && !names.has(wanted.name)) names.set(wanted.name, given);
  }
  return names;
}

async function lockItem(
  { wanted, top, images }: SetItem,
  names: ReadonlyMap<string, string>,
): Promise<LockedImage> {
  const manifests = await Promise.all(
    images.map(async ({ found, options }): Promise<LockedManifest> => {
      const documents = await imageConfig(found, options);
      const { manifest, parsed, config, said, platform } = documents;
      const { rootfs: { diff_ids: diffIds } } = parseConfig(config, parsed);
      return {
        platform: said ?? platform,
        ...blob(manifest.descriptor),
        config: blob(parsed.config),
        layers: parsed.layers.map((layer, i) => ({
          ...blob(layer),
          diffId: diffIds[i]!,
        })),
      };
    }),
  );
  return {
    name: names.get(wanted.name) ?? wanted.name,
    reference: formatReference(wanted.reference),
    ...blob(top.descriptor),
    // The same on every machine, whatever it runs itself.
    manifests: manifests.toSorted((a, b) =>
      compare(formatPlatform(a.platform), formatPlatform(b.platform)) ||
      compare(a.digest, b.digest)
    ),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function blob({ mediaType, digest, size }: Descriptor): LockedBlob {
  return { mediaType, digest, size };
}
