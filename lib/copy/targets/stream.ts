/** An archive that is written to a stream in order, while its layers come. */

import type { ArchiveForm } from "../../archive/content.ts";
import { hybridMembers } from "../../archive/forms/hybrid.ts";
import type { Range } from "../../archive/parts.ts";
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

/** Where an archive's bytes go in their order. */
export interface Outlet {
  /** Takes the next bytes. */
  write: Write;
  /** All of them are there. */
  close(): Promise<void>;
  /** They never will be. */
  abort(error: unknown): Promise<void>;
  /** Rejects when nothing more can be written. */
  closed?: Promise<unknown>;
  /** Whether bytes are used no more once their write has settled. */
  borrows?: boolean;
}

function openStream(
  output: WritableStream<Uint8Array>,
  form: ArchiveForm,
  graph: ImageGraph,
  options: TargetOptions,
): Promise<TargetWriter> {
  return openInOrder(form, graph, options, () => {
    const writer = output.getWriter();
    return {
      write: (bytes) => writer.write(bytes),
      close: () => writer.close(),
      // It settles when the last write has, which nobody may ever take.
      abort(error) {
        writer.abort(error).catch(() => {});
        return Promise.resolve();
      },
      // It may be gone while there is nothing to be written.
      closed: writer.closed,
      borrows: output instanceof BorrowingStream,
    };
  });
}

/**
 * Opens a target that is written from the first byte to the last.
 *
 * @param openOutlet Opens where the bytes go.
 * @param range What of the archive is written, where that is not all of it.
 */
export async function openInOrder(
  form: ArchiveForm,
  graph: ImageGraph,
  { cache, signal }: TargetOptions,
  openOutlet: () => Outlet | Promise<Outlet>,
  range?: Range,
): Promise<TargetWriter> {
  const outline = outlineOf(graph, form);
  const { start, end: last } = range ?? { start: 0, end: outline.size };
  const blobs = [...outline.blobs.values()]
    .filter(({ offset, descriptor: { size } }) =>
      offset < last && offset + size > start || !range
    )
    .sort((a, b) => a.offset - b.offset)
    .map(({ descriptor }) => descriptor);
  const wanted = new Set(blobs.map(({ digest }) => digest));
  const window = cache ? undefined : await openWindow(blobs);
  const arrived = new Map<string, () => Promise<StoreEntry>>();
  const changed = new Waiters();
  const ended = new AbortController();
  const forget = onAbort(signal, () => ended.abort(signal!.reason));
  onAbort(ended.signal, () => changed.wakeAll());
  let outlet: Outlet;
  try {
    outlet = await openOutlet();
  } catch (error) {
    forget();
    await window?.close();
    throw error;
  }
  outlet.closed?.catch((error) => ended.abort(error));
  const write: Write = (bytes) => orAborted(outlet.write(bytes), ended.signal);

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
      borrows: outlet.borrows,
      range,
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
    wants: range &&
      (({ digest }) => Promise.resolve(wanted.has(digest))),
    deliver({ digest }, open) {
      arrived.set(digest, open);
      changed.wakeAll();
      return Promise.resolve();
    },
    async commit() {
      await writing;
      await orAborted(outlet.close(), ended.signal);
      await end();
    },
    async close(error) {
      ended.abort(error);
      await writing.catch(() => {});
      await outlet.abort(error);
      await end();
    },
  };
}
