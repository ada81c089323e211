/** Which images of a file or folder are meant. */

import { PlaceError } from "../../image/errors.ts";
import type { HeldImage } from "../../image/held_image.ts";
import {
  familiarName,
  formatReference,
  parseReference,
} from "../../image/reference.ts";
import type { PlaceImage } from "../places/places.ts";

/**
 * Chooses among the images of a file or folder.
 *
 * @param text How the place was written.
 * @param images What is there.
 * @param wanted Which is meant; without a name or a number, all.
 * @returns The images, at least one.
 * @throws {PlaceError} If there is none such.
 */
export function chooseImages(
  text: string,
  images: readonly HeldImage[],
  { name, index }: PlaceImage,
): HeldImage[] {
  const names = images.map((image, i) => image.names[0] ?? `@${i}`);
  if (index !== undefined) {
    const image = images[index];
    if (image) return [image];
    throw new PlaceError(text, {
      code: "no-such-number",
      count: images.length,
    });
  }
  if (name !== undefined) {
    const found = images.filter((image) => isCalled(image, name));
    if (found.length > 0) return found;
    throw new PlaceError(text, { code: "no-such-image", name, names });
  }
  if (images.length > 0) return [...images];
  throw new PlaceError(text, { code: "no-images" });
}

/**
 * Whether an image is called so: word for word, or as the same reference is
 * written otherwise.
 */
function isCalled({ names }: HeldImage, name: string): boolean {
  if (names.includes(name)) return true;
  const [wanted, ...others] = [name, ...names].map(written);
  return wanted !== undefined && others.includes(wanted);
}

/** A name in full; nothing for what is none, such as a tag alone. */
function written(name: string): string | undefined {
  if (!/[:/]/.test(name)) return undefined;
  try {
    return formatReference(parseReference(name));
  } catch {
    return undefined;
  }
}

/** What an image is called where people read it. */
export function shownName({ names, reference, descriptor }: HeldImage): string {
  return reference ? familiarName(reference) : names[0] ?? descriptor.digest;
}
