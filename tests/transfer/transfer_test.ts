import { assert, assertEquals } from "@std/assert";
import type { PullEvent } from "../../lib/image/events.ts";
import {
  type BlobTask,
  transferBlobs,
  type TransferOptions,
} from "../../lib/transfer/transfer.ts";
import { test } from "../harness.ts";
import { assertDone, blob, from, task, type TestBlob } from "./blobs.ts";
import { FakeFetcher } from "./fake_fetcher.ts";

const MIB = 1024 * 1024;

const blobs = [3 * MIB + 1, 1, 100_000, 65_536, 700_001].map(blob);

function transfer(
  tasks: Omit<BlobTask, "source">[],
  fetcher: FakeFetcher,
  options: TransferOptions = {},
) {
  const sleep = async () => {};
  return transferBlobs(from(tasks, fetcher), {
    minSegment: MIB,
    sleep,
    ...options,
  });
}

for (const bytes of [true, false]) {
  const kind = bytes ? "byte streams" : "plain streams";
  for (const chunk of [1_000, 65_536, 5 * MIB]) {
    test(`transferBlobs() brings blobs from ${kind} in segments of ${chunk}`, async () => {
      const fetcher = new FakeFetcher(blobs, () => ({ bytes, chunk }));
      const tasks = blobs.map((blob) => task(blob));
      const outcomes = await transfer(tasks, fetcher);
      for (const [i, task] of tasks.entries()) {
        assertDone(task, blobs[i]!);
        assertEquals(outcomes[i], {
          descriptor: blobs[i]!.descriptor,
          source: "registry",
          downloaded: blobs[i]!.bytes.length,
          resumed: 0,
        });
      }
      assertEquals(fetcher.open, 0);
    });
  }
}

test("transferBlobs() reads bodies to their end, so that connections are used again", async () => {
  for (const bytes of [true, false]) {
    const fetcher = new FakeFetcher(blobs, () => ({ bytes, chunk: 4_000 }));
    await transfer(blobs.map((blob) => task(blob)), fetcher);
    assertEquals(fetcher.requests.filter(({ cancelled }) => cancelled), []);
  }
});

test("transferBlobs() asks for nothing when there is nothing", async () => {
  const fetcher = new FakeFetcher([]);
  assertEquals(await transfer([], fetcher), []);
});

test("transferBlobs() makes an empty blob without a request", async () => {
  const empty = blob(0);
  const fetcher = new FakeFetcher([empty]);
  const tasks = [task(empty)];
  const [outcome] = await transfer(tasks, fetcher);
  assertEquals(outcome!.downloaded, 0);
  assertDone(tasks[0]!, empty);
  assertEquals(fetcher.requests.length, 0);
});

for (const concurrency of [1, 2, 3, 8]) {
  test(`transferBlobs() makes at most ${concurrency} requests at a time`, async () => {
    const many = Array.from({ length: 12 }, (_, i) => blob(10_000 + i * 1_000));
    const fetcher = new FakeFetcher(many, () => ({
      before: () => new Promise((resolve) => setTimeout(resolve, 1)),
    }));
    const tasks = many.map((blob) => task(blob));
    await transfer(tasks, fetcher, { concurrency });
    assertEquals(fetcher.mostOpen, concurrency);
    assertEquals(fetcher.requests.length, 12);
    for (const [i, task] of tasks.entries()) assertDone(task, many[i]!);
  });
}

test("transferBlobs() brings a blob to two places at once", async () => {
  const [twin] = blobs;
  const tasks = [task(twin!), task(twin!)];
  await transfer(tasks, new FakeFetcher(blobs));
  for (const task of tasks) assertDone(task, twin!);
});

test("transferBlobs() splits a large blob, and fetches each byte once", async () => {
  const large = blob(24 * MIB);
  for (const bytes of [true, false]) {
    const fetcher = new FakeFetcher([large], () => ({
      bytes,
      pace: () => new Promise((resolve) => setTimeout(resolve, 0)),
      chunk: MIB / 2,
    }));
    const tasks = [task(large)];
    const [outcome] = await transfer(tasks, fetcher, { concurrency: 3 });
    assertDone(tasks[0]!, large);
    assertEquals(outcome!.downloaded, large.bytes.length);
    assertEquals(tasks[0]!.opened[0]![0]!.written, large.bytes.length);
    assertEquals(fetcher.mostOpen, 3);
    for (const { offset, end } of fetcher.requests) {
      assert(end - offset >= MIB, `a request of ${end - offset} bytes`);
    }
    // What is dropped when a sibling takes over is but the segment in hand.
    assert(fetcher.sent < large.bytes.length * 1.1, `${fetcher.sent}`);
  }
});

test("transferBlobs() goes on from what is there", async () => {
  const large = blob(8 * MIB);
  const cases: [start: number, end: number][][] = [
    [[0, 3 * MIB]],
    [[5, 7], [9, 11]],
    [[MIB, 2 * MIB], [5 * MIB, 8 * MIB]],
    [[8 * MIB - 1, 8 * MIB]],
    [[0, 8 * MIB - 1]],
  ];
  for (const present of cases) {
    const there = present.reduce((sum, [start, end]) => sum + end - start, 0);
    const fetcher = new FakeFetcher([large], () => ({ chunk: 10_000 }));
    const tasks = [task(large, { present, copies: 2 })];
    const events: PullEvent[] = [];
    const onEvent = (event: PullEvent) => void events.push(event);
    const [outcome] = await transfer(tasks, fetcher, { onEvent });
    assertDone(tasks[0]!, large);
    assertEquals(outcome!.downloaded, 8 * MIB - there);
    assertEquals(outcome!.resumed, there);
    const [primary, ...copies] = tasks[0]!.opened[0]!;
    assertEquals(primary!.written, 8 * MIB - there);
    for (const copy of copies) assertEquals(copy.written, 8 * MIB);
    const start = events.find(({ type }) => type === "blob-start");
    assert(start?.type === "blob-start" && start.resumed === there);
  }
});

test("transferBlobs() finishes a blob of which all is there", async () => {
  const [first] = blobs as [TestBlob];
  const present: [number, number][] = [[0, first.bytes.length]];
  const fetcher = new FakeFetcher(blobs);
  const tasks = [task(first, { present })];
  const [outcome] = await transfer(tasks, fetcher);
  assertDone(tasks[0]!, first);
  assertEquals(outcome!.resumed, first.bytes.length);
  assertEquals(fetcher.requests, []);
});

for (const trusted of [false, true]) {
  test(`transferBlobs() takes a hit from the cache${trusted ? " as it is" : ""}`, async () => {
    const fetcher = new FakeFetcher(blobs);
    const tasks = blobs.map((blob) => task(blob, { hit: "right", trusted }));
    const outcomes = await transfer(tasks, fetcher);
    for (const [i, task] of tasks.entries()) {
      assertDone(task, blobs[i]!);
      assertEquals(outcomes[i], {
        descriptor: blobs[i]!.descriptor,
        source: "cache",
        downloaded: 0,
        resumed: 0,
      });
      assertEquals(task.opened[0]![0]!.written, 0);
    }
    assertEquals(fetcher.requests, []);
  });
}

test("transferBlobs() fetches a damaged hit anew, and says so", async () => {
  const fetcher = new FakeFetcher(blobs);
  const tasks = blobs.map((blob) => task(blob, { hit: "damaged" }));
  const codes: string[] = [];
  const outcomes = await transfer(tasks, fetcher, {
    onEvent: (event) => {
      if (event.type === "warning") codes.push(event.warning.code);
    },
  });
  for (const [i, task] of tasks.entries()) {
    assertDone(task, blobs[i]!);
    assertEquals(task.opened.length, 2);
    assertEquals(outcomes[i]!.source, "registry");
  }
  assertEquals(codes, blobs.map(() => "cache-entry-damaged"));
});

test("transferBlobs() mixes hits and downloads", async () => {
  const fetcher = new FakeFetcher(blobs);
  const tasks = blobs.map((blob, i) =>
    task(blob, i % 2 ? { hit: "right" } : {})
  );
  const outcomes = await transfer(tasks, fetcher);
  assertEquals(
    outcomes.map(({ source }) => source),
    ["registry", "cache", "registry", "cache", "registry"],
  );
});

test("transferBlobs() tells of every blob in order, up to its last byte", async () => {
  const events = new Map<string, PullEvent[]>();
  await transfer(blobs.map((blob) => task(blob)), new FakeFetcher(blobs), {
    onEvent: (event) => {
      assert("descriptor" in event);
      const { digest } = event.descriptor;
      events.set(digest, [...events.get(digest) ?? [], event]);
    },
  });
  for (const { descriptor } of blobs) {
    const list = events.get(descriptor.digest)!;
    assertEquals(list[0]!.type, "blob-start");
    assertEquals(list.at(-1)!.type, "blob-done");
    const received = list.filter((event) => event.type === "blob-progress")
      .map(({ received }) => received);
    assertEquals(received, received.toSorted((a, b) => a - b));
    assertEquals(received.at(-1), descriptor.size);
  }
});

test("transferBlobs() brings the others while one waits for another process", async () => {
  let go = () => {};
  const gate = new Promise<void>((resolve) => go = resolve);
  const waiting = Array.from({ length: 6 }, (_, i) => blob(2_000 + i));
  const ready = Array.from({ length: 6 }, (_, i) => blob(1_000 + i));
  const fetcher = new FakeFetcher([...waiting, ...ready]);
  let done = 0;
  const tasks = [
    ...waiting.map((blob) =>
      task(blob, {
        before: (onWait) => {
          onWait();
          return gate;
        },
      })
    ),
    ...ready.map((blob) => task(blob)),
  ];
  await transfer(tasks, fetcher, {
    concurrency: 1,
    onEvent: ({ type }) => {
      if (type === "blob-done" && ++done === ready.length) go();
    },
  });
  assertEquals(done, 12);
});
