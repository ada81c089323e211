/** Pulls images from their registries, one or a set. */

import { archiveName } from "../archive/name.ts";
import { checkOptions } from "../image/options.ts";
import type { Reference } from "../image/reference.ts";
import { withFetch } from "../net/transport.ts";
import { openSource } from "../registry/mirrors/mirrors.ts";
import { Writers } from "../transfer/writers.ts";
import { endingOf } from "./forms.ts";
import { type Destination, openOutput } from "./places/outputs.ts";
import {
  PULL_IMAGES_RULES,
  PULL_RULES,
  type PullImagesOptions,
  type PullOptions,
  type PullRequest,
} from "./pull_options.ts";
import type { PullImagesResult, PullResult } from "./pull_result.ts";
import { pullSet, type SetOptions } from "./sets/pull_set.ts";
import { readRequests, type WantedImage } from "./sets/set_requests.ts";
import type { Fetch, Platform } from "../image/types.ts";

/**
 * Pulls an image from its registry into an archive that `docker load` takes.
 *
 * Every byte is verified before the archive gets its name. What has come is
 * kept when a pull breaks off, and the next one goes on from there.
 *
 * @param reference The image, such as `nginx:latest`.
 * @param options How.
 * @returns What was pulled.
 * @throws {TypeError} For an option that there is not, or a value of a type
 * that it cannot have.
 * @throws {RangeError} For a value that is out of an option's range.
 * @throws {InvalidReferenceError} If the reference is none.
 * @throws {PlatformNotFoundError} If the image is not made for the platform, or
 * for one of several.
 * @throws {NotAnImageError} If it is a chart, a signature or the like.
 * @throws {RegistryError} If the registry refuses: 401, 403, 404, 429 and others.
 * @throws {NetworkError} If it cannot be reached.
 * @throws {ContentMismatchError} If what it sends is not what it should be.
 * @throws {StorageError} If the archive or the cache cannot be written.
 *
 * @example
 * ```ts ignore
 * import { pull } from "@x/docker-pull";
 *
 * const { path, imageId } = await pull("nginx:latest", {
 *   platform: "linux/arm64",
 *   onEvent: (event) => console.log(event.type),
 * });
 * console.log(`${imageId} is in ${path}`);
 * ```
 */
export async function pull(
  reference: string | Reference,
  options: PullOptions = {},
): Promise<PullResult> {
  checkOptions("pull", options, PULL_RULES);
  refuseTwoForms(options);
  const { output, force = false } = options;
  return await endingStream(
    output,
    () =>
      pullInto(reference, options, (image, platform) =>
        openOutput(
          output ?? archiveName(image, platform, endingOf(options)),
          options,
          force,
        )),
  );
}

/** Tells where an image goes, before anything is made or asked for. */
export type Choose = (
  image: Reference,
  platform: Platform | undefined,
) => Promise<Destination>;

/**
 * Pulls an image to wherever it goes; the options are checked already, and
 * `output` is not heeded.
 */
export async function pullInto(
  reference: string | Reference | PullRequest,
  options: PullOptions,
  choose: Choose,
): Promise<PullResult> {
  const set = readRequests([reference], options.platform, true);
  const [{ reference: image, platforms }] = set as [WantedImage];
  const platform = platforms !== "all" && platforms?.length === 1
    ? platforms[0]
    : undefined;
  const one = () => choose(image, platform);
  const { results, failures } = await pullWanted(set, options, { one });
  if (failures.length > 0) throw failures[0]!.error;
  return results[0]!;
}

function refuseTwoForms({ format, for: program }: PullOptions): void {
  if (format === undefined || program === undefined) return;
  throw new TypeError("Cannot pull in a form and for a program at once");
}

/** Does something with a stream, which ends with it where it fails. */
async function endingStream<T>(
  output: PullOptions["output"],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Where it has been written to, that was told already.
    if (output instanceof WritableStream) output.abort(error).catch(() => {});
    throw error;
  }
}

/**
 * Pulls a set of images: each to a file of its own, or all to one archive, in
 * which each blob is once. They share connections, tokens and the cache, and a
 * blob that several have is fetched once.
 *
 * One that cannot be had does not keep the others from coming. An archive of all
 * is written whole or not at all, unless `keepGoing` says so.
 *
 * @param images The images, or what else is to be said of each.
 * @param options How.
 * @returns What is there now, and what is not.
 * @throws {TypeError} For an option that there is not, or a value of a type
 * that it cannot have.
 * @throws {RangeError} For a value that is out of an option's range.
 * @throws {InvalidSetError} If the set makes no sense; nothing was fetched then.
 * @throws {StorageError} If the one archive or the cache cannot be written.
 *
 * @example
 * ```ts ignore
 * import { pullImages } from "@x/docker-pull";
 *
 * const { results, failures } = await pullImages(["nginx:1.27", "redis:7"], {
 *   output: "all.tar",
 *   platform: ["linux/amd64", "linux/arm64"],
 * });
 * for (const { path, reference } of results) console.log(path, reference);
 * for (const { reference, error } of failures) console.error(reference, error);
 * ```
 */
export async function pullImages(
  images: readonly (string | Reference | PullRequest)[],
  options: PullImagesOptions = {},
): Promise<PullImagesResult> {
  checkOptions("pull", options, PULL_IMAGES_RULES);
  refuseTwoForms(options);
  if (!Array.isArray(images)) {
    throw new TypeError("Cannot pull: the images are no list");
  }
  const { output, folder, force = false } = options;
  if (output !== undefined && folder !== undefined) {
    throw new TypeError("Cannot pull to one output and into a folder at once");
  }
  const one = output === undefined
    ? undefined
    : () => openOutput(output, options, force);
  return await endingStream(output, async () => {
    const result = await pullAll(images, options, { one });
    const [failure] = result.failures;
    // It has not been opened where the first documents were missing.
    if (failure && output instanceof WritableStream && !output.locked) {
      output.abort(failure.error).catch(() => {});
    }
    return result;
  });
}

/**
 * Pulls a set to wherever it goes; the options are checked already, and
 * `output` and `folder` are not heeded.
 */
export async function pullAll(
  images: readonly (string | Reference | PullRequest)[],
  options: PullImagesOptions,
  destination: SetOptions["destination"],
): Promise<PullImagesResult> {
  const together = destination.one !== undefined;
  const set = readRequests(images, options.platform, together);
  const where = { folder: options.folder, ...destination };
  return await pullWanted(set, options, where);
}

async function pullWanted(
  set: readonly WantedImage[],
  options: PullImagesOptions,
  destination: SetOptions["destination"],
): Promise<PullImagesResult> {
  return await withFetch(
    options.fetch,
    (fetch) => withWriters(fetch, set, options, destination),
  );
}

async function withWriters(
  fetch: Fetch,
  set: readonly WantedImage[],
  options: PullImagesOptions,
  destination: SetOptions["destination"],
): Promise<PullImagesResult> {
  const { concurrency: connections = 3, threads } = options;
  const writers = new Writers({ connections, threads });
  try {
    return await pullSet(set, writers, {
      ...options,
      destination,
      openSource: (reference, onEvent) =>
        openSource(reference, options, fetch, onEvent),
    });
  } finally {
    writers.close();
  }
}
