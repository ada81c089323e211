/** The media types of layers by how they are compressed. */

import type { Compression } from "../../compression/compression.ts";

/** How the layers of an image are to be compressed. */
export type LayerForm = "plain" | Compression;

const TYPE =
  /^application\/vnd\.(oci\.image\.layer(?:\.nondistributable)?\.v1\.tar|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar)(?:[+.](gzip|zstd))?$/;

/** How a layer is compressed by what its media type says. */
export function layerForm(mediaType: string): LayerForm | undefined {
  const found = TYPE.exec(mediaType);
  return found ? (found[2] as Compression | undefined) ?? "plain" : undefined;
}

/** The media type of the same layer, compressed in another way. */
export function layerType(mediaType: string, form: LayerForm): string {
  const [, base = ""] = TYPE.exec(mediaType)!;
  const mark = base.startsWith("oci") ? "+" : ".";
  return `application/vnd.${base}${form === "plain" ? "" : mark + form}`;
}
