/** That a record stays small, and says what it was told. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import {
  appendFile,
  copyFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { RangeRecord } from "../../lib/disk/range_record.ts";
import { RangeSet } from "../../lib/disk/ranges.ts";
import { test } from "../harness.ts";
import { inFolder } from "./folder.ts";

const header = { id: "a", size: 1_000_000, boot: "now" };

/** All that a record says, as after a kill. */
async function said(path: string, about = header): Promise<RangeSet> {
  const found = await RangeRecord.read(path, about);
  return new RangeSet([
    ...found?.written.ranges ?? [],
    ...found?.synced.ranges ?? [],
  ]);
}

const HOUR = 3_600_000;
const CONNECTIONS = 3;
/** A chunk comes so often over each connection, and has so many bytes. */
const EVERY = 10;
const CHUNK = 1_000;
/** Resumption may lose what came in so long a time, in milliseconds. */
const LOSS = 1_100;

for (const boot of [true, false]) {
  test(
    `a pull of an hour can be resumed at any moment, ${
      boot ? "with" : "without"
    } a system that says when it began`,
    {
      skip: boot && !existsSync("/proc/sys/kernel/random/boot_id") &&
        "the system does not say when it began",
    },
    () =>
      inFolder(async (folder) => {
        const path = join(folder, "blob");
        const part = CHUNK * HOUR / EVERY;
        const size = CONNECTIONS * part;
        let time = 0;
        const disk = await watchDisk(folder, () => time);
        const file = await PartialFile.open(path, { id: "a", size });
        try {
          const text = await readHeader(file, path);
          let largest = 0;
          for (let cut = 1; time < HOUR; cut++) {
            for (let i = 0; i < 180_000 / EVERY && time < HOUR; i++) {
              for (let n = 0; n < CONNECTIONS; n++) {
                const start = n * part + time / EVERY * CHUNK;
                file.wrote(start, start + CHUNK);
              }
              time += EVERY;
              if (time % 50 === 0) await disk.settle();
            }
            const copy = join(folder, `cut-${cut}`);
            await copyFile(`${path}.record`, copy);
            const size = (await stat(copy)).size;
            largest = Math.max(largest, size);
            const about = boot ? text : { ...text, boot: "another" };
            const { ranges } = await said(copy, about);
            assertEquals(ranges.length, CONNECTIONS, `at ${time}`);
            for (const [n, [start, end]] of ranges.entries()) {
              const lost = n * part + time / EVERY * CHUNK - end;
              assertEquals(start, n * part);
              assert(lost >= 0, `at ${time}: ${-lost} too many`);
              const most = boot ? LOSS : 3 * LOSS;
              assert(lost <= most / EVERY * CHUNK, `at ${time}: ${lost} lost`);
            }
          }
          assert(largest < 128 * 1024, `${largest} bytes`);
        } finally {
          disk.stop();
          await file.discard();
        }
        assert(!existsSync(`${path}.record`));
      }),
  );
}

/** Runs with a clock of its own, which stands while the disk is at work. */
async function watchDisk(folder: string, clock: () => number) {
  const probe = await open(join(folder, "probe"), "w");
  await probe.close();
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  const records = RangeRecord.prototype;
  const { datasync } = handles;
  const { flush } = records;
  const { now } = performance;
  let work: Promise<unknown>[] = [];
  handles.datasync = function () {
    const done = datasync.call(this);
    work.push(done);
    return done;
  };
  records.flush = function () {
    const done = flush.call(this);
    work.push(done);
    return done;
  };
  performance.now = clock;
  return {
    async settle() {
      const begun = work;
      work = [];
      await Promise.allSettled(begun);
      if (begun.length) await new Promise((done) => setImmediate(done));
    },
    stop() {
      Object.assign(handles, { datasync });
      Object.assign(records, { flush });
      performance.now = now;
    },
  };
}

/** What the file's record begins with. */
async function readHeader(file: PartialFile, path: string) {
  file.wrote(0, 256 * 1024);
  while (!existsSync(`${path}.record`)) {
    await new Promise((done) => setTimeout(done, 1));
  }
  file.forget(0, 256 * 1024);
  const [first] = (await readFile(`${path}.record`, "utf8")).split("\n");
  return JSON.parse(first!) as typeof header;
}

test("RangeRecord joins what comes piece by piece", () =>
  inFolder(async (folder) => {
    const path = join(folder, "record");
    const record = new RangeRecord(path, header);
    for (let i = 0; i < 100; i++) {
      record.add(i, i + 1);
      record.add(500 + i, 501 + i);
    }
    await record.flush();
    await record.close();
    const lines = (await readFile(path, "utf8")).trim().split("\n");
    assertEquals(lines.slice(1), ["[0,100]", "[500,600]"]);
  }));

test("RangeRecord is written anew when it has become long, and says the same", () =>
  inFolder(async (folder) => {
    const path = join(folder, "record");
    const record = new RangeRecord(path, header, undefined, 500);
    const all = new RangeSet();
    const sizes: number[] = [];
    for (let i = 0; i < 300; i++) {
      const start = (i * 7_919) % 1_000;
      record.add(start, start + 5);
      all.add(start, start + 5);
      if (i % 10 === 3) {
        record.forget(start, start + 2);
        all.remove(start, start + 2);
      }
      if (i % 50 === 7) record.sync(all.ranges);
      await record.flush();
      assertEquals((await said(path)).ranges, all.ranges);
      sizes.push((await stat(path)).size);
    }
    await record.close();
    assert(sizes.some((size, i) => size < (sizes[i - 1] ?? 0)));
    assertEquals(await readdir(folder), ["record"]);
    const restarted = { ...header, boot: "later" };
    const found = await RangeRecord.read(path, restarted);
    assertEquals(found!.written.total, 0);
    assert(found!.synced.total > 0);
  }));

test("RangeRecord goes on where it cannot be written anew", () =>
  inFolder(async (folder) => {
    const path = join(folder, "record");
    const record = new RangeRecord(path, header, undefined, 100);
    record.add(0, 1);
    await record.flush();
    await mkdir(`${path}~`);
    for (let i = 1; i < 200; i++) {
      record.add(2 * i, 2 * i + 1);
      await record.flush();
    }
    assertEquals((await said(path)).total, 200);
    await rmdir(`${path}~`);
    for (let i = 200; i < 2_000; i++) {
      record.add(2 * (i % 200), 2 * (i % 200) + 1);
      await record.flush();
    }
    assertEquals((await said(path)).total, 200);
    assert((await stat(path)).size < 20_000);
    await record.close();
  }));

test("RangeRecord writes again what could not be written", () =>
  inFolder(async (folder) => {
    const path = join(folder, "record");
    const record = new RangeRecord(path, header);
    await mkdir(`${path}~`);
    record.add(0, 10);
    await assertRejects(() => record.flush());
    await rmdir(`${path}~`);
    await record.flush();
    assertEquals((await said(path)).ranges, [[0, 10]]);
    // A disk that is full in the middle of a line.
    const probe = await open(path, "r");
    const prototype = Object.getPrototypeOf(probe);
    await probe.close();
    const { appendFile: append } = prototype;
    prototype.appendFile = async () => {
      await appendFile(path, "[20,");
      throw new Error("full");
    };
    record.add(20, 30);
    try {
      await assertRejects(() => record.flush(), Error, "full");
    } finally {
      prototype.appendFile = append;
    }
    record.add(40, 50);
    await record.flush();
    assertEquals((await said(path)).ranges, [[0, 10], [20, 30], [40, 50]]);
    await record.close();
  }));

test("RangeRecord reads a record of any length", () =>
  inFolder(async (folder) => {
    const path = join(folder, "record");
    const line = "[0,10]\n".repeat(1_000);
    const text = `${JSON.stringify(header)}\n${line.repeat(2_500)}[20,30]\n`;
    await writeFile(path, text);
    assert(text.length > 16 * 1024 * 1024);
    assertEquals((await said(path)).ranges, [[0, 10], [20, 30]]);
  }));
