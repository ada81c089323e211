/** What an archive is called when nobody says so. */

import { DOCKER_HUB, type Reference } from "../image/reference.ts";
import type { Platform } from "../image/types.ts";

/** The most bytes that file systems take for a name, less room for a suffix. */
const MAX_LENGTH = 200;

/**
 * The default name of an image's archive.
 *
 * @param reference The image.
 * @param platform The platform, where one was asked for.
 * @param ending `oci` for the folder of a layout, or how the file's name ends.
 * @returns Such as `library_nginx_latest.tar`; every character outside
 * `A–Z a–z 0–9 . _ -` is `_`.
 *
 * @example
 * ```ts
 * import { archiveName, parsePlatform, parseReference } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(archiveName(parseReference("nginx")), "library_nginx_latest.tar");
 * assertEquals(
 *   archiveName(parseReference("harbor.company.com/dev/app:v1.2.0"), parsePlatform("arm/v7")),
 *   "harbor.company.com_dev_app_v1.2.0_arm-v7.tar",
 * );
 * ```
 */
export function archiveName(
  reference: Reference,
  platform?: Platform,
  ending = ".tar",
): string {
  const { registry, repository, tag, digest } = reference;
  const machine = platform &&
    [
      ...(platform.os === "linux" ? [] : [platform.os]),
      ...(platform["os.version"] ? [platform["os.version"]] : []),
      platform.architecture,
      ...(platform.variant ? [platform.variant] : []),
    ].join("-");
  const tail = [
    ...(tag === undefined ? [] : [tag]),
    ...(digest === undefined ? [] : [shortDigest(digest)]),
    ...(machine ? [machine] : []),
  ].join("_");
  const head = [...(registry === DOCKER_HUB ? [] : [registry]), repository]
    .join("_");
  const suffix = ending === "oci" ? "" : ending === "tar" ? ".tar" : ending;
  return `${
    head.slice(0, Math.max(1, MAX_LENGTH - tail.length))
  }_${tail}${suffix}`.replaceAll(/[^A-Za-z0-9._-]/g, "_");
}

function shortDigest(digest: string): string {
  const [algorithm, hex] = digest.split(":");
  return `${algorithm}-${hex!.slice(0, 12)}`;
}
