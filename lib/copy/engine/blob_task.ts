/** A blob's way: from where it is to all the places where it is wanted. */

import { StorageError } from "../../image/errors.ts";
import { StoreEntry } from "../../layout/entry.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import { StoreIngest } from "../../layout/ingest.ts";
import type { Descriptor } from "../../image/types.ts";
import type { BlobTask, OpenOptions } from "../../transfer/transfer.ts";
import type { CopyOptions } from "./copy_options.ts";
import { type CopyJob, Unwanted } from "./copy_job.ts";
import type { GraphBlob } from "./graph.ts";

/**
 * A blob's way: from the cache, or over the network into it, and into its
 * places in the targets in the same pass.
 *
 * @param blob Which.
 * @param jobs What wants it.
 */
export function blobTask(
  { descriptor, source }: GraphBlob,
  jobs: readonly CopyJob[],
  options: CopyOptions,
): BlobTask {
  const { cache, trustCache, finishRest, onEvent } = options;
  return {
    descriptor,
    source,
    async done() {
      for (const { alive, writer } of jobs) {
        const store = cache ?? writer!.store;
        if (!alive || !writer!.deliver) continue;
        await writer!.deliver(descriptor, async () => {
          const kept = await store?.entry(descriptor);
          if (kept) return kept;
          // Somebody has cleared it away in the meantime.
          const path = store?.blobPath(descriptor.digest) ?? descriptor.digest;
          throw new StorageError("read", path, "ENOENT");
        });
      }
    },
    async open(_attempt, { signal, onWait }) {
      const alive = jobs.filter(({ alive }) => alive || finishRest);
      // What keeps the others from coming is told of them.
      if (alive.length === 0) throw new Unwanted();
      const writers = alive.map(({ writer }) => writer!);
      const sinks = writers.flatMap((writer) =>
        writer.sink?.(descriptor) ?? []
      );
      for (const writer of cache ? [] : writers) {
        await writer.room?.(descriptor, signal);
      }
      const stores = cache
        ? [cache]
        : writers.flatMap(({ store }) => store ?? []);
      let waited = false;
      const kept = await openStores(stores, descriptor, {
        signal,
        onWait: () => {
          waited = true;
          onWait();
          onEvent({ type: "blob-wait", descriptor });
        },
      });
      const hit = kept.find((place) => place instanceof StoreEntry);
      const first = hit ?? kept[0];
      const [primary, ...copies] = first
        ? [first, ...kept.filter((place) => place !== first), ...sinks]
        : sinks;
      // What lies in a layout has never been a cache's.
      const cached = cache && hit;
      if (waited) cache?.verified.refresh();
      if (cache && first instanceof StoreIngest) {
        first.noteIn(cache.verified, descriptor.digest);
      }
      const trusts = trustCache && !writers.some(({ expands }) => expands);
      const known = !trusts &&
        await cached?.wasVerified(cache!.verified, descriptor.digest);
      return {
        primary: primary!,
        copies,
        source: hit ? "cache" : "registry",
        trusted: cached !== undefined && (trusts || known === true),
        isUntouched: known ? () => cached!.isUntouched() : undefined,
      };
    },
  };
}

/**
 * The blob's places in some stores: all where it is to be written, and one
 * where it lies already.
 */
async function openStores(
  stores: readonly LayoutStore[],
  descriptor: Descriptor,
  options: OpenOptions,
): Promise<(StoreEntry | StoreIngest)[]> {
  // Two processes wait for each other's places in one order only.
  const inOrder = stores.toSorted((a, b) => a.path < b.path ? -1 : 1);
  const places: (StoreEntry | StoreIngest)[] = [];
  let hit = false;
  try {
    for (const store of inOrder) {
      // It is read in one place, so that another need not be right.
      if (hit && await store.isRight(descriptor, options)) continue;
      if (hit) await store.remove(descriptor.digest);
      const place: StoreEntry | StoreIngest =
        (hit ? undefined : await store.entry(descriptor)) ??
          await store.ingest(descriptor, options);
      hit ||= place instanceof StoreEntry;
      places.push(place);
    }
    return places;
  } catch (error) {
    for (const place of places) await place.close();
    throw error;
  }
}
