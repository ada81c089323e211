/** A target in which an image gets another name. */

import type { Reference } from "../../image/reference.ts";
import { graphOf, type ImageGraph } from "../engine/graph.ts";
import type { ImageTarget, TargetWriter } from "../engine/target.ts";

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
    sizeOf: (graph) => target.sizeOf(named(graph)),
    holds: (graph, options) => target.holds(named(graph), options),
    written: (graph) => target.written?.(named(graph)) ?? named(graph),
    async open(graph, options) {
      return renaming(await target.open(named(graph), options), named);
    },
  };
}

/** The same writer, which is told of what is called otherwise. */
function renaming(
  writer: TargetWriter,
  named: (graph: ImageGraph) => ImageGraph,
): TargetWriter {
  const { store, order, ended, expands } = writer;
  return {
    store,
    order,
    ended,
    expands,
    sink: writer.sink && ((descriptor) => writer.sink!(descriptor)),
    wants: writer.wants && ((descriptor) => writer.wants!(descriptor)),
    room: writer.room &&
      ((descriptor, signal) => writer.room!(descriptor, signal)),
    deliver: writer.deliver &&
      ((descriptor, open) => writer.deliver!(descriptor, open)),
    upload: writer.upload &&
      ((descriptor, region) => writer.upload!(descriptor, region)),
    commit: (graph) => writer.commit(named(graph)),
    close: (error) => writer.close(error),
  };
}
