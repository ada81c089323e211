/** A daemon as a target: Docker or Podman, which loads an archive. */

import type { ArchiveForm } from "../../archive/content.ts";
import { hybridMembers } from "../../archive/forms/hybrid.ts";
import type { Daemon } from "../../daemon/daemon.ts";
import { DaemonError } from "../../image/errors.ts";
import { parseConfig } from "../../image/manifest.ts";
import { familiarName, imageName } from "../../image/reference.ts";
import type { Document } from "../../image/types.ts";
import { outlineOf } from "../engine/archive_plan.ts";
import type { GraphRoot, ImageGraph } from "../engine/graph.ts";
import type {
  ImageTarget,
  TargetOptions,
  TargetWriter,
} from "../engine/target.ts";
import { type HeldImage, heldLayers } from "./held_layers.ts";
import { streamTarget } from "./stream.ts";

/** What is told of a load, besides what is told of every pull. */
export interface LoadState {
  /** Whether all layers are sent, whatever is there. */
  whole: boolean;
  /** Bytes of the archive that was sent. */
  sent: number;
  /** Bytes of layers that were there already, and not sent. */
  spared: number;
  /** Finds a manifest by its digest on this machine, beside those in the cache. */
  document?: (digest: string) => Promise<Document | undefined>;
}

/**
 * Has a daemon load something, and once more as a whole where it did not like
 * it: what was left out may have been removed there in the meantime.
 *
 * @param state What the target goes by.
 * @param attempt Loads.
 */
export async function loading<T>(
  state: LoadState,
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (state.spared === 0 || !isOfLoading(error)) throw error;
    Object.assign(state, { whole: true, sent: 0, spared: 0 });
    return await attempt();
  }
}

/** Whether it is the archive that a daemon did not like. */
export function isOfLoading(error: unknown): boolean {
  return error instanceof DaemonError &&
    ["failed", "unpacking", "refused", "not-loaded"].includes(error.code);
}

/**
 * A daemon as a target. Layers that it has are neither fetched nor sent, as
 * far as it can do without their files.
 *
 * @param daemon Which; whoever has opened it closes it.
 * @param state Says how, and is told what came of it.
 */
export function daemonTarget(daemon: Daemon, state: LoadState): ImageTarget {
  return {
    spares: true,
    sizeOf: (graph) => outlineOf(graph, hybridMembers).size,
    holds: async ({ roots }) => {
      for (const root of roots) {
        if (!await isThere(daemon, root, true)) return false;
      }
      return true;
    },
    open: (graph, options) => openDaemon(daemon, state, graph, options),
  };
}

/**
 * Whether the daemon has an image, by its name where it has one.
 *
 * @param unpacked Whether it is of no use where nothing of it is unpacked.
 */
async function isThere(
  daemon: Daemon,
  root: GraphRoot,
  unpacked = false,
): Promise<boolean> {
  const { top, images, reference } = root;
  // The ID is the configuration's digest, or in containerd the manifest's.
  const ids = [
    top.descriptor.digest,
    ...images.flatMap(({ found: { parsed, manifest } }) => [
      parsed.config.digest,
      manifest.descriptor.digest,
    ]),
  ];
  // Docker's classic store names nothing by a digest.
  const names = reference.tag === undefined
    ? [imageName(reference, top.descriptor.digest), ...ids]
    : [nameOf(root)];
  for (const name of names) {
    const found = await daemon.inspect(name);
    if (!found || (unpacked && found.packed)) continue;
    if (ids.includes(prefixed(found.id))) return true;
  }
  return false;
}

/** How people call it there. */
export function nameOf({ reference, top }: GraphRoot): string {
  if (reference.tag === undefined) {
    return imageName(reference, top.descriptor.digest);
  }
  const { digest: _, ...tagged } = reference;
  return familiarName(tagged);
}

/** Podman tells IDs without their algorithm. */
function prefixed(id: string): string {
  return id.includes(":") ? id : `sha256:${id}`;
}

async function openDaemon(
  daemon: Daemon,
  state: LoadState,
  graph: ImageGraph,
  options: TargetOptions,
): Promise<TargetWriter> {
  const { os: system } = await daemon.info();
  const images = await Promise.all(
    graph.images.map(async ({ documents }): Promise<HeldImage> => {
      const { parsed, config, platform } = await documents;
      const { rootfs } = parseConfig(config, parsed);
      return { parsed, diffIds: rootfs?.diff_ids ?? [], os: platform.os };
    }),
  );
  const [{ os: image } = { os: system }] = images;
  if (images.every(({ os }) => os !== system)) {
    const problem = { code: "other-system", system, image } as const;
    throw new DaemonError(daemon.address, problem);
  }
  const held = state.whole
    ? new Set<string>()
    : await heldLayers(daemon, images, async (digest) => {
      for (const find of [options.cache, state]) {
        const found = await find?.document?.(digest).catch(() => undefined);
        if (found) return found;
      }
      return undefined;
    });
  const form: ArchiveForm = (content) =>
    hybridMembers(content).filter(({ blob }) =>
      blob === undefined || !held.has(blob.digest)
    );
  const { size } = outlineOf(graph, form);
  state.sent = size;
  state.spared = [...graph.blobs.values()].reduce(
    (sum, { descriptor: { digest, size } }) =>
      sum + (held.has(digest) ? size : 0),
    0,
  );
  const request = await daemon.load(size);
  try {
    const writer = await streamTarget(request.body, form).open(graph, options);
    return {
      ...writer,
      wants: ({ digest }) => Promise.resolve(!held.has(digest)),
      async commit(graph) {
        await writer.commit(graph);
        // Its last word may be that all is well where nothing is.
        for (const root of graph.roots) {
          if (await isThere(daemon, root)) continue;
          const problem = { code: "not-loaded", name: nameOf(root) } as const;
          throw new DaemonError(daemon.address, problem);
        }
      },
      async close(error) {
        // Half an archive is none: the daemon keeps nothing of it.
        request.close();
        await writer.close(error);
      },
    };
  } catch (error) {
    request.close();
    throw error;
  }
}
