/**
 * The annotations by which a manifest is called in an `index.json`.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md}
 */

/** The image's full name, as containerd, Docker and Podman read it. */
export const IMAGE_NAME = "io.containerd.image.name";
/** The name by which a layout's manifest is asked for. */
export const REF_NAME = "org.opencontainers.image.ref.name";
/** Of what, as its registry has it, something was made here. */
export const SOURCE_DIGEST = "docker-pull.source.digest";

/** The annotations for a full name, and for one to be asked by if there is one. */
export function nameAnnotations(
  imageName: string,
  refName?: string,
): Record<string, string> {
  const named = { [IMAGE_NAME]: imageName };
  return refName === undefined ? named : { ...named, [REF_NAME]: refName };
}
