/** An archive that is written to a stream in order, while its layers come. */

import type { ArchiveForm } from "../../archive/content.ts";
import { hybridMembers } from "../../archive/forms/hybrid.ts";
import {
  BorrowingStream,
  type Write,
  writeArchive,
} from "../../archive/stream.ts";
import { onAbort, orAborted } from "../../image/abort.ts";
import type { StoreEntry } from "../../layout/entry.ts";
import { Waiters } from "../../transfer/waiters.ts";
import { outlineOf, wholePlan } from "../engine/archive_plan.ts";
import type { ImageGraph } from "../engine/graph.ts";
import type {
  ImageTarget,
  TargetOptions,
  TargetWriter,
} from "../engine/target.ts";
import { openWindow } from "../engine/window.ts";

/**
 * A stream as a target. It gets its first bytes once the configurations are
 * there, and each layer when that is verified and those before it are passed
 * on. Where there is no cache, layers that are there too early wait in a
 * window on the disk.
 *
 * @param output Where the bytes go. It is closed when all of them are there,
 * and aborted where they never will be.
 * @param form What the archive's members are.
 */
export function streamTarget(
  output: WritableStream<Uint8Array>,
  form: ArchiveForm = hybridMembers,
): ImageTarget {
  return {
    sizeOf: (graph) => outlineOf(graph, form).size,
    holds: () => Promise.resolve(false),
    open: (graph, options) => openStream(output, form, graph, options),
  };
}

async function openStream(
  output: WritableStream<Uint8Array>,
  form: ArchiveForm,
  graph: ImageGraph,
  { cache, signal }: TargetOptions,
): Promise<TargetWriter> {
  const blobs = [...outlineOf(graph, form).blobs.values()]
    .sort((a, b) => a.offset - b.offset)
    .map(({ descriptor }) => descriptor);
  const window = cache ? undefined : await openWindow(blobs);
  const arrived = new Map<string, () => Promise<StoreEntry>>();
  const changed = new Waiters();
  const ended = new AbortController();
  const forget = onAbort(signal, () => ended.abort(signal!.reason));
  onAbort(ended.signal, () => changed.wakeAll());
  const writer = output.getWriter();
  // It may be gone while there is nothing to be written.
  writer.closed.catch((error) => ended.abort(error));
  const write: Write = (bytes) => orAborted(writer.write(bytes), ended.signal);

  const writing = (async () => {
    const plan = await orAborted(wholePlan(graph, form), ended.signal);
    await writeArchive(plan, write, async ({ digest }) => {
      while (!arrived.has(digest)) {
        ended.signal.throwIfAborted();
        await changed.wait();
      }
      return await arrived.get(digest)!();
    }, {
      done: async (blob) => await window?.release(blob),
      borrows: output instanceof BorrowingStream,
    });
  })();
  writing.catch((error) => ended.abort(error));
  const end = async () => {
    forget();
    await window?.close();
  };
  return {
    store: window?.store,
    order: blobs.map(({ digest }) => digest),
    ended: ended.signal,
    room: (blob, signal) => window!.room(blob, signal),
    deliver({ digest }, open) {
      arrived.set(digest, open);
      changed.wakeAll();
      return Promise.resolve();
    },
    async commit() {
      await writing;
      await orAborted(writer.close(), ended.signal);
      await end();
    },
    async close(error) {
      ended.abort(error);
      await writing.catch(() => {});
      // It settles when the last write has, which nobody may ever take.
      writer.abort(error).catch(() => {});
      await end();
    },
  };
}
