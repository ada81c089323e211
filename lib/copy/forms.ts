/** The forms that images are written in, each by its name. */

import { utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import type { ArchiveForm } from "../archive/content.ts";
import { onDisk } from "../disk/io.ts";
import type { Base } from "../image/delta.ts";
import {
  DeltaError,
  InvalidSettingError,
  StorageError,
} from "../image/errors.ts";
import type { ImageGraph } from "./engine/graph.ts";
import {
  DELTAS,
  type Format,
  type LoaderDelta,
  LOADERS,
  type LoadingProgram,
} from "./loaders.ts";
import { newestTime } from "./sets/newest_time.ts";
import type { ImageTarget } from "./engine/target.ts";
import { archiveTarget } from "./targets/archive.ts";
import { layoutTarget } from "./targets/layout.ts";
import type { LayerForm } from "./transforms/layer_types.ts";

export type { Format } from "./loaders.ts";

/** How layers are compressed in what is written. */
export type Layers = "as-is" | LayerForm;

/** The endings of what is compressed as a whole, gzip's first. */
const COMPRESSED = /\.(?:(tar\.gz|tgz)|tar\.zst|tzst)$/i;

/** In which form images are written. */
export interface FormOptions {
  /** @default {"tar"} */
  format?: Format;
  /** @default {"as-is"} `plain` in the form `docker-legacy`. */
  layers?: Layers;
  /** The program that is to load it, in place of a form. */
  for?: LoadingProgram;
  /** The most bytes of a part, where an archive is cut into such. */
  split?: number;
  /** The number of the only part that is written, from 1 on. */
  part?: number;
  /** What becomes of an index that is not there wholly. */
  index?: "pruned" | "original";
  /** Whether what refers to the images goes along. */
  referrers?: boolean;
  /** What is left out, as it is there already. */
  have?: Base;
}

/** The form that is meant. */
export function formatOf({ format, for: program, have }: FormOptions): Format {
  if (!program) return format ?? "tar";
  return have ? LOADERS[program].delta.format : LOADERS[program].format;
}

/**
 * How layers that are left out are found there.
 *
 * @throws {DeltaError} If none can be left out.
 */
function loaderDelta(options: FormOptions): LoaderDelta {
  const { for: program } = options;
  const format = formatOf(options);
  if (layersOf(options) !== "as-is" && format !== "docker-legacy") {
    throw new DeltaError("the target", { code: "other-layers" });
  }
  if (program) return LOADERS[program].delta;
  if (format === "tar" || format === "oci-archive") return DELTAS[format];
  throw new DeltaError("the target", { code: "form", format });
}

/** How the name of a file of that form ends, where nobody says. */
export function endingOf(options: FormOptions): string {
  const { for: program } = options;
  if (program) return LOADERS[program].ending;
  return isFolder(formatOf(options)) ? "" : ".tar";
}

/**
 * Fails where the program that is to load a file does not read one of that
 * name.
 *
 * @throws {StorageError} With the code `not-for-k3s`.
 */
export function checkEnding(path: string, { for: program }: FormOptions): void {
  const endings = program && LOADERS[program].endings;
  if (!endings || endings.test(path)) return;
  throw new StorageError("write", path, `not-for-${program}`);
}

/** Whether a form is a folder. */
export function isFolder(format: Format): boolean {
  return format === "oci";
}

/** How layers are compressed in a form. */
export function layersOf(options: FormOptions): Layers {
  const { layers = "as-is" } = options;
  return formatOf(options) === "docker-legacy" ? "plain" : layers;
}

/** Whether manifests stay as they are, so that what refers to them fits. */
export function keepsManifests(options: FormOptions): boolean {
  return layersOf(options) === "as-is";
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
  if (options.split !== undefined && isFolder(formatOf(options))) {
    throw new RangeError("Cannot pull a folder in parts");
  }
  if (options.have) loaderDelta(options);
  const target = typeof place === "string" && isFolder(formatOf(options))
    ? layoutTarget(place)
    : await archiveFor(place, options);
  const folder = typeof place === "string" ? dirname(place) : tmpdir();
  return await withLayers(target, options, folder);
}

/**
 * The same target, whose layers are compressed as they are to be.
 *
 * @param folder Where layers are made anew, if there is no cache.
 * @throws {InvalidSettingError} If the runtime cannot compress them so, or the
 * original index is wanted, which names other layers.
 */
export async function withLayers(
  target: ImageTarget,
  options: FormOptions,
  folder: string,
): Promise<ImageTarget> {
  const form = layersOf(options);
  if (form === "as-is") return target;
  if (options.index === "original") {
    throw new InvalidSettingError("index", { code: "other-layers" });
  }
  if (options.referrers) {
    throw new InvalidSettingError("referrers", { code: "other-layers" });
  }
  if (form === "zstd") await checkZstd();
  const { recompressed } = await import("./transforms/recompressed.ts");
  return recompressed(target, form, folder);
}

async function archiveFor(
  place: string | WritableStream<Uint8Array>,
  options: FormOptions,
): Promise<ImageTarget> {
  const format = formatOf(options);
  const members = await membersOf(format);
  const { stableTime } = LOADERS[options.for ?? "docker"];
  const open = (form: ArchiveForm | undefined) =>
    options.split === undefined
      ? archiveTargetFor(place, form, stableTime)
      : partsFor(place, form, options.split, options.part);
  const target = options.have
    ? await deltaFor(place, members, options, options.have, open)
    : await open(members);
  if (format !== "docker-legacy") return target;
  return {
    ...target,
    open(graph, options) {
      refuseSeveral(graph, typeof place === "string" ? place : "-");
      return target.open(graph, options);
    },
  };
}

async function deltaFor(
  place: string | WritableStream<Uint8Array>,
  form: ArchiveForm | undefined,
  options: FormOptions,
  base: Base,
  open: (form: ArchiveForm) => Promise<ImageTarget>,
): Promise<ImageTarget> {
  const { foundBy, programs, isOneImage = false } = loaderDelta(options);
  const path = typeof place === "string" ? place : undefined;
  const { deltaTarget } = await import("./targets/delta.ts");
  const how = { base, foundBy, programs, isOneImage };
  return deltaTarget({ ...how, path, form, open });
}

async function archiveTargetFor(
  place: string | WritableStream<Uint8Array>,
  form: ArchiveForm | undefined,
  stableTime: boolean,
): Promise<ImageTarget> {
  if (typeof place !== "string") {
    return (await import("./targets/stream.ts")).streamTarget(place, form);
  }
  const ending = COMPRESSED.exec(place);
  if (!ending) {
    const target = archiveTarget(place, form);
    return stableTime ? withStableTime(place, target) : target;
  }
  const { compressedTarget } = await import("./targets/compressed.ts");
  const compression = ending[1] ? "gzip" : "zstd";
  if (compression === "zstd") await checkZstd();
  return compressedTarget(place, { compression, form, stableTime });
}

async function partsFor(
  place: string | WritableStream<Uint8Array>,
  form: ArchiveForm | undefined,
  split: number,
  part: number | undefined,
): Promise<ImageTarget> {
  if (typeof place !== "string") {
    throw new RangeError("Cannot pull parts to a stream");
  }
  if (COMPRESSED.test(place)) {
    throw new StorageError("write", place, "split-compressed");
  }
  const { partsTarget } = await import("./targets/parts.ts");
  return partsTarget(place, { split, part }, form);
}

/** Fails before anything is asked for where zstd cannot be written. */
async function checkZstd(): Promise<void> {
  // Node 20 has none.
  if (typeof (await import("node:zlib")).zstdCompressSync === "function") {
    return;
  }
  throw new InvalidSettingError("compression", { code: "no-zstd" }, "zstd");
}

function withStableTime(path: string, target: ImageTarget): ImageTarget {
  return {
    ...target,
    async open(graph, options) {
      const writer = await target.open(graph, options);
      return {
        ...writer,
        async commit(graph) {
          await writer.commit(graph);
          const time = await newestTime(graph);
          await onDisk("write", path, () => utimes(path, time, time));
        },
      };
    },
  };
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
