/** The forms that images are written in, each by its name. */

import { tmpdir } from "node:os";
import { dirname } from "node:path";
import type { ArchiveForm } from "../archive/content.ts";
import { StorageError } from "../image/errors.ts";
import type { ImageGraph } from "./graph.ts";
import type { ImageTarget } from "./target.ts";
import { archiveTarget } from "./targets/archive.ts";
import { layoutTarget } from "./targets/layout.ts";
import type { LayerForm } from "./transforms/layer_types.ts";

/** What is written: an archive of one of three forms, or a layout's folder. */
export type Format = "tar" | "oci" | "oci-archive" | "docker-legacy";

/** How layers are compressed in what is written. */
export type Layers = "as-is" | LayerForm;

/** In which form images are written. */
export interface FormOptions {
  /** @default {"tar"} */
  format?: Format;
  /** @default {"as-is"} `plain` in the form `docker-legacy`. */
  layers?: Layers;
}

/** Whether a form is a folder. */
export function isFolder(format: Format): boolean {
  return format === "oci";
}

/** How layers are compressed in a form. */
export function layersOf({ format, layers = "as-is" }: FormOptions): Layers {
  return format === "docker-legacy" ? "plain" : layers;
}

/**
 * The target for a form.
 *
 * @param place The file or folder that is written, links followed, or a stream.
 */
export async function targetFor(
  place: string | WritableStream<Uint8Array>,
  options: FormOptions,
): Promise<ImageTarget> {
  const { format = "tar" } = options;
  const target = typeof place === "string" && isFolder(format)
    ? layoutTarget(place)
    : await archiveFor(place, format);
  const folder = typeof place === "string" ? dirname(place) : tmpdir();
  return await withLayers(target, options, folder);
}

/**
 * The same target, whose layers are compressed as they are to be.
 *
 * @param folder Where layers are made anew, if there is no cache.
 */
export async function withLayers(
  target: ImageTarget,
  options: FormOptions,
  folder: string,
): Promise<ImageTarget> {
  const form = layersOf(options);
  if (form === "as-is") return target;
  const { recompressed } = await import("./transforms/recompressed.ts");
  return recompressed(target, form, folder);
}

async function archiveFor(
  place: string | WritableStream<Uint8Array>,
  format: Format,
): Promise<ImageTarget> {
  const members = await membersOf(format);
  const target = await archiveTargetFor(place, members);
  if (format !== "docker-legacy") return target;
  return {
    ...target,
    open(graph, options) {
      refuseSeveral(graph, typeof place === "string" ? place : "-");
      return target.open(graph, options);
    },
  };
}

async function archiveTargetFor(
  place: string | WritableStream<Uint8Array>,
  form: ArchiveForm | undefined,
): Promise<ImageTarget> {
  if (typeof place !== "string") {
    return (await import("./targets/stream.ts")).streamTarget(place, form);
  }
  const ending = /\.(?:(tar\.gz|tgz)|tar\.zst|tzst)$/i.exec(place);
  if (!ending) return archiveTarget(place, form);
  const { compressedTarget } = await import("./targets/compressed.ts");
  const compression = ending[1] ? "gzip" : "zstd";
  return compressedTarget(place, { compression, form });
}

/** What makes a form's members; nothing for the one that is the default. */
async function membersOf(format: Format): Promise<ArchiveForm | undefined> {
  if (format === "oci-archive") {
    return (await import("../archive/forms/oci_archive.ts")).ociArchiveMembers;
  }
  if (format === "docker-legacy") {
    const forms = await import("../archive/forms/docker_legacy.ts");
    return forms.dockerLegacyMembers;
  }
  return undefined;
}

/** Docker's old form holds one platform of an image. */
function refuseSeveral({ roots }: ImageGraph, file: string): void {
  if (roots.every(({ images }) => images.length === 1)) return;
  throw new StorageError("write", file, "one-platform");
}
