/**
 * Plans an image archive: an OCI image layout and a Docker archive in one
 * tar. All sizes are in the manifest, so the place of every byte is known
 * before the first one arrives; and nothing but the image goes into it, so
 * the same image gives the same bytes everywhere.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md}
 * @see {@link https://github.com/moby/moby/blob/v28.0.0/image/tarexport/load.go}
 */

import { createHash } from "node:crypto";
import { parseDigest } from "../image/digest.ts";
import { OCI_INDEX } from "../image/media_types.ts";
import { familiarName, imageName, type Reference } from "../image/reference.ts";
import type {
  Descriptor,
  Document,
  Index,
  Manifest,
  Platform,
} from "../image/types.ts";
import { BLOCK_SIZE, fileHeader, paddingOf } from "./tar.ts";

/** Bytes of the archive that are known when it is planned. */
export interface PlannedPiece {
  /** Where in the archive they begin. */
  offset: number;
  /** The bytes. */
  bytes: Uint8Array;
}

/** The place of a blob. */
export interface PlannedBlob {
  /** What goes there. */
  descriptor: Descriptor;
  /** Where in the archive its first byte is. */
  offset: number;
}

/** Where everything in an archive is. */
export interface ArchivePlan {
  /** The archive's size in bytes. */
  size: number;
  /**
   * Headers and documents, but for those that depend on a configuration that
   * was not there. Whatever else is not covered is zero.
   */
  pieces: PlannedPiece[];
  /** The distinct layers, by digest. */
  blobs: Map<string, PlannedBlob>;
}

/** What an archive is made of. */
export interface ArchiveContent {
  /** What the image is called. */
  reference: Reference;
  /** The image's manifest, with its platform in the descriptor. */
  manifest: Document;
  /** The same, parsed. */
  parsed: Manifest;
  /**
   * The image's configuration. A plan can be made while it is on its way:
   * everything has the same place there, and only the configuration itself
   * and `index.json`, which tells the platform, have no piece.
   */
  config?: Document;
}

/**
 * What `index.json` may take for the platform, in bytes. Its size must not
 * depend on the configuration, as all that follows would move with it.
 */
const PLATFORM_ROOM = 128;

const encoder = new TextEncoder();

/**
 * Plans the archive of an image.
 *
 * @param content The image's documents.
 * @returns The plan.
 *
 * @example
 * ```ts
 * import { digestBytes, parseReference, planArchive } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("{}");
 * const descriptor = {
 *   mediaType: "application/vnd.oci.image.config.v1+json",
 *   digest: await digestBytes(bytes),
 *   size: bytes.length,
 * };
 * const document = { descriptor, bytes };
 * const plan = planArchive({
 *   reference: parseReference("nginx"),
 *   manifest: document,
 *   parsed: { schemaVersion: 2, config: descriptor, layers: [] },
 *   config: document,
 * });
 * assertEquals(plan.size % 512, 0);
 * ```
 */
export function planArchive(content: ArchiveContent): ArchivePlan {
  const { manifest, parsed, config } = content;
  const pieces: PlannedPiece[] = [];
  const blobs = new Map<string, PlannedBlob>();
  let offset = 0;
  const addHeader = (name: string, size: number) => {
    const bytes = fileHeader(name, size);
    pieces.push({ offset, bytes });
    offset += bytes.length;
  };
  const skip = (size: number) => {
    offset += size + paddingOf(size);
  };
  /** What has no bytes yet has a place of its size. */
  const addPlace = (name: string, size: number, bytes?: Uint8Array) => {
    addHeader(name, size);
    if (bytes) pieces.push({ offset, bytes });
    skip(size);
  };
  const addFile = (name: string, bytes: Uint8Array) =>
    addPlace(name, bytes.length, bytes);

  // What says what the archive is comes first, for readers of streams.
  addFile("oci-layout", encoder.encode('{"imageLayoutVersion":"1.0.0"}'));
  const index = json(archiveIndex(content));
  const size = index.length + PLATFORM_ROOM;
  const { platform } = manifest.descriptor;
  const told = config && json(archiveIndex(content, platform));
  // A platform of an unheard-of length is left to the configuration to tell.
  const fitting = told && (told.length <= size ? told : index);
  addPlace("index.json", size, fitting && padded(fitting, size));
  addFile("manifest.json", json(dockerManifest(content)));
  const repositories = dockerRepositories(content);
  if (repositories) addFile("repositories", json(repositories));

  addFile(blobName(manifest.descriptor.digest), manifest.bytes);
  addPlace(blobName(parsed.config.digest), parsed.config.size, config?.bytes);
  for (const descriptor of distinctLayers(content)) {
    const { digest, size } = descriptor;
    addHeader(blobName(digest), size);
    blobs.set(digest, { descriptor, offset });
    skip(size);
  }
  return { size: offset + 2 * BLOCK_SIZE, pieces, blobs };
}

/** An image's layers, each once, and without what is its documents already. */
export function distinctLayers(
  { manifest, parsed }: Pick<ArchiveContent, "manifest" | "parsed">,
): Descriptor[] {
  const seen = new Set([manifest.descriptor.digest, parsed.config.digest]);
  return parsed.layers.filter(({ digest }) =>
    !seen.has(digest) && seen.add(digest)
  );
}

/** Names an archive's bytes: the plan's pieces determine the rest. */
export function planId(plan: ArchivePlan): string {
  const hash = createHash("sha256");
  for (const { bytes, offset } of plan.pieces) {
    hash.update(`${offset} ${bytes.length}\n`).update(bytes);
  }
  return `sha256:${hash.digest("hex")}`;
}

/** The name of a blob in a layout. */
export function blobName(digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return `blobs/${algorithm}/${hex}`;
}

/** JSON may end in white space. */
function padded(bytes: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size).fill(0x20);
  whole.set(bytes);
  return whole;
}

function archiveIndex(
  { reference, manifest }: ArchiveContent,
  platform?: Platform,
): Index {
  const { mediaType, digest, size } = manifest.descriptor;
  return {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [{
      mediaType,
      digest,
      size,
      annotations: {
        // Without the full name, Podman makes it localhost/….
        "io.containerd.image.name": imageName(reference, digest),
        ...(reference.tag !== undefined && {
          "org.opencontainers.image.ref.name": reference.tag,
        }),
      },
      ...(platform && { platform }),
    }],
  };
}

function dockerManifest({ reference, parsed }: ArchiveContent) {
  return [{
    Config: blobName(parsed.config.digest),
    RepoTags: reference.tag === undefined
      ? null
      : [familiarName(tagged(reference))],
    Layers: parsed.layers.map(({ digest }) => blobName(digest)),
  }];
}

function dockerRepositories({ reference, parsed }: ArchiveContent) {
  const top = parsed.layers.at(-1);
  if (reference.tag === undefined || !top) return undefined;
  const { digest: _, tag: __, ...repository } = reference;
  return {
    [familiarName(repository)]: {
      [reference.tag]: parseDigest(top.digest).hex,
    },
  };
}

/** Loaders want names with a tag and without a digest. */
function tagged({ digest: _, ...reference }: Reference): Reference {
  return reference;
}

function json(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}
