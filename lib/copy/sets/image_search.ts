/**
 * Looks through an index, and those within it, for the image of a platform.
 *
 * @see {@link https://github.com/containerd/containerd/blob/v2.0.0/core/images/image.go}
 */

import { indexArtifact, refuseArtifact } from "../../image/artifact.ts";
import {
  InvalidDocumentError,
  NotAnImageError,
  PlatformNotFoundError,
  RegistryError,
} from "../../image/errors.ts";
import {
  parseConfig,
  parseIndex,
  parseManifest,
} from "../../image/manifest.ts";
import { isIndex, isManifest } from "../../image/media_types.ts";
import {
  isAttestation,
  normalizePlatform,
  platformRank,
  rankEntries,
} from "../../image/platform.ts";
import type { Descriptor, Document, Platform } from "../../image/types.ts";

/** How deep indexes may be nested. */
const MOST_NESTED = 4;
/** How many manifests and indexes are looked at. */
const MOST_LOOKED_AT = 64;

/** What an image is looked for with. */
export interface SearchOptions {
  /** The platform that the image should be for. */
  wantedPlatform: Platform;
  /** Whether nothing else will do. */
  platformWasNamed: boolean;
  /** Gets an entry of the index of that digest. */
  entry: (index: string, descriptor: Descriptor) => Promise<Document>;
  /** Gets a configuration. */
  config: (descriptor: Descriptor) => Promise<Document>;
}

/** The image that was found. */
export interface FoundImage {
  /** Its manifest. */
  manifest: Document;
  /** The platform that the index says it is for. */
  said?: Platform;
  /** The platform that it is for, by the index or its configuration. */
  platform: Platform;
  /** How well that suits: 0 is the very one, -1 does not run there. */
  rank: number;
}

/** An image that may do, if there is no better one. */
interface Candidate {
  rank: number;
  take: () => Promise<FoundImage | undefined>;
}

/** One search. */
export class ImageSearch {
  readonly #options: SearchOptions;
  readonly #seen = new Set<string>();
  readonly #available: Platform[] = [];
  readonly #fallbacks: Candidate[] = [];
  /** The first image that its index says no platform of, and another's. */
  #other: FoundImage | undefined;
  #artifact: NotAnImageError | undefined;
  #gone: RegistryError | undefined;

  /** Looks at nothing yet. */
  constructor(options: SearchOptions) {
    this.#options = options;
  }

  /**
   * Finds the image.
   *
   * @param index The index.
   * @returns The best there is.
   * @throws {PlatformNotFoundError} If there is none for the platform.
   * @throws {NotAnImageError} If there are no images at all.
   */
  async find(index: Document): Promise<FoundImage> {
    const exact = await this.#look(index, 0);
    if (exact) return exact;
    for (const { take } of this.#fallbacks.sort((a, b) => a.rank - b.rank)) {
      const found = await take();
      if (found) return found;
    }
    const { wantedPlatform, platformWasNamed } = this.#options;
    if (this.#other && !platformWasNamed) return this.#other;
    if (this.#gone) throw this.#gone;
    if (this.#available.length === 0 && this.#artifact) throw this.#artifact;
    const platforms = new Map(
      this.#available.map((each) => [JSON.stringify(each), each]),
    );
    throw new PlatformNotFoundError(normalizePlatform(wantedPlatform), [
      ...platforms.values(),
    ]);
  }

  async #look(document: Document, depth: number) {
    const { digest } = document.descriptor;
    if (depth >= MOST_NESTED) {
      throw new InvalidDocumentError(
        `index ${digest}`,
        { code: "index-too-deep", limit: MOST_NESTED },
      );
    }
    const index = parseIndex(document);
    this.#artifact ??= indexArtifact(index);
    const entries = index.manifests.filter((entry) => !isAttestation(entry));
    for (
      const { entry, rank } of rankEntries(
        entries,
        this.#options.wantedPlatform,
      )
    ) {
      const platform = normalizePlatform(entry.platform!);
      const take = () => this.#enter(digest, entry, depth, rank);
      if (rank < 0) this.#available.push(platform);
      else if (rank > 0) this.#fallbacks.push({ rank, take });
      else {
        const found = await take();
        if (found) return found;
      }
    }
    for (const entry of entries) {
      if (entry.platform) continue;
      const { mediaType } = entry;
      if (!isIndex(mediaType) && !isManifest(mediaType)) continue;
      const found = await this.#tryOpen(digest, entry, depth);
      if (found) return found;
    }
    return undefined;
  }

  /** An entry that says no platform need not be there, nor be an image. */
  async #tryOpen(index: string, entry: Descriptor, depth: number) {
    try {
      return await this.#enter(index, entry, depth);
    } catch (error) {
      if (error instanceof NotAnImageError) this.#artifact ??= error;
      else if (error instanceof RegistryError && error.status === 404) {
        this.#gone ??= error;
      } else throw error;
      return undefined;
    }
  }

  /** Looks at an entry: an image, or an index that may have it. */
  async #enter(
    index: string,
    entry: Descriptor,
    depth: number,
    rank?: number,
  ): Promise<FoundImage | undefined> {
    if (this.#seen.has(entry.digest)) return undefined;
    this.#seen.add(entry.digest);
    if (this.#seen.size > MOST_LOOKED_AT) {
      throw new InvalidDocumentError(
        `index ${index}`,
        { code: "not-among-first", limit: MOST_LOOKED_AT },
      );
    }
    const manifest = await this.#options.entry(index, entry);
    if (isIndex(manifest.descriptor.mediaType)) {
      return await this.#look(manifest, depth + 1);
    }
    if (entry.platform) {
      const said = normalizePlatform(entry.platform);
      return { manifest, said, platform: said, rank: rank! };
    }
    return await this.#open(manifest);
  }

  /** What only an image's configuration tells. */
  async #open(manifest: Document): Promise<FoundImage | undefined> {
    const { wantedPlatform, config } = this.#options;
    const parsed = parseManifest(manifest);
    refuseArtifact(parsed);
    const { rootfs: _, created: __, ...machine } = parseConfig(
      await config(parsed.config),
      parsed,
    );
    const platform = normalizePlatform(machine);
    const rank = platformRank(platform, wantedPlatform);
    const found = { manifest, platform, rank };
    if (rank === 0) return found;
    if (rank > 0) {
      this.#fallbacks.push({ rank, take: () => Promise.resolve(found) });
    } else {
      this.#available.push(platform);
      this.#other ??= found;
    }
    return undefined;
  }
}
