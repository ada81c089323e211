/** An archive that lacks what its target has already. */

import { stat } from "node:fs/promises";
import { CHECKS, putBeside } from "../../archive/beside.ts";
import type { ArchiveForm } from "../../archive/content.ts";
import type { AskedProgram } from "../../archive/delta_check.ts";
import { deltaPowershellScript } from "../../archive/delta_check_powershell.ts";
import { deltaShellScript } from "../../archive/delta_check_shell.ts";
import { hybridMembers } from "../../archive/forms/hybrid.ts";
import { ifThere } from "../../disk/io.ts";
import {
  type Base,
  DELTA,
  type Delta,
  formatDelta,
  type FoundBy,
} from "../../image/delta.ts";
import { DeltaError } from "../../image/errors.ts";
import { parseConfig } from "../../image/manifest.ts";
import { outlineOf } from "../engine/archive_plan.ts";
import type { ImageGraph } from "../engine/graph.ts";
import type { ImageTarget } from "../engine/target.ts";
import { deltaOf } from "./left_out.ts";
import { nameOf, type SentImage } from "./stacks.ts";

/** How a delta is made. */
export interface DeltaOptions {
  /** What its target has. */
  base: Base;
  /** By what whoever loads it finds that. */
  foundBy: FoundBy;
  /** The programs that may load it, and are asked what is there. */
  programs: readonly AskedProgram[];
  /** Whether whoever loads it takes but one image. */
  isOneImage: boolean;
  /** The file; nothing where it goes to a stream. */
  path?: string;
  /** What its members would be, if it lacked nothing. */
  form?: ArchiveForm;
  /** Makes the target of an archive with such members. */
  open: (form: ArchiveForm) => Promise<ImageTarget>;
}

/** What a graph becomes. */
interface Made {
  delta: Delta;
  images: SentImage[];
  target: ImageTarget;
}

/**
 * A target of archives that lack what is there where they go: it is neither
 * fetched nor written. Beside a file lie scripts that check it there.
 */
export function deltaTarget(options: DeltaOptions): ImageTarget {
  const made = new WeakMap<ImageGraph, Promise<Made>>();
  const known = new WeakMap<ImageGraph, Made>();
  const make = (graph: ImageGraph): Promise<Made> => {
    const before = made.get(graph);
    if (before) return before;
    const making = makeDelta(graph, options);
    made.set(graph, making);
    making.then((done) => known.set(graph, done), () => {});
    return making;
  };
  return {
    // Before the configurations are there, nobody knows what is left out.
    sizeOf: (graph) =>
      known.get(graph)?.target.sizeOf(graph) ??
        outlineOf(graph, options.form ?? hybridMembers).size,
    parts: (graph) => known.get(graph)?.target.parts?.(graph),
    lacks: async (graph) => (await make(graph)).delta,
    holds: async (graph, how) =>
      await (await make(graph)).target.holds(graph, how),
    async open(graph, how) {
      const done = await make(graph);
      const missing = digestsOf(done.delta);
      const writer = await done.target.open(graph, how);
      const wants = writer.wants?.bind(writer);
      const commit = writer.commit.bind(writer);
      writer.wants = async (descriptor) =>
        !missing.has(descriptor.digest) && (await wants?.(descriptor) ?? true);
      writer.commit = async (graph) => {
        await commit(graph);
        await putChecks(graph, done, options);
      };
      return writer;
    },
  };
}

/** The digests of what a delta lacks. */
function digestsOf({ layers }: Delta): Set<string> {
  return new Set(layers.map(({ digest }) => digest));
}

async function makeDelta(
  graph: ImageGraph,
  { base, foundBy, isOneImage, form = hybridMembers, open }: DeltaOptions,
): Promise<Made> {
  const { length: count } = graph.images;
  if (isOneImage && count > 1) {
    throw new DeltaError(nameOf(base), { code: "several", count });
  }
  const firsts = new Set(graph.roots.map(({ images: [first] }) => first));
  const images = await Promise.all(
    graph.images.map(async (image): Promise<SentImage> => {
      const { parsed, config } = await image.documents;
      const { rootfs } = parseConfig(config, parsed);
      return {
        layers: parsed.layers,
        diffIds: rootfs.diff_ids,
        isFirst: firsts.has(image),
      };
    }),
  );
  const delta = deltaOf(images, base, foundBy);
  const missing = digestsOf(delta);
  const target = await open((content) =>
    form({
      ...content,
      annotations: { ...content.annotations, [DELTA]: formatDelta(delta) },
    }).filter(({ blob }) => !blob || !missing.has(blob.digest))
  );
  return { delta, images, target };
}

/** Writes the scripts, once the file is there. */
async function putChecks(
  graph: ImageGraph,
  { delta, images, target }: Made,
  { path, programs }: DeltaOptions,
): Promise<void> {
  if (path === undefined) return;
  const missing = digestsOf(delta);
  const chains = images.filter(({ isFirst }) => isFirst)
    .map(({ layers, diffIds }) => {
      const last = layers.findLastIndex(({ digest }) => missing.has(digest));
      return diffIds.slice(0, last + 1);
    })
    .filter(({ length }) => length > 0);
  // Where it is cut, the scripts of its parts are called so.
  const isCut = target.parts?.(graph) !== undefined;
  const stem = isCut ? `${path}.delta` : path;
  const status = await ifThere("read", path, () => stat(path));
  const size = isCut ? undefined : status?.size;
  const check = { path, size, delta, chains, programs };
  await putBeside(stem + CHECKS.shell, deltaShellScript(check), 0o755);
  await putBeside(stem + CHECKS.powershell, deltaPowershellScript(check));
}
