/**
 * The default form: an OCI image layout and a Docker archive in one. Nothing
 * but the images goes into it, so the same images give the same bytes
 * everywhere.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md}
 * @see {@link https://github.com/moby/moby/blob/v28.0.0/image/tarexport/load.go}
 */

import { nameAnnotations } from "../../image/annotations.ts";
import { parseDigest } from "../../image/digest.ts";
import { distinctLayers } from "../../image/manifest.ts";
import { OCI_INDEX } from "../../image/media_types.ts";
import {
  familiarName,
  imageName,
  type Reference,
} from "../../image/reference.ts";
import type {
  Descriptor,
  Document,
  Index,
  Manifest,
} from "../../image/types.ts";
import { blobName, type Member } from "../plan.ts";

/** An image of an archive. */
export interface ArchiveImage {
  /** What the image is called. */
  reference: Reference;
  /** The image's manifest, with its platform in the descriptor. */
  manifest: Document;
  /** The same, parsed. */
  parsed: Manifest;
  /**
   * The image's configuration. The members are told while it is on its way,
   * too: their sizes are the same then, and only the configuration itself and
   * `index.json`, which tells the platform, have no bytes.
   */
  config?: Document;
}

/**
 * What `index.json` may take for each platform, in bytes. Its size must not
 * depend on a configuration, as all that follows would move with it.
 */
const PLATFORM_ROOM_BYTES = 128;

const encoder = new TextEncoder();

/**
 * The members of the archive of some images, each blob once.
 *
 * @param images The images, in the order of their names.
 * @returns The members. What says what the archive is comes first, for readers
 * of streams; blobs come last.
 */
export function hybridMembers(images: readonly ArchiveImage[]): Member[] {
  const members: Member[] = [];
  const add = (name: string, bytes: Uint8Array) =>
    members.push({ name, size: bytes.length, bytes });
  add("oci-layout", encoder.encode('{"imageLayoutVersion":"1.0.0"}'));
  members.push(indexMember(images));
  add("manifest.json", json(images.map(dockerManifest)));
  const repositories = dockerRepositories(images);
  if (repositories) add("repositories", json(repositories));
  return [...members, ...blobMembers(images)];
}

function blobMembers(images: readonly ArchiveImage[]): Member[] {
  const members = new Map<string, Member>();
  const add = ({ digest, size }: Descriptor, more: Partial<Member>) => {
    if (members.has(digest)) return;
    members.set(digest, { name: blobName(digest), size, ...more });
  };
  for (const { manifest, parsed, config } of images) {
    const { digest } = manifest.descriptor;
    const { bytes } = manifest;
    add({ ...manifest.descriptor, digest, size: bytes.length }, { bytes });
    add(parsed.config, { bytes: config?.bytes });
  }
  for (const image of images) {
    for (const blob of distinctLayers(image)) add(blob, { blob });
  }
  return [...members.values()];
}

function indexMember(images: readonly ArchiveImage[]): Member {
  const plain = json(archiveIndex(images, false));
  const size = plain.length + PLATFORM_ROOM_BYTES * images.length;
  const member: Member = { name: "index.json", size };
  if (images.some(({ config }) => !config)) return member;
  const told = json(archiveIndex(images, true));
  // A platform of an unheard-of length is left to the configuration to tell.
  member.bytes = padded(told.length <= size ? told : plain, size);
  return member;
}

function archiveIndex(
  images: readonly ArchiveImage[],
  withPlatform: boolean,
): Index {
  return {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: images.map(({ reference, manifest }) => {
      const { mediaType, digest, size, platform } = manifest.descriptor;
      return {
        mediaType,
        digest,
        size,
        // Without the full name, Podman makes it localhost/….
        annotations: nameAnnotations(
          imageName(reference, digest),
          reference.tag,
        ),
        platform: withPlatform ? platform : undefined,
      };
    }),
  };
}

/** JSON may end in white space. */
function padded(bytes: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size).fill(0x20);
  whole.set(bytes);
  return whole;
}

function dockerManifest({ reference, parsed }: ArchiveImage) {
  return {
    Config: blobName(parsed.config.digest),
    RepoTags: reference.tag === undefined
      ? null
      : [familiarName(tagged(reference))],
    Layers: parsed.layers.map(({ digest }) => blobName(digest)),
  };
}

function dockerRepositories(images: readonly ArchiveImage[]) {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { reference, parsed } of images) {
    const top = parsed.layers.at(-1);
    if (reference.tag === undefined || !top) continue;
    const { digest: _, tag, ...repository } = reference;
    const tags = repositories[familiarName(repository)] ??= {};
    tags[tag] = parseDigest(top.digest).hex;
  }
  return Object.keys(repositories).length > 0 ? repositories : undefined;
}

/** Loaders want names with a tag and without a digest. */
function tagged({ digest: _, ...reference }: Reference): Reference {
  return reference;
}

function json(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}
