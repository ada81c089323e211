/** The images of lists, beside those that are named on the command line. */

import type { PullRequest } from "../../lib/copy/pull_options.ts";
import { InvalidSetError } from "../../lib/image/errors.ts";
import type { LockedImage } from "../../lib/image/locked_image.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import type { BadImage } from "../../lib/image/problems.ts";
import type { Reference } from "../../lib/image/reference.ts";
import type { LeftOut, ListedImage } from "../../lib/lists/lists.ts";
import type { Platform } from "../../lib/image/types.ts";
import { redactAddress } from "../../lib/redact/address.ts";
import { defaultPlatform, readImage } from "../access/image_access.ts";
import { UsageError } from "../options/arguments.ts";
import type { Environment } from "../options/environment.ts";
import type { PullCommandOptions } from "./pull_options.ts";
import {
  leftLine,
  listedLines,
  listedText,
  placesText,
} from "../messages/lists.ts";
import type { Style } from "../progress/style.ts";

/** An image that is wanted. */
export interface NamedImage extends ListedImage {
  /** What its name stands for, where a lock says so. */
  locked?: LockedImage;
}

/** What is wanted, and what is told of that. */
export interface NamedImages {
  /** Every image, each once. */
  images: NamedImage[];
  /** What lists name that cannot be pulled. */
  left: LeftOut[];
}

/** What the library is asked for. */
export function requestOf(
  { reference, platforms, where, locked }: NamedImage,
): PullRequest & { reference: Reference } {
  const from = where.length > 0 ? placesText(where) : undefined;
  return { reference, platforms, from, locked };
}

/** The registries of images, each once. */
export function registriesOf(
  images: readonly { reference: Reference }[],
): string[] {
  return [...new Set(images.map(({ reference }) => reference.registry))];
}

/** What is taken from where, as a list that can be read again. */
export function takenLines(
  { images }: NamedImages,
  quiet: boolean,
): string[] {
  const shown = images.map(({ locked, ...image }): ListedImage =>
    locked
      ? { ...image, reference: { ...image.reference, digest: locked.digest } }
      : image
  );
  return quiet ? shown.map(listedText) : listedLines(shown);
}

/** What is left out of lists. */
export function leftLines({ left }: NamedImages, style: Style): string[] {
  return left.map((each) => style.warn("note: ") + leftLine(each));
}

/**
 * Reads which images are meant.
 *
 * @throws {InvalidSetError} With all that are none.
 */
export function readSet(
  { images }: Pick<PullCommandOptions, "images">,
): { reference: Reference }[] {
  const wrong: BadImage[] = [];
  const wanted = images.flatMap((text) => {
    try {
      return [{ reference: readImage(text) }];
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (images.length === 1) throw error;
      wrong.push({ text: redactAddress(text), error });
      return [];
    }
  });
  if (wrong.length > 0) {
    throw new InvalidSetError({ code: "bad-images", images: wrong });
  }
  return wanted;
}

/** The platforms of the options, or else that of the environment. */
export function wantedPlatform(
  { platforms }: Pick<PullCommandOptions, "platforms">,
  env: Environment,
): Platform | Platform[] | "all" | undefined {
  return platforms.length > 0 ? readPlatforms(platforms) : defaultPlatform(env);
}

/** Reads `--platform`. */
export function readPlatforms(
  platforms: readonly string[],
): Platform[] | "all" {
  if (!platforms.includes("all")) return platforms.map(parsePlatform);
  if (platforms.length === 1) return "all";
  throw new UsageError("Option --platform is all, or some, and not both");
}
