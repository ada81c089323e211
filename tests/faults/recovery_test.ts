/** What the soak has found once, so that it does not come back. */

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isUpToDate } from "../../lib/archive/up_to_date.ts";
import { acquireLock, tryLock } from "../../lib/disk/lock.ts";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { RangeSet } from "../../lib/disk/ranges.ts";
import { ContentMismatchError } from "../../lib/image/errors.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { inFolder } from "../disk/folder.ts";
import { missing } from "../e2e/servers/daemon.ts";
import { test } from "../harness.ts";
import type { Segment } from "../../lib/transfer/blob.ts";
import { Scheduler } from "../../lib/transfer/scheduler.ts";
import { Watchdog } from "../../lib/transfer/watchdog.ts";
import { transferBlobs } from "../../lib/transfer/transfer.ts";
import { assertDone, from, task } from "../transfer/blobs.ts";
import { FakeFetcher } from "../transfer/fake_fetcher.ts";
import { blobOf } from "../transfer/scheduled_blob.ts";
import { all, large, MIB, prepare, small } from "../transfer/story.ts";

test("a blob whose bytes are wrong does not cost the others theirs", async () => {
  const { tasks, run } = prepare(
    ({ digest }) =>
      digest === small.descriptor.digest
        ? { flip: 7 }
        : { stallAfter: 100_000 },
    // Enough of them, as those of the others hang.
    { concurrency: 24 },
  );
  const error = await assertRejects(run, ContentMismatchError);
  assertEquals(error.descriptor.digest, small.descriptor.digest);
  for (const [i, { opened }] of tasks.entries()) {
    const [primary] = opened[0]!;
    const wrong = all[i] === small;
    assertEquals(primary!.end, wrong ? "discarded" : "closed");
  }
});

test("an answer of another size does not cost what is there", async () => {
  const { descriptor } = large;
  const fetcher = new FakeFetcher([large], ({ count }) => {
    if (count > 0) return {};
    return { throws: new ContentMismatchError(descriptor, { size: 7 }) };
  });
  const blobTask = task(large, { present: [[0, 4 * MIB]] });
  await transferBlobs(from([blobTask], fetcher), {
    sleep: () => Promise.resolve(),
  });
  assertDone(blobTask, large);
  assertEquals(blobTask.opened.length, 1);
  assertEquals(fetcher.sent, 2 * MIB);
});

test("a server that always ignores ranges fills many gaps by two requests", async () => {
  const { descriptor } = large;
  const fetcher = new FakeFetcher([large], () => ({ ignoreRange: true }));
  const gaps = [1, 2, 3, 4].map((i) => [i * MIB, i * MIB + 1_000] as const);
  const present = new RangeSet([[0, descriptor.size]]);
  for (const gap of gaps) present.remove(...gap);
  const blobTask = task(large, { present: present.ranges });
  await transferBlobs(from([blobTask], fetcher), { concurrency: 3 });
  assertDone(blobTask, large);
  assertEquals(fetcher.requests.length, 2);
});

test("a segment that has just begun is not cut short for another connection", () => {
  const { now } = performance;
  let time = 0;
  performance.now = () => time;
  try {
    const blob = blobOf(40 * MIB);
    const scheduler = new Scheduler(2);
    scheduler.add(blob);
    const segment = scheduler.take()!;
    scheduler.take();
    // A few bytes after a moment would mean that it takes minutes.
    for (const [age, got] of [[50, 1_000], [1_000, MIB / 2], [150, 2 * MIB]]) {
      time = age!;
      segment.received = got!;
      assertEquals(scheduler.take(), undefined, `${age} ms, ${got} bytes`);
    }
    time = 1_500;
    assert(scheduler.take(), "a slow one is not helped");
    segment.received = 0;
    time = 5_000;
    assert(scheduler.take(), "a silent one is not helped");
  } finally {
    performance.now = now;
  }
});

test("a request is not ended for the time that this process has slept", async () => {
  const { now } = performance;
  let time = 0;
  performance.now = () => time;
  const steps = [20, 60_000, 20, 20];
  const aborted: boolean[] = [];
  try {
    await new Promise<void>((resolve) => {
      const onLook = () => {
        aborted.push(watch.signal.aborted);
        const step = steps.shift();
        if (step !== undefined) time += step;
        else {
          watch.end();
          resolve();
        }
      };
      const watchdog = new Watchdog({ timeout: 20, onLook });
      const watch = watchdog.watch({} as Segment);
    });
  } finally {
    performance.now = now;
  }
  // At the look after the long one it could have read what has come.
  assertEquals(aborted, [false, false, false, true, true]);
});

test("a server that ignores a range once is not asked for what is there", async () => {
  const fetcher = new FakeFetcher(
    [large],
    ({ count }) => ({ ignoreRange: count === 0 }),
  );
  const present = new RangeSet([[0, large.descriptor.size]]);
  for (const i of [1, 3, 5]) present.remove(i * MIB, i * MIB + 1_000);
  const blobTask = task(large, { present: present.ranges });
  const options = { concurrency: 1 };
  const [outcome] = await transferBlobs(from([blobTask], fetcher), options);
  assertDone(blobTask, large);
  assertEquals(outcome!.downloaded, 3_000);
  assertEquals(fetcher.requests.length, 3);
});

test("an archive is not compared with a pipe", {
  skip: process.platform === "win32"
    ? "Windows has no such files"
    : missing("mkfifo"),
}, () =>
  inFolder(async (folder) => {
    const path = join(folder, "pipe");
    spawnSync("mkfifo", [path]);
    const plan = { size: 0, regions: [], blobs: new Map() };
    assertEquals(await isUpToDate(path, plan), false);
  }));

test("whoever died while breaking a lock blocks nobody", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    const dead = `x a b ${spawnSync(process.execPath, ["--version"]).pid} 1`;
    for (const content of ["", dead]) {
      writeFileSync(path, content);
      // It had no time to write its name.
      writeFileSync(`${path}.break`, "");
      await (await acquireLock(path, { stale: 300 })).release();
      assertEquals(readdirSync(folder), []);
    }
  }));

test("tryLock() gives up where somebody holds it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    const lock = await acquireLock(path);
    assertEquals(await tryLock(path), undefined);
    await lock.release();
    const second = await tryLock(path);
    assert(second);
    await second.release();
  }));

test("a record is written while the disk is being synced", () =>
  inFolder(async (folder) => {
    const path = join(folder, "blob");
    const file = await PartialFile.open(path, { id: "a", size: 4 * MIB });
    const chunk = new Uint8Array(MIB / 2);
    for (let at = 0; at < 4 * MIB; at += chunk.length) {
      await file.write(chunk, at);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // Nobody has closed it, as when the process is killed.
    assert(existsSync(`${path}.record`));
    assert(statSync(`${path}.record`).size > 50);
    await file.discard();
    assertEquals(readdirSync(folder), []);
  }));

test("LayoutStore.open() clears away what killed processes have left", () =>
  inFolder(async (folder) => {
    const ingest = join(folder, "ingest");
    mkdirSync(ingest, { recursive: true });
    const base = `sha256-${"0".repeat(64)}.partial`;
    const kept = `sha256-${"1".repeat(64)}.partial`;
    for (
      const name of [
        `${base}.record`,
        `${base}.record~`,
        `${base}.lock.break`,
        kept,
        `${kept}.record`,
        "index.json.00000000-0000-0000-0000-000000000000.tmp",
      ]
    ) writeFileSync(join(ingest, name), "");
    const held = await acquireLock(join(ingest, "sha256-2.partial.lock"));
    await LayoutStore.open(folder);
    // What may be in use stays: what is held, what can be resumed, what is new.
    assertEquals(
      readdirSync(ingest).sort(),
      [
        "index.json.00000000-0000-0000-0000-000000000000.tmp",
        kept,
        `${kept}.record`,
        "sha256-2.partial.lock",
      ].sort(),
    );
    await held.release();
  }));
