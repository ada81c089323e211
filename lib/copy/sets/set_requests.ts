/** Which images a set is of. */

import { DockerPullError, InvalidSetError } from "../../image/errors.ts";
import { hostPlatform } from "../../image/host_platform.ts";
import type { LockedImage } from "../../image/locked_image.ts";
import { formatPlatform, toPlatform } from "../../image/platform.ts";
import type { BadImage } from "../../image/problems.ts";
import {
  formatReference,
  isReference,
  parseReference,
  type Reference,
} from "../../image/reference.ts";
import type { Platform } from "../../image/types.ts";
import type { Platforms, PullRequest } from "../pull_options.ts";
import type { WantedPlatforms } from "./roots.ts";

/** An image of a set, as it is understood. */
export interface WantedImage {
  /** What it is called. */
  reference: Reference;
  /** The same in full. */
  name: string;
  /** Its platforms. */
  platforms: WantedPlatforms;
  /** Where it was named. */
  from?: string;
  /** What the name stands for, where that is not asked of the registry. */
  locked?: LockedImage;
}

/**
 * Reads which images are asked for, each once.
 *
 * @param requests What is asked for.
 * @param platforms The platforms of those that name none.
 * @param together Whether all go to one place, where one name stands for one
 * thing: its platforms are then those of all that have it.
 * @throws {InvalidSetError} With all that is wrong.
 */
export function readRequests(
  requests: readonly (string | Reference | PullRequest)[],
  platforms: Platforms | undefined,
  together: boolean,
): WantedImage[] {
  const wanted = new Map<string, WantedImage>();
  const wrong: BadImage[] = [];
  if (requests.length === 0) throw new InvalidSetError({ code: "no-images" });
  for (const each of requests) {
    const request = isRequest(each) ? each : { reference: each };
    const read = tried(() => readRequest(request, platforms), request, wrong);
    if (!read) continue;
    const { name } = read;
    const key = together ? name : `${name} ${describe(read.platforms)}`;
    const known = wanted.get(key);
    if (!known) wanted.set(key, read);
    else if (known.locked?.digest !== read.locked?.digest) {
      const digests = [known, read].map(({ locked }) =>
        locked?.digest ?? "what the registry says"
      );
      throw new InvalidSetError({ code: "two-of-a-name", name, digests });
    } else known.platforms = union(known.platforms, read.platforms);
  }
  // What one image is asked for with, pull() throws as it always did.
  if (wrong.length === 1 && requests.length === 1) throw wrong[0]!.error;
  if (wrong.length > 0) {
    throw new InvalidSetError({ code: "bad-images", images: wrong });
  }
  return [...wanted.values()];
}

/** Whether it says more than which image. */
export function isRequest(
  value: string | Reference | PullRequest,
): value is PullRequest {
  return typeof value === "object" && value !== null && "reference" in value;
}

function readRequest(
  { reference: given, platforms: own, from, locked }: PullRequest,
  shared: Platforms | undefined,
): WantedImage {
  if (typeof given !== "string" && !isReference(given)) {
    throw new TypeError(
      "Cannot pull: the image is neither a text nor a reference",
    );
  }
  const reference = typeof given === "string" ? parseReference(given) : given;
  const name = formatReference(reference);
  const platforms = readPlatforms(own ?? shared);
  return { reference, name, platforms, from, locked };
}

/**
 * Reads which platforms are asked for, each once.
 *
 * @throws {InvalidPlatformError} If one is none.
 */
export function readPlatforms(platforms?: Platforms): WantedPlatforms {
  if (platforms === undefined) return undefined;
  const list = Array.isArray(platforms) ? platforms : [platforms];
  if (list.length === 0) return undefined;
  if (list.includes("all")) return "all";
  const read = list.map((each: string | Platform) => toPlatform(each));
  return [
    ...new Map(read.map((each) => [formatPlatform(each), each])).values(),
  ];
}

function union(a: WantedPlatforms, b: WantedPlatforms): WantedPlatforms {
  if (describe(a) === describe(b)) return a;
  if (a === "all" || b === "all") return "all";
  const host = [hostPlatform()];
  return readPlatforms([...a ?? host, ...b ?? host]);
}

function describe(platforms: WantedPlatforms): string {
  if (platforms === undefined || platforms === "all") return `${platforms}`;
  return platforms.map(formatPlatform).sort().join();
}

function tried<T>(
  read: () => T,
  { reference, from }: PullRequest,
  wrong: BadImage[],
): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DockerPullError)) throw error;
    const input = "input" in error ? String(error.input) : undefined;
    const text = input ??
      (typeof reference === "string" ? reference : formatReference(reference));
    wrong.push({ text, from, error });
    return undefined;
  }
}
