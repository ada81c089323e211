/**
 * What a repository holds that is no container image, told apart by the media
 * types of its parts.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage}
 */

import { type ArtifactKind, NotAnImageError } from "./errors.ts";
import { bareMediaType, isLayer } from "./media_types.ts";
import type { Index, Manifest } from "./types.ts";

/** Beginnings of media types: of a configuration, a layer, or the whole. */
const TYPES: readonly [string, ArtifactKind][] = [
  ["application/vnd.buildkit.cacheconfig.", "build-cache"],
  ["application/vnd.cncf.helm.", "helm-chart"],
  ["application/vnd.wasm.", "wasm"],
  ["application/vnd.module.wasm.", "wasm"],
  ["application/wasm", "wasm"],
  ["application/vnd.dev.cosign.simplesigning.", "signature"],
  ["application/vnd.dev.cosign.artifact.sig.", "signature"],
  ["application/vnd.dev.sigstore.bundle", "signature"],
  ["application/vnd.cncf.notary.signature", "signature"],
  ["application/vnd.in-toto", "attestation"],
  ["application/vnd.dsse.envelope.", "attestation"],
  ["application/vnd.cyclonedx", "sbom"],
  ["application/vnd.syft", "sbom"],
  ["application/spdx", "sbom"],
  ["text/spdx", "sbom"],
  ["application/vnd.cncf.flux.", "flux"],
  ["application/vnd.cncf.openpolicyagent.", "policy"],
  ["application/vnd.sylabs.sif.", "singularity"],
  ["application/vnd.ollama.", "ollama-model"],
  ["application/vnd.docker.ai.", "docker-model"],
  ["application/vnd.cncf.model.", "model"],
  ["application/vnd.docker.plugin.", "docker-plugin"],
  ["application/vnd.docker.compose.", "compose"],
];

/** A configuration that says nothing. */
const NOTHING = [
  "application/vnd.oci.empty.v1+json",
  "application/vnd.unknown.config.v1+json",
];
/** Layers of an image, of a form that is not known or is encrypted. */
const IMAGE_LAYER =
  /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\./;

/** What something is by its media type. */
export function artifactKind(mediaType: string): ArtifactKind | undefined {
  const bare = bareMediaType(mediaType);
  return TYPES.find(([start]) => bare.startsWith(start))?.[1];
}

/**
 * Refuses a manifest that is known not to be an image's.
 *
 * @param manifest The manifest.
 * @throws {NotAnImageError} With what it is.
 */
export function refuseArtifact(manifest: Manifest): void {
  const { config, layers, artifactType } = manifest;
  const declared = typeof artifactType === "string" ? artifactType : "";
  const types = [config, ...layers].map(({ mediaType }) => mediaType);
  for (const type of [...types, declared]) {
    const kind = artifactKind(type);
    if (kind) throw new NotAnImageError(kind, type);
  }
  const odd = layers.find(({ mediaType }) =>
    !isLayer(mediaType) && !IMAGE_LAYER.test(mediaType)
  );
  const empty = NOTHING.includes(bareMediaType(config.mediaType));
  if (odd || empty) {
    throw new NotAnImageError(
      "files",
      declared || (odd?.mediaType ?? config.mediaType),
    );
  }
}

/**
 * What an index is whose entries are no manifests: BuildKit's cache lists its
 * layers in one.
 *
 * @param index The index.
 * @returns The error about it, if it is none of images.
 */
export function indexArtifact(index: Index): NotAnImageError | undefined {
  for (const { mediaType } of index.manifests) {
    const kind = artifactKind(mediaType);
    if (kind) return new NotAnImageError(kind, mediaType);
  }
  const layer = index.manifests.find(({ mediaType }) => isLayer(mediaType));
  return layer && new NotAnImageError("files", layer.mediaType);
}
