/** What is to survive a power cut is on the disk before it has its name. */
import { assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ArchiveFile } from "../../lib/archive/archive_file.ts";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { content, planOf } from "../archive/content.ts";
import { test } from "../harness.ts";
import { blob } from "../transfer/blobs.ts";
import { inFolder } from "./folder.ts";

/** Sees every sync of a file in between. */
async function watching(
  folder: string,
  onSync: () => void,
  body: () => Promise<void>,
): Promise<void> {
  const handle = await open(folder, "r");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { datasync } = prototype;
  prototype.datasync = async function (this: FileHandle) {
    onSync();
    await datasync.call(this);
  };
  try {
    await body();
  } finally {
    prototype.datasync = datasync;
  }
}

test("PartialFile.commit() syncs before it renames, where that is wanted", () =>
  inFolder(async (folder) => {
    for (const durable of [true, false]) {
      const final = join(folder, `${durable}`);
      const file = await PartialFile.open(`${final}.partial`, {
        id: "a",
        size: 3,
        resumable: false,
        durable,
      });
      await file.write(new Uint8Array(3), 0);
      const syncs: boolean[] = [];
      await watching(
        folder,
        () => syncs.push(existsSync(final)),
        () => file.commit(final),
      );
      assertEquals(syncs, durable ? [false] : []);
      assertEquals(existsSync(final), true);
    }
  }));

test("PartialFile syncs on the way what would be much at the end", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.partial");
    const MIB = 1024 * 1024;
    const size = 512 * MIB;
    for (const durable of [true, false]) {
      const options = { id: "a", size, resumable: false, durable };
      const file = await PartialFile.open(path, options);
      let syncs = 0;
      await watching(folder, () => syncs++, async () => {
        // Of a file with holes, as there is nothing to be written here.
        file.wrote(0, 100 * MIB);
        assertEquals(syncs, 0);
        file.wrote(100 * MIB, 300 * MIB);
        assertEquals(syncs, durable ? 1 : 0);
        await file.close();
      });
    }
  }));

test("an archive that cannot be synced does not get its name", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    const archive = await ArchiveFile.open(path, planOf(content([])));
    const full = Object.assign(new Error("full"), { code: "ENOSPC" });
    const error = await assertRejects(
      () =>
        watching(folder, () => {
          throw full;
        }, () => archive.commit()),
      StorageError,
    );
    assertEquals([error.code, error.path], ["ENOSPC", path]);
    await archive.close();
    assertEquals(await readdir(folder), []);
  }));

test("a layout's blobs and its index are synced before a name leads to them", () =>
  inFolder(async (folder) => {
    const { descriptor, bytes } = blob(3_000);
    const store = await LayoutStore.open(folder);
    await store.put({ descriptor, bytes });
    const index = join(folder, "index.json");
    const syncs: boolean[] = [];
    await watching(folder, () => syncs.push(existsSync(index)), async () => {
      await store.sync([descriptor]);
      assertEquals(syncs, [false]);
      await store.tag("h/a:1", descriptor);
    });
    assertEquals(syncs, [false, false]);
  }));
