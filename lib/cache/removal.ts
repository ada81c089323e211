/** Takes images and blobs out of a cache while others may be using it. */

import { lstat, rm } from "node:fs/promises";
import { removeLeftovers } from "../disk/leftovers.ts";
import { onDisk } from "../disk/io.ts";
import { forgetUse } from "../layout/last_use.ts";
import { removeFromLayoutIndex } from "../layout/layout_index.ts";
import { changeLayoutIndex } from "../layout/layout_names.ts";
import type { LayoutStore } from "../layout/layout_store.ts";
import type { Needs } from "../layout/uses.ts";
import type { CachedImage, Scan } from "./contents.ts";

/** What is to go. */
export interface Removal {
  /** Images, under all their names. */
  images: CachedImage[];
  /** Names alone, of images that have others. */
  names: string[];
  /** The digests of blobs. */
  blobs: string[];
  /** What has come in part. */
  parts: Scan["parts"];
}

/**
 * What of the images' blobs no other image has.
 *
 * @param scan What there is.
 * @param gone The digests of the images that go.
 */
export function blobsOfOnly(scan: Scan, gone: ReadonlySet<string>): string[] {
  return scan.blobs.flatMap(({ digest, images }) =>
    images.length > 0 && images.every((image) => gone.has(image)) ? digest : []
  );
}

/** Whether a running pull is about to have this image. */
export function isInUse(
  { digest }: CachedImage,
  { cores }: Scan,
  { digests }: Needs,
): boolean {
  if (digests.size === 0) return false;
  return [...cores.get(digest) ?? []].some((each) => digests.has(each));
}

/**
 * Whether a blob is needed, or may be: one that came since something that has
 * not said yet what it needs began.
 */
export function isNeeded(
  digest: string,
  changed: number,
  { digests, since }: Needs,
): boolean {
  // Some systems tell a file's times in whole seconds.
  return digests.has(digest) || changed >= since - 2_000;
}

/**
 * Takes it away, for whoever holds the guard: names first, so that none is ever
 * left that leads to what is gone.
 *
 * @returns The bytes that were freed, and how many blobs there were.
 */
export async function remove(
  store: LayoutStore,
  { images, names, blobs, parts }: Removal,
  needs: Needs,
): Promise<{ blobs: number; bytes: number }> {
  const digests = new Set(images.map(({ digest }) => digest));
  const alone = new Set(names);
  if (digests.size + alone.size > 0) {
    await changeLayoutIndex(
      store.path,
      (text) =>
        removeFromLayoutIndex(
          text,
          (digest, names) =>
            digests.has(digest) || names.some((name) => alone.has(name)),
        ),
    );
  }
  for (const digest of digests) await forgetUse(store.path, digest);
  const freed = { blobs: 0, bytes: 0 };
  for (const digest of blobs) {
    const path = store.blobPath(digest);
    const status = await lstat(path).catch(() => undefined);
    if (!status) continue;
    const changed = Math.max(status.mtimeMs, status.ctimeMs || 0);
    if (isNeeded(digest, changed, needs)) continue;
    await onDisk("remove", path, () => rm(path, { force: true }));
    freed.blobs++;
    freed.bytes += status.size;
  }
  for (const { path, bytes } of parts) {
    // It stays where somebody is fetching it.
    await removeLeftovers(path, false);
    if (await lstat(path).catch(() => undefined)) continue;
    freed.blobs++;
    freed.bytes += bytes;
  }
  return freed;
}
