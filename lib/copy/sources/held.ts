/** Opens whatever holds images on this machine. */

import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { onDisk } from "../../disk/io.ts";
import {
  ArchiveImages,
  type OpenImagesOptions,
} from "../../archive/reader/images.ts";
import { ArchiveError } from "../../image/errors.ts";
import { isDigest } from "../../image/digest.ts";
import type { HeldImage } from "../../image/held_image.ts";
import { parseIndex } from "../../image/manifest.ts";
import { isIndex } from "../../image/media_types.ts";
import type { Descriptor } from "../../image/types.ts";
import { openLayoutHolder } from "./layout.ts";
import type { ImageHolder } from "./local.ts";

/** The file that docker_pull.py kept of a layer. */
const LAYER = "layer.tar";

/** What holds images; to be closed. */
export interface Held extends ImageHolder {
  /**
   * The diffID of a layer, where it was found out from the layer's bytes.
   */
  diffIdOf?(digest: string): string | undefined;
  /**
   * The digests of the configurations that Docker's graph drivers find, in an
   * archive.
   */
  dockerConfigs?(): Promise<Set<string>>;
  /** Files that are layers of no image, as docker_pull.py kept them. */
  layerFiles: string[];
  /** Whether a blob is a file of its own, which can be had by a second name. */
  hasFiles: boolean;
  /** Ends the reading. */
  close(): Promise<void>;
}

/**
 * Opens an archive, a layout or the old script's cache.
 *
 * @param path The file or folder.
 * @throws {StorageError} If it cannot be read.
 * @throws {ArchiveError} If it is none of them.
 */
export async function openHeld(
  path: string,
  options: OpenImagesOptions = {},
): Promise<Held> {
  const status = await onDisk("read", path, () => stat(path));
  if (!status.isDirectory()) {
    const archive = await ArchiveImages.open(path, options);
    return {
      path,
      images: () => archive.images(),
      entries: () => archive.entries(),
      document: (digest) => archive.document(digest),
      blob: (descriptor) => archive.blob(descriptor),
      diffIdOf: (digest) => archive.diffIdOf(digest),
      delta: archive.delta,
      dockerConfigs: () => archive.dockerConfigs(),
      layerFiles: [],
      hasFiles: false,
      close: () => archive.close(),
    };
  }
  if (options.form === "docker") {
    throw new ArchiveError(path, { code: "no-archive" });
  }
  const names = await onDisk("read", path, () => readdir(path));
  const layerFiles = await oldLayers(path, names);
  const rest = { layerFiles, hasFiles: true, close: () => Promise.resolve() };
  if (names.includes("oci-layout")) {
    return { ...await openLayoutHolder(path), ...rest };
  }
  if (layerFiles.length === 0) {
    throw new ArchiveError(path, { code: "no-layout" });
  }
  return {
    path,
    images: () => Promise.resolve([]),
    document: () => Promise.resolve(undefined),
    blob: () => Promise.resolve(undefined),
    ...rest,
  };
}

/**
 * The images of a place but those without a name that are parts of another:
 * some programs list every manifest that an index has beside it.
 */
export async function wholeImages(
  held: Pick<Held, "images" | "document">,
): Promise<HeldImage[]> {
  const images = await held.images();
  if (images.every(({ names }) => names.length > 0)) return images;
  const parts = new Set<string>();
  const visit = async ({ digest, mediaType }: Descriptor) => {
    if (!isIndex(mediaType)) return;
    const document = await held.document(digest);
    if (!document) return;
    for (const part of parseIndex(document).manifests) {
      if (parts.has(part.digest)) continue;
      parts.add(part.digest);
      await visit(part);
    }
  };
  for (const { descriptor } of images) await visit(descriptor);
  return images.filter(({ names, descriptor }) =>
    names.length > 0 || !parts.has(descriptor.digest)
  );
}

/**
 * The layers that docker_pull.py kept, as `layers/sha256_<hex>/layer.tar`: in
 * its folder or in that of the layers.
 */
async function oldLayers(path: string, names: string[]): Promise<string[]> {
  const isOne = (name: string) => isDigest(name.replace("_", ":"));
  const folder = basename(path) === "layers" || names.some(isOne)
    ? path
    : join(path, "layers");
  const found = folder === path
    ? names
    : names.includes("layers")
    ? await readdir(folder).catch(() => [])
    : [];
  return found.filter(isOne).sort().map((name) => join(folder, name, LAYER));
}
