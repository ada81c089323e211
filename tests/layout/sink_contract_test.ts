/** One suite for every place that a blob goes to. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ArchiveFile } from "../../lib/archive/archive_file.ts";
import { FileSlot } from "../../lib/disk/file_slot.ts";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { StoreEntry } from "../../lib/layout/entry.ts";
import type { ReadableSink } from "../../lib/image/types.ts";
import { content, layer, planOf } from "../archive/content.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import { blob, MemorySink } from "../transfer/blobs.ts";

const SIZE = 5_000;
const { descriptor, bytes } = blob(SIZE);
const knowsBoot = existsSync("/proc/sys/kernel/random/boot_id");

/** A kind of place. */
interface Place {
  name: string;
  /** Opens it; again, for a later run. */
  open(folder: string): Promise<ReadableSink>;
  /** Ends what the place is a part of, and keeps it for a later run. */
  leave?(): Promise<void>;
  /** The bytes, once they are committed. */
  result?(folder: string): Promise<Uint8Array>;
  /** Whether what is there is kept for a later run. */
  resumable: boolean;
}

/** A slot in a file, with something else before and after it. */
function fileSlot(): Place {
  let file: PartialFile;
  return {
    name: "FileSlot",
    resumable: true,
    async open(folder) {
      const options = { id: "a", size: SIZE + 200 };
      file = await PartialFile.open(join(folder, "file"), options);
      await file.write(new Uint8Array(100).fill(1), 0);
      await file.write(new Uint8Array(100).fill(1), SIZE + 100);
      return new FileSlot(file, 100, SIZE);
    },
    leave: () => file.close(),
    async result(folder) {
      await file.commit(join(folder, "done"));
      const all = await readFile(join(folder, "done"));
      for (const i of [0, 99, SIZE + 100, SIZE + 199]) assertEquals(all[i], 1);
      return all.subarray(100, SIZE + 100);
    },
  };
}

/** A layer's slot in an archive. */
function archiveSlot(): Place {
  let archive: ArchiveFile;
  const twin = { ...layer(1), ...descriptor };
  const plan = planOf(content([layer(700), twin, layer(800)]));
  return {
    name: "ArchiveFile.slot()",
    resumable: true,
    async open(folder) {
      const path = join(folder, "a.tar");
      archive = await ArchiveFile.open(path, plan, { resumable: true });
      return archive.slot(descriptor.digest)!;
    },
    leave: () => archive.close(),
    async result(folder) {
      await archive.commit();
      const all = await readFile(join(folder, "a.tar"));
      const { offset } = plan.blobs.get(descriptor.digest)!;
      return all.subarray(offset, offset + SIZE);
    },
  };
}

const storeIngest: Place = {
  name: "StoreIngest",
  resumable: true,
  async open(folder) {
    const store = await LayoutStore.open(folder);
    const place = await store.ingest(descriptor);
    assert(!(place instanceof StoreEntry));
    return place;
  },
  async result(folder) {
    const store = await LayoutStore.open(folder);
    return await readFile(store.blobPath(descriptor.digest));
  },
};

const memory: Place = {
  name: "MemorySink",
  resumable: false,
  open: () => Promise.resolve(new MemorySink(SIZE)),
};

for (const place of [fileSlot(), archiveSlot(), storeIngest, memory]) {
  const { name, open } = place;
  const close = async (sink: ReadableSink) => {
    await sink.close?.();
    await place.leave?.();
  };

  test(`${name} takes bytes in any order and gives them back`, () =>
    inFolder(async (folder) => {
      const sink = await open(folder);
      assertEquals(sink.present.ranges, []);
      const order = [3, 0, 4, 1, 2];
      await Promise.all(
        order.map((i) =>
          sink.write(bytes.subarray(i * 1000, (i + 1) * 1000), i * 1000)
        ),
      );
      assertEquals(sink.present.ranges, [[0, SIZE]]);
      const found = new Uint8Array(SIZE);
      assertEquals(await sink.read(found, 0), SIZE);
      assertEquals(found, bytes);
      const middle = new Uint8Array(10);
      assertEquals(await sink.read(middle, 4_321), 10);
      assertEquals(middle, bytes.slice(4_321, 4_331));
      await sink.commit();
      if (place.result) {
        assertEquals(new Uint8Array(await place.result(folder)), bytes);
      } else await place.leave?.();
    }));

  test(`${name} tells what it has`, () =>
    inFolder(async (folder) => {
      const sink = await open(folder);
      await sink.write(bytes.subarray(10, 20), 10);
      await sink.write(bytes.subarray(30, 40), 30);
      assertEquals(sink.present.ranges, [[10, 20], [30, 40]]);
      await sink.write(bytes.subarray(15, 35), 15);
      assertEquals(sink.present.ranges, [[10, 40]]);
      await close(sink);
    }));

  test(`${name} reads no further than its end`, () =>
    inFolder(async (folder) => {
      const sink = await open(folder);
      await sink.write(bytes, 0);
      const found = new Uint8Array(100);
      assertEquals(await sink.read(found, SIZE - 30), 30);
      assertEquals(found.slice(0, 30), bytes.slice(SIZE - 30));
      assertEquals(await sink.read(found, SIZE), 0);
      await close(sink);
    }));

  test(`${name} forgets what is discarded`, () =>
    inFolder(async (folder) => {
      const sink = await open(folder);
      await sink.write(bytes, 0);
      await sink.discard();
      await place.leave?.();
      if (!place.resumable) return;
      const again = await open(folder);
      assertEquals(again.present.ranges, []);
      await close(again);
    }));

  if (!place.resumable) continue;
  test(`${name} keeps what it has when it is closed`, {
    skip: !knowsBoot && "the system does not say when it began",
  }, () =>
    inFolder(async (folder) => {
      const sink = await open(folder);
      await sink.write(bytes.subarray(1_000, 2_000), 1_000);
      await close(sink);
      const again = await open(folder);
      assertEquals(again.present.ranges, [[1_000, 2_000]]);
      const found = new Uint8Array(1_000);
      assertEquals(await again.read(found, 1_000), 1_000);
      assertEquals(found, bytes.slice(1_000, 2_000));
      await again.discard();
      await place.leave?.();
    }));
}

/** A blob that is in the cache already. */
async function entry(folder: string): Promise<StoreEntry> {
  const store = await LayoutStore.open(folder);
  await store.put({ descriptor, bytes });
  const entry = await store.entry(descriptor);
  assert(entry);
  return entry;
}

test("StoreEntry has all and takes nothing", () =>
  inFolder(async (folder) => {
    const sink = await entry(folder);
    assertEquals(sink.present.ranges, [[0, SIZE]]);
    const found = new Uint8Array(SIZE + 10);
    assertEquals(await sink.read(found, 0), SIZE);
    assertEquals(found.slice(0, SIZE), bytes);
    assertEquals(await sink.read(found, SIZE), 0);
    assertThrows(() => sink.write(), TypeError);
    await sink.commit();
    await sink.close();
  }));

test("StoreEntry stays when it is committed or closed, and goes when it is discarded", () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    await (await entry(folder)).commit();
    assertEquals(await store.has(descriptor), true);
    await (await entry(folder)).close();
    assertEquals(await store.has(descriptor), true);
    await (await entry(folder)).discard();
    assertEquals(await store.has(descriptor), false);
  }));
