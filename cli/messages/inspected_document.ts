/** What was found where an image was looked at, as JSON. */

import { formatPlatform } from "../../lib/image/platform_text.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type {
  InspectedImage,
  InspectedReference,
} from "../../lib/look/report.ts";

/** All that was found, as JSON has it: sizes in bytes. */
export function inspectedDocument(
  found: readonly InspectedReference[],
): object {
  return {
    images: found.map(({ name, reference, delta, top, entries, images }) => ({
      name: reference ? formatReference(reference) : name,
      digest: top.descriptor.digest,
      mediaType: top.descriptor.mediaType,
      size: top.bytes.length,
      delta,
      entries: entries?.map(({ descriptor, platform, attests, isThere }) => ({
        digest: descriptor.digest,
        mediaType: descriptor.mediaType,
        size: descriptor.size,
        platform: platform && formatPlatform(platform),
        attests,
        isThere,
      })),
      platforms: images.map(imageDocument),
    })),
  };
}

function imageDocument(image: InspectedImage): unknown {
  const { manifest, layers, platform, settings, ...rest } = image;
  const { imageId, created, author, artifact, artifactType } = rest;
  return {
    platform: platform && formatPlatform(platform),
    digest: manifest.descriptor.digest,
    mediaType: manifest.descriptor.mediaType,
    imageId,
    artifact,
    artifactType,
    created,
    author,
    size: rest.size,
    unpacked: rest.unpacked,
    config: settings,
    layers: layers.map(({ descriptor, diffId, unpacked, step }) => ({
      digest: descriptor.digest,
      mediaType: descriptor.mediaType,
      size: descriptor.size,
      diffId,
      unpacked,
      createdBy: step?.createdBy,
    })),
    history: rest.history,
  };
}
