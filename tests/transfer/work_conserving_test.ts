/** That no connection idles while bytes are missing, in simulated time. */
import { assert, assertEquals } from "@std/assert";
import { RangeSet } from "../../lib/disk/ranges.ts";
import { transferBlobs } from "../../lib/transfer/transfer.ts";
import { test } from "../harness.ts";
import {
  assertDone,
  blob,
  from,
  task,
  type TaskOptions,
  type TestBlob,
} from "./blobs.ts";
import { Clock } from "./clock.ts";
import { type Answer, type BlobRequest, FakeFetcher } from "./fake_fetcher.ts";

const MIB = 1024 * 1024;
/** Bytes in a millisecond, of one connection. */
const SPEED = 2_000;
/** What is left alone at the end because it is nearly through. */
const TAIL = 600;

interface Simulation {
  connections?: number;
  latency?: number;
  /** The speed of the n-th request. */
  speed?: (n: number) => number;
  task?: TaskOptions;
  answer?: (request: BlobRequest) => Answer;
}

/** Transfers blobs; tells how long that takes and how much idles. */
async function simulate(blobs: TestBlob[], simulation: Simulation) {
  const { connections = 3, latency = 0, speed = () => SPEED } = simulation;
  const clock = new Clock();
  const fetcher = new FakeFetcher(blobs, (request) => {
    const rate = speed(fetcher.requests.length - 1);
    return {
      chunk: 256 * 1024,
      before: () => clock.wait(latency),
      pace: (bytes) => clock.wait(bytes / rate),
      ...simulation.answer?.(request),
    };
  });
  const tasks = blobs.map((blob) => task(blob, simulation.task));
  const there = new RangeSet(simulation.task?.present).total;
  const size = blobs.reduce((sum, { bytes }) => sum + bytes.length, -there);
  let idle = 0;
  const begin = () =>
    transferBlobs(from(tasks, fetcher), {
      concurrency: connections,
      minSegment: MIB,
    });
  await clock.run(begin, (elapsed) => {
    // The last segments are not worth to be parted any more.
    if (size - fetcher.sent < connections * 2 * MIB) return;
    idle += (connections - fetcher.open) * elapsed;
  });
  for (const [i, task] of tasks.entries()) assertDone(task, blobs[i]!);
  const twice = fetcher.sent - tasks.flatMap(({ opened }) => opened)
    .reduce((sum, [primary]) => sum + primary!.written, 0);
  return { time: clock.now, idle, size, fetcher, twice };
}

for (const connections of [1, 2, 3, 8]) {
  test(`one large blob keeps ${connections} connections busy to the end`, async () => {
    const { time, idle, size, twice } = await simulate([blob(40 * MIB)], {
      connections,
    });
    assertEquals(idle, 0);
    const ideal = size / SPEED / connections;
    assert(time <= ideal * 1.05 + TAIL, `${time} ms, not ${ideal}`);
    assert(twice <= connections * MIB, `${twice} bytes came twice`);
  });
}

test("one large blob among small ones does not keep the others waiting", async () => {
  const blobs = [38, 6, 5, 4, 4, 3].map((size) => blob(size * MIB, size));
  const { time, size, idle } = await simulate(blobs, { latency: 20 });
  const ideal = size / SPEED / 3;
  assertEquals(idle, 0);
  assert(time <= ideal * 1.05 + TAIL, `${time} ms, not ${ideal}`);
});

test("small blobs cost one round trip each, shared by the connections", async () => {
  const blobs = Array.from({ length: 60 }, (_, i) => blob(10_000, i + 1));
  for (const connections of [3, 16]) {
    const { time, fetcher } = await simulate(blobs, {
      connections,
      latency: 50,
    });
    assertEquals(fetcher.requests.length, 60);
    const ideal = Math.ceil(60 / connections) * (50 + 10_000 / SPEED);
    assert(time <= ideal * 1.05, `${time} ms, not ${ideal}`);
  }
});

test("a slow connection is helped by the others", async () => {
  const { time, size } = await simulate([blob(40 * MIB)], {
    // The first one stays slow; whatever is asked for later is fast.
    speed: (n) => n === 0 ? SPEED / 20 : SPEED,
  });
  // It keeps what is too small to be parted.
  const tail = 2 * MIB / (SPEED / 20);
  const ideal = size / (2 * SPEED);
  assert(time <= ideal + tail, `${time} ms, not ${ideal}`);
});

test("a server without ranges gets as many requests as there are blobs", async () => {
  const blobs = [10, 9, 8, 7].map((size) => blob(size * MIB, size));
  const { time, fetcher, twice } = await simulate(blobs, {
    answer: () => ({ ignoreRange: true }),
    latency: 10,
  });
  assertEquals(fetcher.requests.length, 4);
  assertEquals(twice, 0);
  // The largest three at once, then the last one.
  const ideal = (8 + 7) * MIB / SPEED;
  assert(time <= ideal * 1.05, `${time} ms, not ${ideal}`);
});

test("what is missing of a resumed blob is shared", async () => {
  const { time, idle, size } = await simulate([blob(40 * MIB)], {
    task: { present: [[0, 10 * MIB], [20 * MIB, 22 * MIB]] },
  });
  assertEquals(idle, 0);
  const ideal = size / SPEED / 3;
  assert(time <= ideal * 1.05 + TAIL, `${time} ms, not ${ideal}`);
});
