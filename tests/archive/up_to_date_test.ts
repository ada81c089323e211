import { assertEquals } from "@std/assert";
import { appendFile, mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planArchive } from "../../lib/archive/plan.ts";
import { isUpToDate } from "../../lib/archive/up_to_date.ts";
import { test } from "../harness.ts";
import { content, layer, writePlan } from "./content.ts";

const plan = planArchive(content([layer(1000), layer(2000)]));

async function inFolder(check: (folder: string) => unknown): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "up-to-date-"));
  try {
    await check(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("isUpToDate() knows its own archive", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    assertEquals(await isUpToDate(path, plan), false);
    await writePlan(path, plan);
    assertEquals(await isUpToDate(path, plan), true);
  }));

test("isUpToDate() sees another image, tag or layer", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await writePlan(path, plan);
    for (
      const other of [
        content([layer(1000), layer(2001)]),
        content([layer(2000), layer(1000)]),
        content([layer(1000), layer(2000)], "example.com/app:2"),
        content([layer(1000)]),
      ]
    ) assertEquals(await isUpToDate(path, planArchive(other)), false);
  }));

test("isUpToDate() sees a file that was cut, grown or changed", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await writePlan(path, plan);
    await appendFile(path, "x");
    assertEquals(await isUpToDate(path, plan), false);
    for (const { offset } of plan.pieces) {
      await writePlan(path, plan);
      const handle = await open(path, "r+");
      await handle.write(new Uint8Array([0xff]), 0, 1, offset);
      await handle.close();
      assertEquals(await isUpToDate(path, plan), false, `byte ${offset}`);
    }
    const handle = await open(path, "r+");
    await handle.truncate(plan.size - 512);
    await handle.close();
    assertEquals(await isUpToDate(path, plan), false);
  }));

test("isUpToDate() says no to a folder", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await mkdir(path);
    assertEquals(await isUpToDate(path, plan), false);
  }));
