/** Images as files and folders of this machine name them. */

import { IMAGE_NAME, REF_NAME } from "./annotations.ts";
import { parseReference, type Reference } from "./reference.ts";
import type { Descriptor } from "./types.ts";

/** An image that an archive or a layout holds, under all of its names. */
export interface HeldImage {
  /** What it is called there, word for word; the full name comes first. */
  names: string[];
  /** Its full name, where one of the names is one. */
  reference?: Reference;
  /** Its manifest or index. */
  descriptor: Descriptor;
}

/** An image with the names that it is said to have. */
export function heldImage(
  descriptor: Descriptor,
  names: readonly string[],
): HeldImage {
  const image: HeldImage = { names: [...new Set(names)], descriptor };
  for (const name of image.names) {
    image.reference ??= fullName(name);
  }
  return image;
}

/**
 * An image as an entry of an `index.json` names it: by its full name, as
 * containerd and Docker do, or by what it is to be asked for, which may be
 * full, too, or a tag alone.
 */
export function indexedImage(descriptor: Descriptor): HeldImage {
  const { annotations, ...plain } = descriptor;
  const named = [IMAGE_NAME, REF_NAME].map((key) => annotations?.[key]);
  const names = named.filter((name) => typeof name === "string" && name !== "");
  return heldImage(plain, names as string[]);
}

/** The reference that a name is; nothing for a tag, which says of no repository. */
function fullName(name: string): Reference | undefined {
  if (!/[:/]/.test(name)) return undefined;
  try {
    return parseReference(name);
  } catch {
    return undefined;
  }
}
