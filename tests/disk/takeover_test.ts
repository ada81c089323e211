/** A process that was suspended, and whose file another has taken over. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { TAKEN_OVER } from "../../lib/disk/lock.ts";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { test } from "../harness.ts";
import { inFolder } from "./folder.ts";

const SIZE = 100;
const filled = (byte: number) => new Uint8Array(SIZE).fill(byte);

test("a PartialFile that was taken over for other bytes leaves those alone", () =>
  inFolder(async (folder) => {
    const path = join(folder, "partial");
    const final = join(folder, "final");
    const open = (id: string, resumable: boolean) =>
      PartialFile.open(path, { id, size: SIZE, resumable });
    for (const resumable of [true, false]) {
      for (const end of ["commit", "discard", "close"] as const) {
        const first = await open("a", resumable);
        await first.write(filled(1), 0);
        const second = await open("b", resumable);
        await second.write(filled(2).subarray(0, 50), 0);
        // It wakes up, and goes on.
        await first.write(filled(1), 0);
        if (end === "commit") {
          const error = await assertRejects(
            () => first.commit(final),
            StorageError,
          );
          assertEquals(error.code, TAKEN_OVER);
        } else await first[end]();
        assert(!(await readdir(folder)).includes("final"));
        await second.write(filled(2).subarray(50), 50);
        await second.commit(final);
        assertEquals(new Uint8Array(await readFile(final)), filled(2));
        const next = await open("b", resumable);
        assertEquals(next.present.ranges, []);
        await next.discard();
        assertEquals(await readdir(folder), ["final"]);
        await rm(final);
      }
    }
  }));

test("a PartialFile that was taken over for the same bytes is the same file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "partial");
    const open = () => PartialFile.open(path, { id: "a", size: SIZE });
    const zero = await open();
    await zero.write(filled(1).subarray(0, 40), 0);
    await zero.close();
    const first = await open();
    const second = await open();
    const both = [first, second];
    for (const file of both) await file.write(filled(1).subarray(40), 40);
    const final = join(folder, "final");
    await first.commit(final);
    assertEquals((await stat(final)).size, SIZE);
    const error = await assertRejects(() => second.commit(final), StorageError);
    assertEquals(error.code, TAKEN_OVER);
    assertEquals(new Uint8Array(await readFile(final)), filled(1));
  }));

test("PartialFile.open() leaves nothing where the file cannot become that large", () =>
  inFolder(async (folder) => {
    const path = join(folder, "partial");
    await assertRejects(
      () => PartialFile.open(path, { id: "a", size: 2 ** 62 }),
      StorageError,
    );
    assertEquals(await readdir(folder), []);
  }));
