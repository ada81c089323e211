/** Makes the manifest of an image that `manifest.json` names by its files. */

import { digestBytes } from "../../image/digest.ts";
import { ArchiveError } from "../../image/errors.ts";
import { parseConfig } from "../../image/manifest.ts";
import {
  OCI_CONFIG,
  OCI_LAYER_GZIP,
  OCI_LAYER_TAR,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
} from "../../image/media_types.ts";
import type { Descriptor, Document, Manifest } from "../../image/types.ts";
import { compressionOf } from "../../compression/compression.ts";
import { digestOfName } from "./digest_of_name.ts";
import type { ArchiveFiles, HeldFile } from "./files.ts";
import { measure } from "./measure.ts";

/** What a layer is called by its compression. */
const LAYER_TYPES: Readonly<Record<string, string | undefined>> = {
  none: OCI_LAYER_TAR,
  gzip: OCI_LAYER_GZIP,
  zstd: OCI_LAYER_ZSTD,
};

/** An image by its files. */
export interface DockerImageFiles {
  /** The archive's path. */
  path: string;
  /** Its files. */
  files: ArchiveFiles;
  /** The configuration. */
  config: { digest: string; bytes: Uint8Array<ArrayBuffer> };
  /** The layers, lowest first. */
  layers: HeldFile[];
  /** Ends the reading. */
  signal?: AbortSignal;
}

/** What was made of them. */
export interface DockerImage {
  /** The manifest. */
  manifest: Document;
  /** The layers' files by digest. */
  names: Map<string, string>;
  /** The digests of layers when expanded, by those as they are stored. */
  diffIds: Map<string, string>;
}

/**
 * Describes an image. A layer that is a plain tar is known by the diffID that
 * the configuration has of it, and is held against that whenever it is read;
 * one that is compressed is read here, to see that it is what is meant.
 *
 * @throws {ArchiveError} If a layer is another, or cannot be looked into.
 * @throws {InvalidDocumentError} If the configuration is malformed, or has
 * another number of layers.
 */
export async function describeDockerImage(
  image: DockerImageFiles,
): Promise<DockerImage> {
  const { config, layers: found, signal } = image;
  const names = new Map<string, string>();
  const diffIds = new Map<string, string>();
  const ids = diffIdsOf(image);
  const layers: Descriptor[] = [];
  const described = new Map<string, Described>();
  for (const [i, file] of found.entries()) {
    signal?.throwIfAborted();
    const diffId = ids[i]!;
    const key = `${file.name} ${diffId}`;
    const known = described.get(key) ?? await describe(image, file, diffId);
    described.set(key, known);
    const { layer, isSeen } = known;
    names.set(layer.digest, file.name);
    if (isSeen) diffIds.set(layer.digest, diffId);
    layers.push(layer);
  }
  const bytes = new TextEncoder().encode(JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: {
      mediaType: OCI_CONFIG,
      digest: config.digest,
      size: config.bytes.length,
    },
    layers,
  }));
  const descriptor = {
    mediaType: OCI_MANIFEST,
    digest: await digestBytes(bytes),
    size: bytes.length,
  };
  return { manifest: { descriptor, bytes }, names, diffIds };
}

/** The diffIDs of a configuration that has as many as there are layers. */
function diffIdsOf({ config, layers }: DockerImageFiles): string[] {
  const { digest, bytes } = config;
  const descriptor = { mediaType: OCI_CONFIG, digest, size: bytes.length };
  const layer = { ...descriptor, mediaType: OCI_LAYER_TAR };
  const manifest: Manifest = {
    schemaVersion: 2,
    config: descriptor,
    layers: layers.map(() => layer),
  };
  return parseConfig({ descriptor, bytes }, manifest).rootfs.diff_ids;
}

/** A layer, and whether its diffID is that of its very bytes. */
interface Described {
  layer: Descriptor;
  isSeen: boolean;
}

async function describe(
  { path, files }: DockerImageFiles,
  { name, size }: HeldFile,
  diffId: string,
): Promise<Described> {
  const head = new Uint8Array(6);
  await files.readInto(head, name, 0);
  const compression = compressionOf(head);
  const mediaType = LAYER_TYPES[compression];
  const refuse = () =>
    new ArchiveError(path, { code: "layer-compression", name, compression });
  if (!mediaType) throw refuse();
  if (compression === "none") {
    return { layer: { mediaType, digest: diffId, size }, isSeen: true };
  }
  const stored = await measure(files.read(name), { algorithm: "sha256" });
  const { digest } = stored;
  const layer = { mediaType, digest, size };
  // Whoever names it by its digest as it is stored knows what it is.
  if (digestOfName(name) === digest) return { layer, isSeen: false };
  const { expanded, unchecked } = await measure(files.read(name), {
    algorithm: "sha256",
    expanded: diffId.split(":")[0],
  });
  if (unchecked) throw refuse();
  if (expanded !== diffId) {
    throw new ArchiveError(path, { code: "other-layer", name, diffId });
  }
  return { layer, isSeen: true };
}
