/**
 * An archive file that is compressed as a whole: the archive's bytes in their
 * order go through the compressor into the file, while layers come.
 */

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { checkSpace, tidyArchive } from "../../archive/archive_file.ts";
import {
  CompressedFile,
  isCompressedPlan,
  noteCompressed,
} from "../../archive/compressed.ts";
import type { ArchiveForm } from "../../archive/content.ts";
import { hybridMembers } from "../../archive/forms/hybrid.ts";
import { Compressor } from "../../compression/compress.ts";
import type { Compression } from "../../compression/compression.ts";
import { totalSize } from "../../image/descriptors.ts";
import { outlineOf, wholePlan } from "../engine/archive_plan.ts";
import type { ImageGraph } from "../engine/graph.ts";
import type {
  ImageTarget,
  TargetOptions,
  TargetWriter,
} from "../engine/target.ts";
import { newestTime } from "../sets/newest_time.ts";
import { streamTarget } from "./stream.ts";

/** How an archive is compressed. */
export interface CompressedTargetOptions {
  /** How it is compressed. */
  compression: Compression;
  /**
   * What its members are.
   *
   * @default {hybridMembers}
   */
  form?: ArchiveForm;
  /**
   * Whether the file's time is that of its newest image: k3s loads again what
   * has another time.
   *
   * @default {false}
   */
  stableTime?: boolean;
}

/**
 * A compressed archive as a target.
 *
 * @param path Where it goes, links followed.
 */
export function compressedTarget(
  path: string,
  options: CompressedTargetOptions,
): ImageTarget {
  const { compression, form = hybridMembers } = options;
  const written = new WeakSet<ImageGraph>();
  return {
    async sizeOf(graph) {
      const outline = outlineOf(graph, form).size;
      if (!written.has(graph)) return outline;
      return await stat(path).then(({ size }) => size, () => outline);
    },
    async holds(graph, { cache, signal }) {
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile()) return false;
      const plan = await wholePlan(graph, form);
      const verified = cache?.verified;
      const how = { compression, verified, signal };
      if (!await isCompressedPlan(path, plan, how)) return false;
      await verified?.save();
      await tidyArchive(path);
      written.add(graph);
      return true;
    },
    async open(graph, how) {
      const writer = await openCompressed(path, graph, how, options);
      return {
        ...writer,
        async commit(graph) {
          await writer.commit(graph);
          written.add(graph);
        },
      };
    },
  };
}

async function openCompressed(
  path: string,
  graph: ImageGraph,
  how: TargetOptions,
  { compression, form = hybridMembers, stableTime }: CompressedTargetOptions,
): Promise<TargetWriter> {
  // Layers are compressed already, as a rule: it becomes hardly smaller.
  const blobs = [...graph.blobs.values()].map(({ descriptor }) => descriptor);
  await checkSpace(dirname(path), Math.floor(totalSize(blobs) / 8), path);
  const file = await CompressedFile.open(path, how.signal);
  const compressor = new Compressor();
  const { readable, writable } = new TransformStream<Uint8Array>();
  const reader = readable.getReader();
  const writing = (async () => {
    try {
      for await (const bytes of compressor.compress(all(reader), compression)) {
        await file.write(bytes);
      }
    } catch (error) {
      // Whoever writes to the stream learns of it so.
      await reader.cancel(error).catch(() => {});
      throw error;
    }
  })();
  // Its failure is that of the stream's next write.
  writing.catch(() => {});
  const end = async () => {
    await writing.catch(() => {});
    compressor.close();
    await file.discard();
  };
  let inner: TargetWriter;
  try {
    inner = await streamTarget(writable, form).open(graph, how);
  } catch (error) {
    await writable.abort(error).catch(() => {});
    await end();
    throw error;
  }
  return {
    ...inner,
    async commit(graph) {
      await inner.commit(graph);
      await writing;
      compressor.close();
      await file.commit(stableTime ? await newestTime(graph) : undefined);
      const verified = how.trustCache ? undefined : how.cache?.verified;
      if (!verified) return;
      const plan = await wholePlan(graph, form);
      await noteCompressed(path, plan, { compression, verified });
      await verified.save();
    },
    async close(error) {
      await inner.close(error);
      await end();
    },
  };
}

async function* all(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
  }
}
