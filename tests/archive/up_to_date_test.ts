import { assertEquals } from "@std/assert";
import { appendFile, mkdir, mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planId } from "../../lib/archive/plan.ts";
import { isUpToDate, mayBeUpToDate } from "../../lib/archive/up_to_date.ts";
import { VerifiedFiles } from "../../lib/disk/verified_files.ts";
import { flip } from "../disk/flip.ts";
import { test } from "../harness.ts";
import { content, layer, planOf, writePlan } from "./content.ts";

const plan = planOf(content([layer(1000), layer(2000)]));

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
    ) assertEquals(await isUpToDate(path, planOf(other)), false);
  }));

test("isUpToDate() sees a file that was cut, grown or changed", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await writePlan(path, plan);
    await appendFile(path, "x");
    assertEquals(await isUpToDate(path, plan), false);
    assertEquals(await mayBeUpToDate(path, plan), false);
    for (const { offset } of plan.regions) {
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

test("isUpToDate() reads every byte, and mayBeUpToDate() those of no layer", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await writePlan(path, plan);
    const [first, second] = [...plan.blobs.values()];
    const end = second!.offset + second!.descriptor.size;
    for (
      const offset of [
        first!.offset,
        second!.offset,
        end - 1,
        end, // the padding
        plan.size - 1,
      ]
    ) {
      await flip(path, offset);
      assertEquals(await isUpToDate(path, plan), false, `byte ${offset}`);
      assertEquals(await mayBeUpToDate(path, plan), true);
      await flip(path, offset);
      assertEquals(await isUpToDate(path, plan), true);
    }
  }));

test("isUpToDate() reads no file that has been verified, until it is touched", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await writePlan(path, plan);
    // Where all that is known of a change is its second, that is to be over.
    const later = () => Date.now() + 10_000;
    let text: string | undefined;
    const open = () =>
      new VerifiedFiles({
        read: () => Promise.resolve(text),
        replace: (next) => Promise.resolve(void (text = next)),
      }, later);
    const verified = open();
    assertEquals(await isUpToDate(path, plan, { verified }), true);
    await verified.save();
    // One that says yes to a file of another image has not been read.
    const state = await stat(path, { bigint: true });
    const other = planOf(content([layer(2000), layer(1000)]));
    assertEquals(other.size, plan.size);
    assertEquals(await isUpToDate(path, other, { verified: open() }), false);
    const lying = open();
    lying.add(state, planId(other));
    assertEquals(await isUpToDate(path, other, { verified: lying }), true);
    await flip(path, [...plan.blobs.values()][0]!.offset);
    assertEquals(await isUpToDate(path, plan, { verified: open() }), false);
  }));
