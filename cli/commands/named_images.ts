/** Which images the options ask for, be they named, of lists or of a lock. */

import type { Reference } from "../../lib/image/reference.ts";
import { eachOnce, readLists } from "../access/lists.ts";
import type { Io } from "../io.ts";
import { type NamedImages, readSet } from "./pull_lists.ts";
import type { PullCommandOptions } from "./pull_options.ts";

/** What the options ask for: of a lock, or of the command line and of lists. */
export async function namedImages(
  options: PullCommandOptions,
  io: Pick<Io, "variables" | "stdin">,
): Promise<NamedImages> {
  if (options.lock === undefined) {
    return await nameImages(readSet(options), options.from, io);
  }
  const { lockedImages } = await import("./locked_images.ts");
  return await lockedImages(options, io);
}

/**
 * Puts the images of the command line and of lists together.
 *
 * @param named Those of the command line.
 * @param from The lists.
 */
async function nameImages(
  named: readonly { reference: Reference }[],
  from: readonly string[],
  io: Pick<Io, "variables" | "stdin">,
): Promise<NamedImages> {
  const lists = await readLists(from, io);
  const operands = named.map(({ reference }) => ({ reference, where: [] }));
  return {
    images: eachOnce([...operands, ...lists.images]),
    left: lists.left,
  };
}
