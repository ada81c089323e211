/** Images that a lock names: what their registry says of the name is not asked. */

import { LockError } from "../../image/errors.ts";
import type { ImageSource } from "../../image/image_source.ts";
import type { LockedImage, LockedManifest } from "../../image/locked_image.ts";
import { parseManifest } from "../../image/manifest.ts";
import { isIndex } from "../../image/media_types.ts";
import { formatPlatform, normalizePlatform } from "../../image/platform.ts";
import type { Reference } from "../../image/reference.ts";
import type {
  Descriptor,
  Document,
  Manifest,
  Platform,
} from "../../image/types.ts";
import { type DocumentOptions, indexEntry, topDocument } from "./documents.ts";
import { indexContent } from "./index_entries.ts";
import { findImages, type FoundImage, type FoundReference } from "./roots.ts";
import type { WantedPlatforms } from "./roots.ts";

/**
 * The source of a locked image, whose name stands for what the lock says. No
 * request is made to find that out, and by the name itself none is made at all.
 */
export function lockedSource(
  source: ImageSource,
  { digest, mediaType, size }: LockedImage,
): ImageSource {
  const target: string | Descriptor =
    mediaType === undefined || size === undefined
      ? digest
      : { mediaType, digest, size };
  const isName = (asked: unknown) =>
    typeof asked === "string" && !asked.includes(":");
  return {
    fetchManifest: (asked, options) =>
      source.fetchManifest(isName(asked) ? target : asked, options),
    resolve: async (asked, options) =>
      isName(asked) && typeof target === "object"
        ? target
        : await source.resolve(isName(asked) ? digest : asked, options),
    fetchSmallBlob: (...call) => source.fetchSmallBlob(...call),
    fetchBlob: (...call) => source.fetchBlob(...call),
    tags: (...call) => source.tags(...call),
  };
}

/**
 * Finds the images that a lock names, and no others.
 *
 * @param wanted The platforms, of a list of digests, which names none itself.
 * @throws {LockError} If the lock says something else of them than they are.
 * @throws {DockerPullError} If they cannot be had.
 */
export async function findLocked(
  reference: Reference,
  locked: LockedImage,
  wanted: WantedPlatforms,
  given: DocumentOptions,
): Promise<FoundReference> {
  const options = { ...given, source: lockedSource(given.source, locked) };
  if (!locked.manifests) {
    const found = await findImages(reference, wanted, options);
    checkSame(locked, "digest", locked.digest, found.top.descriptor.digest);
    return found;
  }
  const found = await topDocument(reference, options);
  const { top, confirmed } = found;
  checkSame(locked, "digest", locked.digest, top.descriptor.digest);
  const open = await opener(locked, top, options);
  const images = await Promise.all(
    locked.manifests.map(async (each): Promise<FoundImage> => {
      const platform = normalizePlatform(each.platform);
      const { manifest, said } = await open(each);
      const parsed = parseManifest(manifest);
      checkManifest(locked, each, parsed);
      if (said) checkPlatform(locked, platform, normalizePlatform(said));
      return {
        found: {
          resolved: top.descriptor,
          manifest,
          parsed,
          said: said && normalizePlatform(said),
          direct: manifest === top,
          confirmed,
          check(diffIds, own) {
            const list = each.layers.map(({ diffId }) => diffId);
            checkSame(locked, "layers", list.join(), diffIds.join());
            if (!said) checkPlatform(locked, platform, own);
          },
        },
        options: {
          ...options,
          wantedPlatform: platform,
          platformWasNamed: true,
        },
        platform,
      };
    }),
  );
  return { top, images, lacking: [] };
}

/** Opens a manifest of what the name stands for. */
async function opener(
  locked: LockedImage,
  top: Document,
  options: DocumentOptions,
): Promise<
  (each: LockedManifest) => Promise<
    { manifest: Document; said?: Descriptor["platform"] }
  >
> {
  if (!isIndex(top.descriptor.mediaType)) {
    return ({ digest }) => {
      checkSame(locked, "manifests", digest, top.descriptor.digest);
      return Promise.resolve({ manifest: top });
    };
  }
  const { entries } = await indexContent(
    top,
    (index, entry) => indexEntry(index, entry, options),
  );
  return async ({ digest }) => {
    const entry = entries.find(({ descriptor }) =>
      descriptor.digest === digest
    );
    if (!entry) {
      throw new LockError(locked.reference, {
        code: "not-in-index",
        digest,
        index: top.descriptor.digest,
      });
    }
    const { descriptor, index } = entry;
    return {
      manifest: await indexEntry(index.descriptor.digest, descriptor, options),
      said: descriptor.platform,
    };
  };
}

function checkManifest(
  locked: LockedImage,
  { config, layers }: LockedManifest,
  actual: Manifest,
): void {
  checkSame(locked, "config", config.digest, actual.config.digest);
  const list = (blobs: readonly { digest: string; size: number }[]) =>
    blobs.map(({ digest, size }) => `${digest} ${size}`).join();
  checkSame(locked, "layers", list(layers), list(actual.layers));
}

function checkPlatform(
  locked: LockedImage,
  said: Platform,
  actual: Platform,
): void {
  const [one, other] = [said, actual].map(formatPlatform);
  checkSame(locked, "platform", one!, other!);
}

function checkSame(
  { reference }: LockedImage,
  field: string,
  said: string,
  actual: string,
): void {
  if (said === actual) return;
  throw new LockError(reference, { code: "contradiction", field });
}
