/**
 * The media types of images.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md}
 */

/** An OCI image index. */
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
/** An OCI image manifest. */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
/** An OCI image configuration. */
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
/** An OCI layer, compressed with gzip. */
export const OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
/** An OCI layer, not compressed. */
export const OCI_LAYER_TAR = "application/vnd.oci.image.layer.v1.tar";
/** An OCI layer, compressed with zstd. */
export const OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";
/** Docker's index. */
export const DOCKER_MANIFEST_LIST =
  "application/vnd.docker.distribution.manifest.list.v2+json";
/** Docker's manifest, schema 2. */
export const DOCKER_MANIFEST =
  "application/vnd.docker.distribution.manifest.v2+json";
/** Docker's image configuration. */
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
/** Docker's layer, compressed with gzip. */
export const DOCKER_LAYER_GZIP =
  "application/vnd.docker.image.rootfs.diff.tar.gzip";

/**
 * What is accepted for a manifest, indexes first: asked for a manifest alone, a
 * registry may choose one of an index by itself.
 */
export const MANIFEST_TYPES: readonly string[] = [
  DOCKER_MANIFEST_LIST,
  OCI_INDEX,
  DOCKER_MANIFEST,
  OCI_MANIFEST,
];

/** What a request for a manifest accepts; a registry may refuse what is missing. */
export const MANIFEST_ACCEPT: string = [
  OCI_INDEX,
  OCI_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_MANIFEST,
].join(", ");

/** A media type without its parameters, in lower case. */
export function bareMediaType(mediaType: string): string {
  return mediaType.split(";", 1)[0]!.trim().toLowerCase();
}

/** Whether it is an index, of OCI or Docker. */
export function isIndex(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_MANIFEST_LIST;
}

/** Whether it is an image's manifest, of OCI or Docker. */
export function isManifest(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

/** Whether it is an image's configuration, of OCI or Docker. */
export function isConfig(mediaType: string): boolean {
  return mediaType === OCI_CONFIG || mediaType === DOCKER_CONFIG;
}

/** Whether it is a layer that may be kept at other places than the registry. */
export function isForeignLayer(mediaType: string): boolean {
  return mediaType.includes("nondistributable") ||
    mediaType === "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
}

/** Whether it is a filesystem layer that an image loader can unpack. */
export function isLayer(mediaType: string): boolean {
  return /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1\.tar(?:\+(?:gzip|zstd))?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?)$/
    .test(mediaType);
}
