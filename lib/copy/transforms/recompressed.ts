/**
 * A target that gets its images with their layers compressed in another way.
 * Layers come whole into the cache, or a folder that is removed again; each is
 * made anew there once it is verified, while others come. New manifests name
 * what was made; configurations stay, and so do the images' IDs.
 */

import { makeFolders } from "../../disk/folders.ts";
import { onDisk } from "../../disk/io.ts";
import { totalSize } from "../../image/descriptors.ts";
import { Writers } from "../../transfer/writers.ts";
import { copy } from "../engine/copy.ts";
import type { ImageGraph } from "../engine/graph.ts";
import { openScratch } from "../engine/scratch.ts";
import type {
  ImageTarget,
  TargetOptions,
  TargetWriter,
} from "../engine/target.ts";
import { LayerPlan } from "./layer_plan.ts";
import type { LayerForm } from "./layer_types.ts";
import type { LayerSource } from "./recompress.ts";
import { LAYERS_AT_A_TIME, type LayerWork, Workshop } from "./workshop.ts";

/**
 * Puts another compression before a target.
 *
 * @param target Where the images go.
 * @param form How their layers are to be compressed.
 * @param folder Where layers are made anew, if there is no cache.
 */
export function recompressed(
  target: ImageTarget,
  form: LayerForm,
  folder: string,
): ImageTarget {
  const graphs = new WeakMap<ImageGraph, ImageGraph>();
  const written = (graph: ImageGraph) => graphs.get(graph) ?? graph;
  return {
    async sizeOf(graph) {
      const known = graphs.get(graph);
      if (known) return await target.sizeOf(known);
      const blobs = [...graph.blobs.values()];
      return totalSize(blobs.map(({ descriptor }) => descriptor));
    },
    written,
    parts: target.parts && ((graph) => target.parts!(written(graph))),
    async holds(graph, options) {
      const { cache } = options;
      const known = graphs.get(graph);
      if (known) return await target.holds(known, options);
      // Nobody knows what comes out before it has.
      if (!cache) return false;
      const plan = await LayerPlan.of(graph, form, cache);
      if (!plan.isKnown) return false;
      const whole = await plan.newGraph(cache);
      const held = await target.holds(whole, options);
      if (held) graphs.set(graph, whole);
      return held;
    },
    open: (graph, options) =>
      openRecompressed(graph, options, { form, folder }, async (whole) => {
        graphs.set(graph, whole.graph);
        const writers = new Writers({ connections: LAYERS_AT_A_TIME });
        try {
          await copy(whole.graph, target, writers, {
            ...options,
            cache: whole.cache,
            onEvent: () => {},
          });
        } finally {
          writers.close();
        }
      }),
  };
}

/** What is copied in the end, and where its blobs lie. */
interface Whole {
  graph: ImageGraph;
  cache: TargetOptions["cache"];
}

async function openRecompressed(
  graph: ImageGraph,
  { cache, signal: wanted }: TargetOptions,
  { form, folder }: { form: LayerForm; folder: string },
  passOn: (whole: Whole) => Promise<void>,
): Promise<TargetWriter> {
  const plan = await LayerPlan.of(graph, form, cache);
  // The file's own folder may not be there yet.
  if (!cache) await onDisk("write", folder, () => makeFolders(folder));
  const scratch = cache ? undefined : await openScratch(folder, {
    hidden: true,
  });
  const store = cache ?? scratch!.store;
  const workshop = Workshop.enter();
  const ended = new AbortController();
  const signal = wanted
    ? AbortSignal.any([wanted, ended.signal])
    : ended.signal;
  const made: Promise<void>[] = [];
  const make = async (source: LayerSource, open: LayerWork["open"]) => {
    try {
      const work = { form, store, open, signal };
      plan.add(source, await workshop.make(source, work));
    } catch (error) {
      ended.abort(error);
    }
  };
  const end = async () => {
    workshop.leave();
    await scratch?.close();
  };
  return {
    store,
    expands: true,
    ended: ended.signal,
    async wants({ digest }) {
      const source = plan.sources.get(digest);
      return !source || !await plan.isMade(source, store);
    },
    deliver({ digest }, open) {
      const source = plan.sources.get(digest);
      // Others come in the meantime.
      if (source) made.push(make(source, open));
      return Promise.resolve();
    },
    async commit() {
      await Promise.all(made);
      ended.signal.throwIfAborted();
      await plan.save();
      const whole = { graph: await plan.newGraph(store), cache: store };
      await workshop.write(() => passOn(whole));
      await end();
    },
    async close(error) {
      ended.abort(error);
      await Promise.all(made);
      // What is made by then need not be made again.
      await plan.save();
      await end();
    },
  };
}
