/** What the page shows of each image. */

import { ProblemError } from "../../image/errors.ts";
import { parseIndex, parseManifest } from "../../image/manifest.ts";
import { isConfig, isIndex } from "../../image/media_types.ts";
import { formatPlatform, isAttestation } from "../../image/platform.ts";
import type { Descriptor, Platform } from "../../image/types.ts";
import type { Catalog } from "../catalog.ts";
import { configFacts } from "../config.ts";
import type { Documents } from "../documents.ts";
import type { Repository } from "../repository.ts";

/** An image as it is pulled: a repository, and what one digest in it is called. */
export interface ShownName {
  /** The repository. */
  home: Repository;
  /** What it is listed as, such as `library/nginx`. */
  name: string;
  /** The tags, of which there is one at least. */
  tags: string[];
  /** The digest of what they stand for. */
  digest: string;
}

/** A layer. */
export interface ShownLayer {
  /** Its digest as stored. */
  digest: string;
  /** Its bytes as stored. */
  size: number;
  /** What made it, as the image says. */
  step: string;
}

/** An image for one platform, or an artifact. */
export interface ShownVariant {
  /** The platform; for an artifact, its type. */
  title: string;
  /** Whether it is no image. */
  isArtifact: boolean;
  /** The digest of its manifest. */
  digest: string;
  /** The digest of its configuration, which Docker calls the image's ID. */
  imageId: string;
  /** When it was made, as a date of ISO 8601. */
  created?: string;
  /** Its layers, lowest first. */
  layers: ShownLayer[];
  /** The bytes of all layers as stored. */
  size: number;
}

/** All images that have a name, in the order of these. */
export function shownNames({ repositories, names: own }: Catalog): ShownName[] {
  const names = repositories.flatMap((home) => {
    const name = own.listed(home);
    const byDigest = new Map<string, string[]>();
    for (const [tag, digest] of home.tags) {
      byDigest.set(digest, [...byDigest.get(digest) ?? [], tag]);
    }
    return [...byDigest].map(([digest, tags]) => ({
      home,
      name,
      tags: tags.sort(),
      digest,
    }));
  });
  const key = ({ name, tags }: ShownName) => `${name}\0${tags[0]}`;
  return names.sort((a, b) => key(a) < key(b) ? -1 : 1);
}

/** The images behind a name: one for each platform that is there. */
export async function shownVariants(
  catalog: Catalog,
  documents: Documents,
  { home, digest }: ShownName,
): Promise<ShownVariant[]> {
  const descriptor = home.documents.get(digest);
  return descriptor ? await variants(catalog, documents, home, descriptor) : [];
}

async function variants(
  catalog: Catalog,
  documents: Documents,
  home: Repository,
  descriptor: Descriptor,
  platform?: Platform,
): Promise<ShownVariant[]> {
  const { digest, mediaType } = descriptor;
  const { contents, made } = catalog;
  const bytes = made.get(digest) ?? await documents.read(contents, digest);
  if (!bytes) return [];
  const document = { descriptor, bytes };
  try {
    if (!isIndex(mediaType)) {
      const { config, layers, artifactType } = parseManifest(document);
      const read = await documents.read(contents, config.digest);
      const facts = configFacts(read ?? new Uint8Array());
      const known = facts.platform ?? platform;
      const isArtifact = !isConfig(config.mediaType) || !known;
      return [{
        title: isArtifact || !known
          ? artifactType ?? config.mediaType
          : formatPlatform(known),
        isArtifact,
        digest,
        imageId: config.digest,
        created: dateOf(facts.created),
        layers: layers.map(({ digest, size }, i) => ({
          digest,
          size,
          step: facts.steps[i] ?? "",
        })),
        size: layers.reduce((sum, { size }) => sum + size, 0),
      }];
    }
    const all: ShownVariant[] = [];
    for (const child of parseIndex(document).manifests) {
      const own = home.documents.get(child.digest);
      if (!own || isAttestation(child)) continue;
      all.push(
        ...await variants(catalog, documents, home, own, child.platform),
      );
    }
    return all;
  } catch (error) {
    if (error instanceof ProblemError) return [];
    throw error;
  }
}

function dateOf(created = ""): string | undefined {
  const [date] = /^\d{4}-\d\d-\d\d(?=T)/.exec(created) ?? [];
  // Builders that make the same bytes each time set it to nothing.
  return date?.startsWith("1970-") || date?.startsWith("1980-01-01")
    ? undefined
    : date;
}
