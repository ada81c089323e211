/** An image's documents as they are told of. */

import { distinct, totalSize } from "../image/descriptors.ts";
import type { ArtifactKind } from "../image/errors.ts";
import { parseConfig, parseManifest } from "../image/manifest.ts";
import type { Descriptor, Document } from "../image/types.ts";
import type { ImageDocuments } from "../copy/sets/documents.ts";
import type { InspectedImage, InspectedLayer } from "./report.ts";
import { type HistoryStep, imageDetails } from "./settings.ts";

/** What an image's documents tell. */
export function inspectDocuments(
  { manifest, config, parsed, platform }: ImageDocuments,
): InspectedImage {
  const details = imageDetails(config);
  const { rootfs } = parseConfig(config, parsed);
  const steps = layerSteps(details.history, parsed.layers.length);
  const layers = parsed.layers.map((descriptor, i): InspectedLayer => ({
    descriptor,
    diffId: rootfs.diff_ids[i],
    unpacked: isPlain(descriptor, rootfs.diff_ids[i])
      ? descriptor.size
      : undefined,
    step: steps?.[i],
  }));
  return {
    ...details,
    manifest,
    config,
    imageId: parsed.config.digest,
    platform,
    layers,
    size: sizeOf(manifest, [parsed.config, ...parsed.layers]),
    unpacked: unpackedOf(layers),
  };
}

/** What the manifest tells of what is no image. */
export function inspectArtifact(
  manifest: Document,
  artifact: ArtifactKind,
): InspectedImage {
  const parsed = parseManifest(manifest);
  const type = parsed.artifactType;
  return {
    manifest,
    artifact,
    artifactType: typeof type === "string" && type !== ""
      ? type
      : parsed.config.mediaType,
    created: parsed.annotations?.["org.opencontainers.image.created"],
    layers: parsed.layers.map((descriptor) => ({ descriptor })),
    size: sizeOf(manifest, [parsed.config, ...parsed.layers]),
  };
}

/** All layers when expanded, where that is known of each. */
export function unpackedOf(
  layers: readonly InspectedLayer[],
): number | undefined {
  let sum = 0;
  for (const { unpacked } of layers) {
    if (unpacked === undefined) return undefined;
    sum += unpacked;
  }
  return sum;
}

function sizeOf(manifest: Document, blobs: Descriptor[]): number {
  return manifest.bytes.length + totalSize(distinct(blobs));
}

/** Whether a layer is not compressed: then it is what its diffID says. */
function isPlain(
  { digest, mediaType }: Descriptor,
  diffId: string | undefined,
): boolean {
  return digest === diffId || /(?:\.|diff\.)tar$/.test(mediaType);
}

/**
 * The steps that have made layers, in their order, where there are as many as
 * layers.
 */
function layerSteps(
  history: readonly HistoryStep[],
  layers: number,
): HistoryStep[] | undefined {
  const steps = history.filter(({ emptyLayer }) => !emptyLayer);
  return steps.length === layers ? steps : undefined;
}
