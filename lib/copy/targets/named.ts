/** A target in which an image gets another name. */

import type { Reference } from "../../image/reference.ts";
import { graphOf, type ImageGraph } from "../engine/graph.ts";
import type { ImageTarget } from "../engine/target.ts";

/**
 * A target of one image, which is called otherwise there.
 *
 * @param target The target itself.
 * @param name Its name there, which may be made of the one that it has.
 * @param refName What a layout asks for it by, where that is said.
 */
export function namedTarget(
  target: ImageTarget,
  name: Reference | ((own: Reference) => Reference),
  refName?: string,
): ImageTarget {
  const known = new WeakMap<ImageGraph, ImageGraph>();
  /** The same graph, of that name; the same one each time it is asked. */
  const named = (graph: ImageGraph): ImageGraph => {
    const before = known.get(graph);
    if (before) return before;
    const roots = graph.roots.map((root) => {
      const reference = typeof name === "function"
        ? name(root.reference)
        : name;
      const images = root.images.map((image) => ({ ...image, reference }));
      return { ...root, reference, refName, images };
    });
    const renamed = { ...graphOf(roots), annotations: graph.annotations };
    known.set(graph, renamed);
    return renamed;
  };
  return {
    spares: target.spares,
    uploads: target.uploads,
    sizeOf: (graph) => target.sizeOf(named(graph)),
    holds: (graph, options) => target.holds(named(graph), options),
    written: (graph) => target.written?.(named(graph)) ?? named(graph),
    async open(graph, options) {
      const writer = await target.open(named(graph), options);
      const commit = writer.commit.bind(writer);
      // All else of a writer is the same for whatever an image is called.
      writer.commit = (graph) => commit(named(graph));
      return writer;
    },
  };
}
