import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import {
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { ArchiveFile, checkSpace } from "../../lib/archive/archive_file.ts";
import type { ArchivePlan } from "../../lib/archive/plan.ts";
import { mayBeUpToDate } from "../../lib/archive/up_to_date.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { inFolder } from "../disk/folder.ts";
import { deferred, test } from "../harness.ts";
import { content, layer, layerBytes, planOf, writePlan } from "./content.ts";

const plan = planOf(content([layer(1000), layer(3000)]));

/** Fills in all layers. */
async function fill(archive: ArchiveFile, plan: ArchivePlan): Promise<void> {
  for (const { descriptor } of plan.blobs.values()) {
    const slot = archive.slot(descriptor.digest)!;
    await slot.write(layerBytes(descriptor.size), 0);
  }
}

test("ArchiveFile writes what was planned, under its name at the end", () =>
  inFolder(async (folder) => {
    const path = join(folder, "new", "folder", "a b ü.tar");
    const archive = await ArchiveFile.open(path, plan);
    assert(!existsSync(path));
    await fill(archive, plan);
    assert(!existsSync(path));
    await archive.commit();
    await writePlan(join(folder, "other"), plan);
    assertEquals(await readFile(path), await readFile(join(folder, "other")));
    assertEquals(await readdir(join(folder, "new", "folder")), ["a b ü.tar"]);
    assertEquals(await mayBeUpToDate(path, plan), true);
  }));

test("ArchiveFile writes later what was not known at first", () =>
  inFolder(async (folder) => {
    const { config: _, ...known } = content([layer(1000), layer(3000)]);
    const outline = planOf(known);
    const path = join(folder, "a.tar");
    const archive = await ArchiveFile.open(path, outline);
    await fill(archive, outline);
    await archive.complete(plan);
    await archive.commit();
    await writePlan(join(folder, "other"), plan);
    assertEquals(await readFile(path), await readFile(join(folder, "other")));
    assertEquals(await mayBeUpToDate(path, outline), true);
    assertEquals(await mayBeUpToDate(path, plan), true);
  }));

test("ArchiveFile has no slot for what is not in it", () =>
  inFolder(async (folder) => {
    const archive = await ArchiveFile.open(join(folder, "a.tar"), plan);
    assertEquals(archive.slot(layer(5).digest), undefined);
    await archive.close();
  }));

test("ArchiveFile.close() leaves nothing", () =>
  inFolder(async (folder) => {
    const archive = await ArchiveFile.open(join(folder, "a.tar"), plan);
    await fill(archive, plan);
    await archive.close();
    assertEquals(await readdir(folder), []);
  }));

test("ArchiveFile goes on from what an earlier run has left", {
  skip: !existsSync("/proc/sys/kernel/random/boot_id") &&
    "the system does not say when it began",
}, () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    const open = (plan: ArchivePlan) =>
      ArchiveFile.open(path, plan, { resumable: true });
    const first = await open(plan);
    const { digest } = layer(3000);
    await first.slot(digest)!.write(layerBytes(3000).subarray(0, 500), 0);
    await first.close();
    assert(!existsSync(path));
    const second = await open(plan);
    assertEquals(second.slot(digest)!.present.ranges, [[0, 500]]);
    await second.close();
    // Another image of the same layers is not the same file.
    const other = planOf(content([layer(3000), layer(1000)]));
    const third = await open(other);
    assertEquals(third.slot(digest)!.present.ranges, []);
    await fill(third, other);
    await third.commit();
    assertEquals(await readdir(folder), ["a.tar"]);
  }));

test("ArchiveFile keeps what is there until it is complete", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await writeFile(path, "before");
    const archive = await ArchiveFile.open(path, plan);
    await fill(archive, plan);
    assertEquals(await readFile(path, "utf8"), "before");
    await archive.commit();
    assertEquals((await stat(path)).size, plan.size);
  }));

test("ArchiveFile rejects a folder in its place", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await mkdir(path);
    const error = await assertRejects(
      () => ArchiveFile.open(path, plan),
      StorageError,
    );
    assertEquals(error.path, path);
    assertEquals(await readdir(folder), ["a.tar"]);
  }));

test("ArchiveFile takes a name of 255 bytes", () =>
  inFolder(async (folder) => {
    for (const name of ["a".repeat(255), "ü".repeat(127)]) {
      const archive = await ArchiveFile.open(join(folder, name), plan);
      await fill(archive, plan);
      await archive.commit();
    }
    assertEquals((await readdir(folder)).length, 2);
  }));

test("ArchiveFile is written by one at a time", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    const first = await ArchiveFile.open(path, plan);
    const waits = deferred();
    const second = ArchiveFile.open(path, plan, {
      onWait: () => waits.resolve(),
    });
    await fill(first, plan);
    await waits.promise;
    await first.commit();
    await (await second).close();
    assertEquals(await mayBeUpToDate(path, plan), true);
  }));

test("ArchiveFile.commit() gives way to one who has taken over", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    const first = await ArchiveFile.open(path, plan);
    await fill(first, plan);
    // This one was suspended, and another has come to the end before it.
    await rm(join(folder, ".a.tar.partial.lock"));
    const second = await ArchiveFile.open(path, plan);
    await fill(second, plan);
    await second.commit();
    await first.commit();
    assertEquals(await mayBeUpToDate(path, plan), true);
    assertEquals(await readdir(folder), ["a.tar"]);
    // Where something else is there, that is an error.
    const third = await ArchiveFile.open(path, plan);
    await rm(join(folder, ".a.tar.partial"));
    await writeFile(path, "another image");
    await assertRejects(() => third.commit(), StorageError);
    assertEquals(await readdir(folder), ["a.tar"]);
  }));

test("checkSpace() rejects what no disk has room for", () =>
  inFolder(async (folder) => {
    await checkSpace(folder, 1, "the file");
    const error = await assertRejects(
      () => checkSpace(folder, 2 ** 62, "the file"),
      StorageError,
    );
    assertEquals([error.code, error.path], ["ENOSPC", "the file"]);
    assertEquals([error.needed, error.free! > 0], [2 ** 62, true]);
  }));
