/**
 * Which images a text names: a list of references, a compose file, manifests
 * of Kubernetes, of hauler, or any other YAML or JSON with images in it.
 */

import { Collector } from "./collector.ts";
import { isYaml, readLines } from "./lines.ts";
import {
  InvalidListError,
  type LeftOut,
  type ListedImage,
} from "./list_report.ts";
import { readText } from "./list_text.ts";
import { readJson } from "./tree.ts";

export {
  InvalidListError,
  type LeftOut,
  type ListedImage,
  type ListFault,
  type ListPlace,
  type ListProblem,
} from "./list_report.ts";

/** How a list is read. */
export interface ListOptions {
  /**
   * What it is called, which is where the images are said to be from. By
   * `.yaml`, `.yml` or `.json` it is that, whatever it looks like.
   *
   * @default {"list"}
   */
  name?: string;
  /** Says what a variable is that a compose file names; else none is set. */
  variable?: (name: string) => string | undefined;
}

/** What a list says. */
export interface ImageList {
  /** The images, in order, each once. */
  images: ListedImage[];
  /** What names no image that could be pulled. */
  left: LeftOut[];
}

/**
 * Finds the images that a text names.
 *
 * A plain list has one reference a line, with `--platform` behind it where
 * that is not the usual one, and comments from `#` on. Of YAML and JSON, with
 * any number of documents, every `image:` counts that is an image's, and every
 * `repository:` with a `tag:`; of a compose file the services' images, with
 * its variables filled in.
 *
 * @param text The text, or its bytes in UTF-8.
 * @param options How.
 * @returns The images.
 * @throws {InvalidListError} With all that is wrong; also where it names none.
 *
 * @example
 * ```ts
 * import { formatReference, imagesOf } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * const { images } = await imagesOf("# mine\nnginx:1.27\nredis:7\n");
 * assertEquals(images.map(({ reference }) => formatReference(reference)), [
 *   "docker.io/library/nginx:1.27",
 *   "docker.io/library/redis:7",
 * ]);
 * ```
 */
export async function imagesOf(
  text: string | Uint8Array,
  { name = "list", variable = () => undefined }: ListOptions = {},
): Promise<ImageList> {
  const found = new Collector(name);
  const read = readText(text, found);
  if (read !== undefined) {
    const isTree = /\.(?:ya?ml|json)$/i.test(name) || isYaml(read);
    if (!isTree) readLines(read, found);
    else if (!readJson(read, found, variable)) {
      // Few lists are, and the parser takes a while to load.
      const { readYaml } = await import("./yaml_list.ts");
      readYaml(read, found, variable);
    }
    if (found.images.size === 0 && found.problems.length === 0) {
      found.wrong({ code: "empty" });
    }
  }
  if (found.problems.length > 0) {
    throw new InvalidListError(found.problems, found.left);
  }
  return { images: [...found.images.values()], left: found.left };
}
