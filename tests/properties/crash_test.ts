/**
 * That a record never claims more than the disk holds, on a disk that loses
 * what was not synced.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  copyFile,
  mkdir,
  open,
  readFile,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { RangeRecord } from "../../lib/disk/range_record.ts";
import { RangeSet } from "../../lib/disk/ranges.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import { runs } from "./runs.ts";

const SIZE = 64;
const content = new Uint8Array(SIZE).map((_, i) => i + 1);

/** Something that happens in a run. */
type Step =
  | { kind: "write"; start: number; end: number }
  | { kind: "pass"; time: number }
  | { kind: "crash"; lost: boolean };

const position = fc.nat({ max: SIZE });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      start: position,
      end: position,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      time: fc.constantFrom(250, 2_500),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("crash" as const),
      lost: fc.boolean(),
    }),
  },
);

interface Syncing {
  datasync(): Promise<void>;
}

/** Runs with a clock of its own, and is told before each sync. */
async function withDisk<T>(
  folder: string,
  onSync: () => Promise<() => void>,
  body: (pass: (time: number) => void) => Promise<T>,
): Promise<T> {
  const probe = await open(join(folder, "probe"), "w");
  await probe.close();
  const prototype = Object.getPrototypeOf(probe) as Syncing;
  const { datasync } = prototype;
  const { now } = performance;
  let time = 0;
  prototype.datasync = async function () {
    const done = await onSync();
    await datasync.call(this);
    done();
  };
  performance.now = () => time;
  try {
    return await body((passed) => void (time += passed));
  } finally {
    prototype.datasync = datasync;
    performance.now = now;
  }
}

async function live(steps: Step[]): Promise<void> {
  await inFolder(async (folder) => {
    const path = join(folder, "blob");
    // What is on the disk, whatever happens.
    let durable = new Uint8Array(SIZE);
    let crashes = 0;
    const onSync = async () => {
      const before = new Uint8Array(await readFile(path));
      return () => void (durable = before);
    };
    await withDisk(folder, onSync, async (pass) => {
      const start = () => PartialFile.open(path, { id: "a", size: SIZE });
      let file = await start();
      for (const step of steps) {
        if (step.kind === "pass") {
          pass(step.time);
        } else if (step.kind === "write") {
          const { start, end } = step;
          if (start < end) await file.write(content.slice(start, end), start);
          if (start % 2 === 0) await settle();
        } else {
          // The dead run goes on elsewhere, where it does no harm.
          const grave = join(folder, `grave-${crashes++}`);
          await mkdir(grave);
          await bury(path, grave);
          await file.discard();
          await copyFile(join(grave, "blob"), path);
          await copyFile(join(grave, "blob.record"), `${path}.record`)
            .catch(() => {});
          if (step.lost) await lose(path, durable);
          file = await start();
          await check(file);
        }
      }
      await check(file);
      await file.discard();
    });
  });
}

/** Lets what has been begun go on for a while. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

async function bury(path: string, grave: string): Promise<void> {
  await copyFile(`${path}.record`, join(grave, "blob.record")).catch(() => {});
  await copyFile(path, join(grave, "blob"));
}

/** The system begins anew, with what was synced. */
async function lose(path: string, durable: Uint8Array): Promise<void> {
  await truncate(path, 0);
  await writeFile(path, durable);
  const text = await readFile(`${path}.record`, "utf8").catch(() => undefined);
  if (text === undefined) return;
  await writeFile(
    `${path}.record`,
    text.replace(/"boot":"[^"]*"/, '"boot":"another"'),
  );
}

/** What counts as there is there. */
async function check(file: PartialFile): Promise<void> {
  const bytes = new Uint8Array(SIZE);
  assertEquals(await file.read(bytes, 0), SIZE);
  for (const [start, end] of file.present.ranges) {
    assert(end <= SIZE);
    assertEquals(bytes.slice(start, end), content.slice(start, end));
  }
}

test("a record never claims more than the disk holds", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), live),
    runs(120),
  );
});

test("what was synced survives a crash", () =>
  inFolder(async (folder) => {
    const path = join(folder, "blob");
    await withDisk(folder, () => Promise.resolve(() => {}), async (pass) => {
      const file = await PartialFile.open(path, { id: "a", size: SIZE });
      await file.write(content.slice(0, 10), 0);
      pass(2_500);
      await file.write(content.slice(10, 20), 10);
      await file.write(content.slice(20, 30), 20);
      await file.close();
      await lose(path, content);
      const again = await PartialFile.open(path, { id: "a", size: SIZE });
      const [first] = again.present.ranges;
      assert(first![0] === 0 && first![1] >= 20, `${first}`);
      await again.discard();
    });
  }));

test("a record that is written anew says the same, wherever it is torn", async () => {
  const header = { id: "a", size: SIZE, boot: "now" };
  const piece = fc.record({
    start: position,
    end: position,
    sync: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 60 }),
      fc.nat({ max: 200 }),
      fc.nat(),
      (pieces, slack, cut) =>
        inFolder(async (folder) => {
          const path = join(folder, "record");
          const record = new RangeRecord(path, header, undefined, slack);
          const all = new RangeSet();
          for (const { start, end, sync } of pieces) {
            if (start >= end) continue;
            record.add(start, end);
            all.add(start, end);
            if (sync) record.sync(all.ranges);
            await record.flush();
            const found = await RangeRecord.read(path, header);
            assertEquals(found!.written.ranges, all.ranges);
            const text = await readFile(path, "utf8");
            // What is lost of the end is not claimed, and nothing else is.
            const torn = join(folder, "torn");
            await writeFile(torn, text.slice(0, cut % (text.length + 1)));
            const left = await RangeRecord.read(torn, header);
            for (const set of [left?.written, left?.synced]) {
              for (const range of set?.ranges ?? []) {
                assert(all.covers(...range));
              }
            }
          }
          await record.close();
        }),
    ),
    runs(60),
  );
});
