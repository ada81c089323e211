/** The whole story of a pull, from a reference to an archive. */

import { totalSize } from "../image/descriptors.ts";
import { archiveName } from "../archive/name.ts";
import { archiveOutput } from "../archive/output.ts";
import type { OnEvent, Warning } from "../image/events.ts";
import { checkOptions, pickOptions } from "../image/options.ts";
import { PULL_RULES, type PullOptions } from "./pull_options.ts";
import { hostPlatform } from "../image/host_platform.ts";
import { DOCKER_LAYERS } from "../image/manifest.ts";
import { toPlatform } from "../image/platform.ts";
import { isVerifiedThere } from "./targets/archive.ts";
import {
  type DocumentOptions,
  imageManifest,
  layersMayStart,
} from "./documents.ts";
import { nameImage } from "./targets/layout.ts";
import { copy } from "./copy.ts";
import { isFolder, type Layers, layersOf, targetFor } from "./forms.ts";
import type { ImageTarget } from "./target.ts";
import { graphOf, imageRoot } from "./graph.ts";
import { PendingImage } from "./pending_image.ts";
import { DownloadTime } from "./download_time.ts";
import {
  formatReference,
  isReference,
  parseReference,
  type Reference,
} from "../image/reference.ts";
import {
  MIRROR_RULES,
  type MirrorOptions,
} from "../registry/mirrors/options.ts";
import { openRepository } from "../registry/mirrors/mirrors.ts";
import { createTransport } from "../net/transport.ts";
import { LayoutStore } from "../layout/layout_store.ts";
import { layoutOutput } from "../layout/output.ts";
import { Writers } from "../transfer/writers.ts";
import type { Descriptor, Fetch, Platform } from "../image/types.ts";

/** What a pull has brought. Sizes are in bytes. */
export interface PullResult {
  /** What was asked for. */
  reference: Reference;
  /** The digest that the reference stands for: of a manifest or an index. */
  digest: string;
  /** The image's manifest. */
  manifest: Descriptor;
  /** The image's ID, which is the digest of its configuration. */
  imageId: string;
  /** The platform that the image is made for. */
  platform: Platform;
  /** The archive's path; `-` where it went to a stream. */
  path: string;
  /** The archive's size, or that of the image's blobs in a layout. */
  size: number;
  /** Whether the archive was there already, and nothing was written. */
  upToDate: boolean;
  /** The number of distinct layers. */
  layers: number;
  /**
   * How many of them came from the cache, or were spared altogether; none
   * without a cache.
   */
  cachedLayers: number;
  /** Bytes of layers that came over the network. */
  downloaded: number;
  /** The bytes of these layers. */
  saved: number;
  /** Bytes of layers that an earlier, broken-off run had left. */
  resumed: number;
  /** How long it took, in milliseconds. */
  elapsed: number;
  /**
   * Milliseconds of them in which layers were downloaded: from the first
   * request for one to the last byte.
   */
  downloadTime: number;
}

/**
 * Pulls an image from its registry into an archive that `docker load` takes.
 *
 * Every byte is verified before the archive gets its name. What has come is
 * kept when a pull breaks off, and the next one goes on from there.
 *
 * @param reference The image, such as `nginx:latest`.
 * @param options How.
 * @returns What was pulled.
 * @throws {TypeError} For an option that there is not, or a value of a type
 * that it cannot have.
 * @throws {RangeError} For a value that is out of an option's range.
 * @throws {InvalidReferenceError} If the reference is none.
 * @throws {PlatformNotFoundError} If the image is not made for the platform.
 * @throws {NotAnImageError} If it is a chart, a signature or the like.
 * @throws {RegistryError} If the registry refuses: 401, 403, 404, 429 and others.
 * @throws {NetworkError} If it cannot be reached.
 * @throws {ContentMismatchError} If what it sends is not what it should be.
 * @throws {StorageError} If the archive or the cache cannot be written.
 *
 * @example
 * ```ts ignore
 * import { pull } from "@x/docker-pull";
 *
 * const { path, imageId } = await pull("nginx:latest", {
 *   platform: "linux/arm64",
 *   onEvent: (event) => console.log(event.type),
 * });
 * console.log(`${imageId} is in ${path}`);
 * ```
 */
export async function pull(
  reference: string | Reference,
  options: PullOptions = {},
): Promise<PullResult> {
  checkOptions("pull", options, PULL_RULES);
  if (typeof reference !== "string" && !isReference(reference)) {
    throw new TypeError(
      "Cannot pull: the image is neither a text nor a reference",
    );
  }
  const { output } = options;
  try {
    return await pullInto(
      reference,
      options,
      (image, platform) => openDestination(image, platform, options),
    );
  } catch (error) {
    // Where it has been written to, that was told already.
    if (output instanceof WritableStream) output.abort(error).catch(() => {});
    throw error;
  }
}

/** Where an image goes. */
export interface Destination {
  /** Writes it. */
  target: ImageTarget;
  /** What the result calls it. */
  path: string;
  /** The file or folder, links followed, where it is one. */
  output?: string;
}

/** Tells where an image goes, before anything is made or asked for. */
export type Choose = (
  image: Reference,
  platform: Platform | undefined,
) => Promise<Destination>;

/**
 * Pulls an image to wherever it goes; the options are checked already, and
 * `output` and `format` are not heeded.
 */
export async function pullInto(
  reference: string | Reference,
  options: PullOptions,
  choose: Choose,
): Promise<PullResult> {
  if (options.fetch) {
    return await pullWith(options.fetch, reference, options, choose);
  }
  const transport = createTransport();
  try {
    return await pullWith(transport.fetch, reference, options, choose);
  } finally {
    transport.close();
  }
}

async function pullWith(
  fetch: Fetch,
  reference: string | Reference,
  options: PullOptions,
  choose: Choose,
): Promise<PullResult> {
  const { concurrency: connections = 3, threads } = options;
  const writers = new Writers({ connections, threads });
  try {
    return await pullThrough(writers, fetch, reference, options, choose);
  } finally {
    writers.close();
  }
}

/** What `output` and `format` say. */
async function openDestination(
  image: Reference,
  platform: Platform | undefined,
  { output: wanted, format = "tar", layers, force = false }: PullOptions,
): Promise<Destination> {
  if (wanted instanceof WritableStream) {
    return { target: await targetFor(wanted, { format, layers }), path: "-" };
  }
  const path = wanted ?? archiveName(image, platform, format);
  const output = await (isFolder(format) ? layoutOutput : archiveOutput)(
    path,
    force,
  );
  const target = await targetFor(output, { format, layers });
  return { target, path, output };
}

async function pullThrough(
  writers: Writers,
  fetch: Fetch,
  reference: string | Reference,
  options: PullOptions,
  choose: Choose,
): Promise<PullResult> {
  const start = performance.now();
  const {
    platform,
    cacheDir = "docker_images_cache",
    onEvent = () => {},
    signal,
    force = false,
    trustCache = false,
  } = options;

  // Names.
  const image = typeof reference === "string"
    ? parseReference(reference)
    : reference;
  const namedPlatform = platform === undefined
    ? undefined
    : toPlatform(platform);
  const { target, path, output } = await choose(image, namedPlatform);
  const cache = cacheDir === false
    ? undefined
    : await LayoutStore.open(cacheDir, options.now);
  const source = openRepository(
    image,
    pickOptions<MirrorOptions>({ ...options, fetch }, MIRROR_RULES),
  );

  // Graph.
  const looking: DocumentOptions = {
    source,
    cache,
    wantedPlatform: namedPlatform ?? hostPlatform(),
    platformWasNamed: namedPlatform !== undefined,
    pulledBefore: cache !== undefined &&
      (await cache.knows(formatReference(image)) ||
        image.digest === undefined && output !== undefined &&
          await isVerifiedThere(output, cache)),
    onEvent,
    signal,
  };
  const found = await imageManifest(image, looking);
  const pending = new PendingImage(found, looking, async (documents) => {
    const { manifest, config, parsed, platform } = documents;
    return {
      type: "planned",
      manifest: manifest.descriptor,
      platform,
      config: config.descriptor,
      layers: parsed.layers,
      size: await target.sizeOf(graph),
    };
  });
  const { documents } = pending;
  const timing = new DownloadTime();
  const tell: OnEvent = (event) => {
    timing.apply(event);
    pending.onEvent(event);
  };
  const graph = graphOf([
    imageRoot({ reference: image, found, documents }, source),
  ]);

  // Copy.
  const { upToDate, outcomes } = await pending.beside(() =>
    copy(graph, target, writers, {
      ...options,
      cache,
      trustCache,
      force,
      ready: layersMayStart(found, looking) ? undefined : documents,
      inUse: pending.configDone,
      onTransfer: pending.onTransfer,
      signal: pending.signal,
      onEvent: tell,
      onOpen: () => warnOfLayers(found.parsed.layers, layersOf(options), tell),
    })
  );
  const { parsed, platform: actual } = await documents;
  const [written] = target.written?.(graph).images ?? [];
  const { manifest } = await (written?.documents ?? documents);
  const size = await target.sizeOf(graph);
  if (!upToDate) onEvent({ type: "written", path, size });
  const layers = [...graph.blobs.values()].map(({ descriptor }) => descriptor);
  // By its name, the next pull would ask nobody whether it is there; and
  // whoever reads the cache as a layout would find no layers.
  if (cache && found.confirmed && await cache.hasAll(parsed.layers)) {
    await nameImage(cache, image, await documents);
  }

  // Result.
  const spared = upToDate
    ? layers
    : outcomes.filter(({ source }) => source === "cache")
      .map(({ descriptor }) => descriptor);
  const hits = cache ? spared : [];
  const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);
  return {
    reference: image,
    digest: found.resolved.digest,
    manifest: manifest.descriptor,
    imageId: parsed.config.digest,
    platform: actual,
    path,
    size,
    upToDate,
    layers: layers.length,
    cachedLayers: hits.length,
    downloaded: sum(outcomes.map(({ downloaded }) => downloaded)),
    saved: totalSize(hits),
    resumed: sum(outcomes.map(({ resumed }) => resumed)),
    elapsed: performance.now() - start,
    downloadTime: timing.elapsed,
  };
}

function warnOfLayers(
  layers: Descriptor[],
  how: Layers,
  onEvent: OnEvent,
): void {
  const warn = (warning: Warning) => onEvent({ type: "warning", warning });
  const zstd = how === "as-is"
    ? layers.some(({ mediaType }) => mediaType.endsWith("zstd"))
    : how === "zstd" && layers.length > 0;
  if (zstd) {
    warn({ code: "zstd-layer" });
  }
  if (layers.length > DOCKER_LAYERS) {
    const limit = DOCKER_LAYERS;
    warn({ code: "many-layers", layers: layers.length, limit });
  }
}
