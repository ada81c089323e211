/** Says whether a target has what an archive lacks. */

import { tmpdir } from "node:os";
import { openLocalPlace } from "../copy/places/open_places.ts";
import type { Held } from "../copy/sources/held.ts";
import { LocalSource } from "../copy/sources/local.ts";
import { missingLayers } from "../copy/targets/missing_layers.ts";
import type { SentImage } from "../copy/targets/stacks.ts";
import type { Base, Delta, LeftOutLayer } from "../image/delta.ts";
import { parseConfig, parseIndex, parseManifest } from "../image/manifest.ts";
import { isIndex, isManifest } from "../image/media_types.ts";
import { checkOptions, type Rules, SIGNAL } from "../image/options.ts";
import type { Descriptor, Document } from "../image/types.ts";

/** How an archive is held against a target. */
export interface AgainstOptions {
  /** Ends it. */
  signal?: AbortSignal;
}

const RULES: Rules<AgainstOptions> = { signal: SIGNAL };

/** Whether an archive can be loaded where that is. */
export interface AgainstReport {
  /** Whether nothing is missing. */
  ok: boolean;
  /** What the archive lacks; nothing where it is whole. */
  delta?: Delta;
  /** The layers of these that the target lacks, too. */
  missing: LeftOutLayer[];
}

/** An index in an index in an index is enough. */
const MAX_DEPTH = 4;
/** What an image is called that is read by its digests. */
const NAMELESS = { registry: "localhost", repository: "image" };

/**
 * Holds an archive against what a target has: whether the layers are there that
 * a delta lacks. An archive that is whole needs nothing.
 *
 * @param path The archive.
 * @param base What the target has, of {@linkcode readBase}.
 * @param options How.
 * @returns Whether it is enough, and what is missing.
 * @throws {TypeError} For an option that there is not.
 * @throws {DeltaError} If that cannot be told from what is known of the target.
 * @throws {StorageError} If the archive cannot be read.
 * @throws {ArchiveError} If it is none.
 *
 * @example
 * ```ts ignore
 * import { readBase, verifyAgainst } from "@x/docker-pull";
 *
 * const target = await readBase("ssh://me@server");
 * const { ok, missing } = await verifyAgainst("app.tar", target);
 * console.log(ok ? "it can be loaded" : `${missing.length} layers are missing`);
 * ```
 */
export async function verifyAgainst(
  path: string,
  base: Base,
  options: AgainstOptions = {},
): Promise<AgainstReport> {
  checkOptions("verify", options, RULES);
  const { signal } = options;
  const { held } = await openLocalPlace({ kind: "file", path }, {
    spool: { folder: tmpdir() },
    signal,
  });
  try {
    const { delta } = held;
    if (!delta) return { ok: true, missing: [] };
    const missing = missingLayers(delta, await imagesIn(held, signal), base);
    return { ok: missing.length === 0, delta, missing };
  } finally {
    await held.close();
  }
}

/** The images of an archive, with their layers. */
async function imagesIn(
  held: Held,
  signal: AbortSignal | undefined,
): Promise<SentImage[]> {
  const firsts = await held.dockerConfigs?.() ?? new Set();
  const found: SentImage[] = [];
  const seen = new Set<string>();
  const source = new LocalSource(held, NAMELESS);
  const visit = async ({ digest }: Descriptor, depth: number) => {
    signal?.throwIfAborted();
    if (seen.has(digest) || depth > MAX_DEPTH) return;
    seen.add(digest);
    const document = await held.document(digest);
    // Others of an index are often not there.
    if (!document) return;
    if (isIndex(document.descriptor.mediaType)) {
      for (const each of parseIndex(document).manifests) {
        await visit(each, depth + 1);
      }
    } else if (isManifest(document.descriptor.mediaType)) {
      const image = await imageIn(source, document);
      if (image) found.push({ ...image, isFirst: firsts.has(image.id) });
    }
  };
  for (const { descriptor } of await held.images()) await visit(descriptor, 0);
  return found;
}

/** An image by its manifest; nothing for what is none. */
async function imageIn(
  source: LocalSource,
  document: Document,
): Promise<SentImage & { id: string } | undefined> {
  const parsed = parseManifest(document);
  const { config, layers } = parsed;
  try {
    const described = await source.fetchSmallBlob(config);
    const { diff_ids: diffIds } = parseConfig(described, parsed).rootfs;
    return { id: config.digest, layers, diffIds };
  } catch {
    // An attestation, or what lacks its configuration.
    return undefined;
  }
}
