/** The plan of an archive of a graph. */

import type {
  ArchiveContent,
  ArchiveForm,
  ArchiveImage,
} from "../../archive/content.ts";
import { type ArchivePlan, planArchive } from "../../archive/plan.ts";
import type { GraphImage, ImageGraph } from "./graph.ts";

/** As much of the plan as follows from the manifests. */
export function outlineOf(graph: ImageGraph, form: ArchiveForm): ArchivePlan {
  return planArchive(form(contentOf(graph, ({ found }) => found)));
}

/** The whole plan, once all configurations are there. */
export async function wholePlan(
  graph: ImageGraph,
  form: ArchiveForm,
): Promise<ArchivePlan> {
  const whole = new Map<GraphImage, ArchiveImage>();
  for (const image of graph.images) whole.set(image, await image.documents);
  return planArchive(form(contentOf(graph, (image) => whole.get(image)!)));
}

function contentOf(
  { roots, annotations }: ImageGraph,
  known: (image: GraphImage) => ArchiveImage,
): ArchiveContent {
  return {
    roots: roots.map(({ images, ...root }) => ({
      ...root,
      images: images.map(known),
    })),
    annotations,
  };
}
