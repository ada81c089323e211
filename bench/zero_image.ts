/** Images whose layers are zeros, of any size and in no memory. */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { END_OF_ARCHIVE, fileHeader, padding } from "./layer.ts";

/** The media type of the manifests. */
export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";
const ZEROS = new Uint8Array(1 << 20);

/** A blob: some bytes, then zeros, then some bytes. */
export interface SparseBlob {
  /** What comes first. */
  head: Uint8Array;
  /** How many zeros follow. */
  zeros: number;
  /** What comes last. */
  tail: Uint8Array;
  /** All its bytes. */
  size: number;
  /** Their digest. */
  digest: string;
}

/** The blobs of the images that were asked for, by digest. */
export const blobs = new Map<string, SparseBlob>();
const documents = new Map<string, Uint8Array>();

/** The digest of some bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function addBytes(bytes: Uint8Array): SparseBlob {
  const none = new Uint8Array();
  const size = bytes.length;
  const digest = digestOf(bytes);
  const blob = { head: bytes, zeros: 0, tail: none, size, digest };
  blobs.set(digest, blob);
  return blob;
}

/** Layers of one size. */
export interface Zeros {
  /** How many layers. */
  layers: number;
  /** Bytes of each. */
  size: number;
  /** Further layers above those; each of several images has its own. */
  own?: { layers: number; size: number };
  /** How many images there are that have the lower ones; 1 by default. */
  images?: number;
}

/** What the images are called, which says what is in them. */
export function repositoriesOf(zeros: Zeros): string[] {
  const group = ({ layers, size }: { layers: number; size: number }) =>
    `${layers}x${Math.round(size)}`;
  const { own, images = 1 } = zeros;
  const name = `zeros/${group(zeros)}${own ? `-${group(own)}` : ""}`;
  return Array.from(
    { length: images },
    (_, index) => index ? `${name}/${index}` : name,
  );
}

/** Makes layers that differ in their last blocks only, so one is hashed. */
function* makeLayers(
  { layers, size }: Zeros,
  name: string,
): Generator<SparseBlob> {
  const head = fileHeader("zeros.bin", size);
  const zeros = size + padding(size).length;
  const hash = createHash("sha256").update(head);
  for (let left = zeros; left > 0; left -= ZEROS.length) {
    hash.update(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
  }
  for (let index = 0; index < layers; index++) {
    const tail = Buffer.concat([
      fileHeader(`${name}-${index}`, 0),
      END_OF_ARCHIVE,
    ]);
    const digest = `sha256:${hash.copy().update(tail).digest("hex")}`;
    const blob = {
      head,
      zeros,
      tail,
      size: head.length + zeros + tail.length,
      digest,
    };
    blobs.set(digest, blob);
    yield blob;
  }
}

/** Reads what {@linkcode repositoriesOf} wrote, or gives undefined. */
export function readRepository(
  name: string,
): (Zeros & { image: number }) | undefined {
  const found = /^zeros\/(\d+)x(\d+)(?:-(\d+)x(\d+))?(?:\/(\d+))?$/.exec(name);
  if (!found) return undefined;
  const [, layers, size, ownLayers, ownSize, image = 0] = found;
  return {
    layers: Number(layers),
    size: Number(size),
    ...ownLayers && {
      own: { layers: Number(ownLayers), size: Number(ownSize) },
    },
    image: Number(image),
  };
}

/** The manifest of an image, or undefined where the name says nothing. */
export function manifestOf(repository: string): Uint8Array | undefined {
  const known = documents.get(repository);
  const zeros = known ? undefined : readRepository(repository);
  if (!zeros) return known;
  const { own, image } = zeros;
  const manifest = makeManifest([
    ...makeLayers(zeros, "layer"),
    ...own ? makeLayers(own, `layer-of-${image}`) : [],
  ]);
  documents.set(repository, manifest);
  return manifest;
}

function makeManifest(layers: SparseBlob[]): Uint8Array {
  const encode = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value));
  const config = addBytes(encode({
    architecture: "amd64",
    os: "linux",
    created: "2000-01-01T00:00:00Z",
    config: {},
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  }));
  const descriptor = (mediaType: string, { digest, size }: SparseBlob) => ({
    mediaType,
    digest,
    size,
  });
  return encode({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptor(CONFIG_TYPE, config),
    layers: layers.map((layer) => descriptor(LAYER_TYPE, layer)),
  });
}

/** Yields the bytes of a blob from `start` to `end`, without copying any. */
export function* slice(
  blob: SparseBlob,
  start: number,
  end: number,
): Generator<Uint8Array> {
  const { head, zeros, tail } = blob;
  const part = (bytes: Uint8Array, at: number) =>
    bytes.subarray(Math.max(0, start - at), Math.max(0, end - at));
  yield part(head, 0);
  const zerosEnd = Math.min(end, head.length + zeros);
  for (
    let at = Math.max(start, head.length);
    at < zerosEnd;
    at += ZEROS.length
  ) {
    yield ZEROS.subarray(0, Math.min(ZEROS.length, zerosEnd - at));
  }
  yield part(tail, head.length + zeros);
}
