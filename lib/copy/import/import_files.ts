/** Brings what lies in files and folders into the cache, verified. */

import { join } from "node:path";
import { checkSpace } from "../../archive/archive_file.ts";
import { DockerPullError } from "../../image/errors.ts";
import {
  CALL,
  checkOptions,
  type Rules,
  SIGNAL,
  TEXT,
} from "../../image/options.ts";
import { formatPlatform } from "../../image/platform.ts";
import { formatReference } from "../../image/reference.ts";
import { INGEST } from "../../layout/layout_files.ts";
import { LayoutStore } from "../../layout/layout_store.ts";
import { type HeldContent, importContent } from "./import_content.ts";
import type { ImportedImage, ImportResult } from "./import_result.ts";
import { openHeld } from "../sources/held.ts";

/** How files are imported. */
export interface ImportOptions {
  /**
   * The folder of the cache.
   *
   * @default {"docker_images_cache"}
   */
  cacheDir?: string;
  /** Ends it; it then throws the signal's reason. What has come stays. */
  signal?: AbortSignal;
  /** Told how many bytes have been read, of how many that are known by then. */
  onProgress?: (done: number, total: number) => void;
}

const IMPORT_RULES: Rules<ImportOptions> = {
  cacheDir: TEXT,
  signal: SIGNAL,
  onProgress: CALL,
};

/**
 * Brings the images of archives and layouts into the cache, so that a later
 * pull does not fetch them: of any program that writes such ones, and the
 * layers that docker_pull.py kept. Every blob is verified, and images get the
 * names that they have there.
 *
 * One that cannot be read does not keep the others from coming.
 *
 * @param paths The files and folders.
 * @param options How.
 * @returns What was found.
 * @throws {TypeError} For an option that there is not.
 * @throws {StorageError} If the cache cannot be written.
 *
 * @example
 * ```ts ignore
 * import { importFiles } from "@x/docker-pull";
 *
 * const { images, added } = await importFiles(["all.tar"]);
 * console.log(images.length, "images,", added.bytes, "bytes");
 * ```
 */
export async function importFiles(
  paths: readonly string[],
  options: ImportOptions = {},
): Promise<ImportResult> {
  checkOptions("import", options, IMPORT_RULES);
  const start = performance.now();
  const { cacheDir = "docker_images_cache", signal, onProgress } = options;
  const cache = await LayoutStore.open(cacheDir);
  await cache.begin({ signal });
  const result: ImportResult = {
    images: [],
    failures: [],
    added: { blobs: 0, bytes: 0 },
    known: { blobs: 0, bytes: 0 },
    plain: { blobs: 0, bytes: 0 },
    missing: 0,
    elapsed: 0,
  };
  try {
    const seen = new Set<string>();
    const spool = { folder: join(cache.path, INGEST) };
    let [done, total] = [0, 0];
    for (const path of paths) {
      try {
        const held = await openHeld(path, { spool, signal });
        try {
          await importContent(held, cache, {
            result,
            seen,
            signal,
            async onFound(content: HeldContent) {
              total += content.bytes;
              onProgress?.(done, total);
              await checkSpace(cache.path, content.needed, cache.path);
            },
            onBytes: (bytes) => onProgress?.(done += bytes, total),
          });
        } finally {
          await held.close();
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof DockerPullError)) throw error;
        result.failures.push({ path, error });
      }
    }
  } finally {
    await cache.end();
  }
  tellReplaced(result.images);
  result.elapsed = performance.now() - start;
  return result;
}

/** Of several images of one name and platform, the last has it. */
function tellReplaced(images: readonly ImportedImage[]): void {
  const named = new Map<string, string>();
  for (const image of images.toReversed()) {
    const { reference, platform, manifest: { digest }, isWhole } = image;
    if (!reference || !isWhole) continue;
    const name = `${formatReference(reference)} ${formatPlatform(platform)}`;
    const last = named.get(name) ?? digest;
    if (last !== digest) image.replacedBy = last;
    named.set(name, last);
  }
}
