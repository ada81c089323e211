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
import { isManifest, OCI_INDEX } from "../../image/media_types.ts";
import {
  familiarName,
  formatReference,
  imageName,
  type Reference,
} from "../../image/reference.ts";
import { referrerEntry } from "../../image/referrer.ts";
import type { Descriptor, Document, Index } from "../../image/types.ts";
import {
  type ArchiveContent,
  type ArchiveRoot,
  namedDocument,
} from "../content.ts";
import { blobName, type Member } from "../plan.ts";

/**
 * What `index.json` may take for each platform, in bytes. Its size must not
 * depend on a configuration, as all that follows would move with it.
 */
const PLATFORM_ROOM_BYTES = 128;

const encoder = new TextEncoder();

/**
 * The members of the archive of some images, each blob once.
 *
 * @param content The images with their names, in the order of these.
 * @returns The members. What says what the archive is comes first, for readers
 * of streams; blobs come last.
 */
export function hybridMembers(content: ArchiveContent): Member[] {
  const { roots } = content;
  const members: Member[] = [];
  const add = (name: string, bytes: Uint8Array) =>
    members.push({ name, size: bytes.length, bytes });
  add("oci-layout", encoder.encode('{"imageLayoutVersion":"1.0.0"}'));
  members.push(indexMember(content));
  add("manifest.json", json(dockerManifest(roots)));
  const repositories = dockerRepositories(roots);
  if (repositories) add("repositories", json(repositories));
  return [...members, ...blobMembers(roots)];
}

function blobMembers(roots: readonly ArchiveRoot[]): Member[] {
  const members = new Map<string, Member>();
  const add = ({ digest, size }: Descriptor, more: Partial<Member>) => {
    if (members.has(digest)) return;
    members.set(digest, { name: blobName(digest), size, ...more });
  };
  const addDocument = ({ descriptor, bytes }: Document) =>
    add({ ...descriptor, size: bytes.length }, { bytes });
  for (const { images, documents = [], top } of roots) {
    for (const { manifest, parsed, config } of images) {
      addDocument(manifest);
      add(parsed.config, { bytes: config?.bytes });
    }
    for (const document of documents) addDocument(document);
    addDocument(top);
  }
  for (const { proofs } of roots) {
    proofs?.originals.forEach(addDocument);
    proofs?.referrers.forEach(({ document }) => addDocument(document));
  }
  for (const { images, blobs = [] } of roots) {
    for (const image of images) {
      for (const blob of distinctLayers(image)) add(blob, { blob });
    }
    for (const blob of blobs) add(blob, { blob });
  }
  for (const { proofs } of roots) {
    for (const { manifest: { config, layers } } of proofs?.referrers ?? []) {
      for (const blob of [config, ...layers]) add(blob, { blob });
    }
  }
  return [...members.values()];
}

function indexMember(content: ArchiveContent): Member {
  const { roots } = content;
  const plain = json(archiveIndex(content, false));
  const platforms = roots.filter(({ top }) =>
    isManifest(top.descriptor.mediaType)
  );
  const size = plain.length + PLATFORM_ROOM_BYTES * platforms.length;
  const member: Member = { name: "index.json", size };
  const waits = platforms.some(({ images }) =>
    images.some(({ config }) => !config)
  );
  if (waits) return member;
  const told = json(archiveIndex(content, true));
  // A platform of an unheard-of length is left to the configuration to tell.
  member.bytes = padded(told.length <= size ? told : plain, size);
  return member;
}

function archiveIndex(
  { roots, annotations }: ArchiveContent,
  withPlatform: boolean,
): Index {
  return {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [
      ...roots.map((root) => {
        const { reference, refName = refNameOf(reference, roots) } = root;
        const { mediaType, digest, size, platform } =
          namedDocument(root).descriptor;
        return {
          mediaType,
          digest,
          size,
          // Without the full name, Podman makes it localhost/….
          annotations: nameAnnotations(imageName(reference, digest), refName),
          platform: withPlatform ? platform : undefined,
        };
      }),
      ...referrerEntries(roots),
    ],
    annotations,
  };
}

/** What refers to the images, each once; loaders make nothing of it. */
function referrerEntries(roots: readonly ArchiveRoot[]): Descriptor[] {
  const entries = new Map<string, Descriptor>();
  for (const { proofs } of roots) {
    for (const referrer of proofs?.referrers ?? []) {
      const entry = referrerEntry(referrer);
      if (!entries.has(entry.digest)) entries.set(entry.digest, entry);
    }
  }
  return [...entries.values()];
}

/** A name to be asked by: the tag, where no other has the same, else in full. */
function refNameOf(
  reference: Reference,
  roots: readonly ArchiveRoot[],
): string | undefined {
  const { tag } = reference;
  const same = roots.filter((root) => root.reference.tag === tag);
  return tag === undefined || same.length === 1
    ? tag
    : formatReference(tagged(reference));
}

/** JSON may end in white space. */
function padded(bytes: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size).fill(0x20);
  whole.set(bytes);
  return whole;
}

/** An image in `manifest.json`. */
interface DockerImage {
  Config: string;
  RepoTags: string[] | null;
  Layers: string[];
}

/** An entry for each image, with all its names, as `docker save` has it. */
function dockerManifest(roots: readonly ArchiveRoot[]): DockerImage[] {
  const entries = new Map<string, DockerImage>();
  for (const { reference, images: [image] } of roots) {
    if (!image) continue;
    const { config, layers } = image.parsed;
    const entry: DockerImage = {
      Config: blobName(config.digest),
      RepoTags: null,
      Layers: layers.map(({ digest }) => blobName(digest)),
    };
    // The same image may be compressed in another way under another name.
    const key = JSON.stringify([entry.Config, entry.Layers]);
    const known = entries.get(key) ?? entry;
    entries.set(key, known);
    if (reference.tag === undefined) continue;
    const name = familiarName(tagged(reference));
    if (known.RepoTags?.includes(name)) continue;
    known.RepoTags = [...known.RepoTags ?? [], name];
  }
  return [...entries.values()];
}

function dockerRepositories(roots: readonly ArchiveRoot[]) {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { reference, images: [image] } of roots) {
    const top = image?.parsed.layers.at(-1);
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
