/**
 * Platforms, chosen from an index as containerd does.
 *
 * @see {@link https://github.com/containerd/platforms/blob/v1.0.0-rc.1/platforms.go}
 */

import { defined } from "./defined.ts";
import { PlatformNotFoundError } from "./errors.ts";
import { isIndex, isManifest } from "./media_types.ts";
import { compareVersions, suitsVersion } from "./os_version.ts";
import { normalizePlatform, parsePlatform } from "./platform_names.ts";
import type { Descriptor, Platform } from "./types.ts";

export { formatPlatform } from "./platform_text.ts";
export { normalizePlatform, parsePlatform };

/** The platform that an option says, as a text or taken apart. */
export function toPlatform(platform: string | Platform): Platform {
  return typeof platform === "string"
    ? parsePlatform(platform)
    : normalizePlatform(platform);
}

/**
 * What runs on a platform, best first: itself, then what its processor runs
 * too.
 *
 * @param wanted The platform.
 * @returns The platforms to look for, in order.
 */
export function platformFallbacks(wanted: Platform): Platform[] {
  const { variant: _, ...base } = normalizePlatform(wanted);
  const { variant } = normalizePlatform(wanted);
  const of = (architecture: string, variant?: string): Platform =>
    defined({ ...base, architecture, variant });
  const level = Number(variant?.replace(/^v/, "") ?? NaN);
  if (base.architecture === "arm" && [5, 6, 7, 8].includes(level)) {
    return Array.from(
      { length: level - 4 },
      (_, i) => of("arm", `v${level - i}`),
    );
  }
  if (base.architecture === "arm64") {
    return [
      ...(variant ? [of("arm64", variant)] : []),
      of("arm64"),
      ...["v8", "v7", "v6", "v5"].map((v) => of("arm", v)),
    ];
  }
  if (base.architecture === "amd64") {
    const newer = Number.isInteger(level) && level >= 2 && level <= 9
      ? Array.from(
        { length: level - 1 },
        (_, i) => of("amd64", `v${level - i}`),
      )
      : variant
      ? [of("amd64", variant)]
      : [];
    return [...newer, of("amd64"), of("386")];
  }
  return [of(base.architecture, variant)];
}

function matches(candidate: Platform, wanted: Platform): boolean {
  const a = normalizePlatform(candidate);
  const b = normalizePlatform(wanted);
  return a.os === b.os && a.architecture === b.architecture &&
    a.variant === b.variant &&
    suitsVersion(candidate["os.version"], wanted["os.version"]);
}

/** Whether an index entry stands for no machine: an attestation and the like. */
export function isAttestation(descriptor: Descriptor): boolean {
  const { platform, annotations } = descriptor;
  return (platform?.os === "unknown" && platform.architecture === "unknown") ||
    annotations?.["vnd.docker.reference.type"] !== undefined;
}

/** An entry of an index, and how well it suits. */
export interface RankedEntry {
  /** The entry, which says its platform. */
  entry: Descriptor;
  /** 0 for the very platform, more for what runs there too, -1 for neither. */
  rank: number;
}

/**
 * Puts the entries of an index that say their platform in order, best first.
 *
 * @param entries The index's `manifests`.
 * @param wanted The platform.
 * @returns Those that suit, and last those that do not.
 */
export function rankEntries(
  entries: readonly Descriptor[],
  wanted: Platform,
): RankedEntry[] {
  const version = wanted["os.version"];
  return entries
    .flatMap((entry) => {
      const { platform } = entry;
      return platform ? [{ entry, rank: platformRank(platform, wanted) }] : [];
    })
    .sort((a, b) =>
      Number(a.rank < 0) - Number(b.rank < 0) || a.rank - b.rank ||
      compareVersions(
        a.entry.platform?.["os.version"],
        b.entry.platform?.["os.version"],
        version,
      )
    );
}

/** What was chosen from an index. */
export interface PlatformChoice {
  /** The entry. */
  descriptor: Descriptor;
  /** The entry's platform, where it says one. */
  platform?: Platform;
  /** Whether it is another platform than the wanted one, which runs there too. */
  fallback: boolean;
}

/**
 * Chooses the entry of an index for a platform.
 *
 * @param entries The index's `manifests`.
 * @param wanted The platform.
 * @returns The best entry.
 * @throws {PlatformNotFoundError} With the platforms that there are.
 *
 * @example
 * ```ts
 * import { parsePlatform, selectPlatform } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * const entry = (architecture: string) => ({
 *   mediaType: "application/vnd.oci.image.manifest.v1+json",
 *   digest: "sha256:" + "0".repeat(64),
 *   size: 2,
 *   platform: { os: "linux", architecture },
 * });
 * const { descriptor } = selectPlatform(
 *   [entry("amd64"), entry("arm64")],
 *   parsePlatform("linux/arm64"),
 * );
 * assertEquals(descriptor.platform?.architecture, "arm64");
 * ```
 */
export function selectPlatform(
  entries: Descriptor[],
  wanted: Platform,
): PlatformChoice {
  const images = entries.filter((entry) => !isAttestation(entry));
  const ranked = rankEntries(images, wanted);
  const [best] = ranked;
  if (best && best.rank >= 0) {
    const { entry: descriptor, rank } = best;
    return { descriptor, platform: descriptor.platform!, fallback: rank > 0 };
  }
  // As Docker has it: an entry that names no platform suits every one.
  const open = images.find(({ platform, mediaType }) =>
    !platform && (isIndex(mediaType) || isManifest(mediaType))
  );
  if (open) return { descriptor: open, fallback: false };
  throw new PlatformNotFoundError(
    normalizePlatform(wanted),
    ranked.map(({ entry }) => normalizePlatform(entry.platform!)),
  );
}

/** 0 for the very platform, more for one that runs there too, else -1. */
export function platformRank(actual: Platform, wanted: Platform): number {
  return platformFallbacks(wanted).findIndex((platform) =>
    matches(actual, platform)
  );
}

/**
 * Whether an image made for one platform may be given to someone who asked
 * for another.
 *
 * @param actual What the image is made for.
 * @param wanted What was asked for.
 * @returns `exact`, `fallback` where it runs there too, or `none`.
 */
export function comparePlatform(
  actual: Platform,
  wanted: Platform,
): "exact" | "fallback" | "none" {
  const rank = platformRank(actual, wanted);
  return rank < 0 ? "none" : rank === 0 ? "exact" : "fallback";
}
