/** Bodies that bring next to nothing. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { NetworkError } from "../../lib/image/errors.ts";
import type { Segment } from "../../lib/transfer/blob.ts";
import { Watchdog } from "../../lib/transfer/watchdog.ts";
import { test } from "../harness.ts";
import { assertDone, blob } from "./blobs.ts";
import { Clock } from "./clock.ts";
import { simulate } from "./simulation.ts";

const MIB = 1024 * 1024;
const blobs = [blob(4 * MIB, 1), blob(MIB, 2), blob(300_000, 3)];
const small = blob(60_000, 4);
const HOUR = 3_600_000;

for (const pause of [500, 1_500]) {
  for (const concurrency of [1, 3]) {
    test(`a registry that sends a byte each ${pause} ms is given up by ${concurrency} connections`, async () => {
      const { error, time, fetcher } = await simulate(
        blobs,
        (_, clock) => ({ chunk: 1, pace: () => clock.wait(pause) }),
        { concurrency },
      );
      assertInstanceOf(error, NetworkError);
      assertEquals(error.kind, "slow");
      assert(time < HOUR / 4, `${time} ms`);
      assert(fetcher.requests.length <= 6 * concurrency);
    });
  }
}

test("a registry that sends a byte in each answer is given up", async () => {
  const { error, time } = await simulate(
    blobs,
    (_, clock) => ({ resetAfter: 1, before: () => clock.wait(100) }),
  );
  assertInstanceOf(error, NetworkError);
  assert(time < HOUR / 4, `${time} ms`);
});

test("connections that trickle leave their parts to one that does not", async () => {
  const { error, tasks, time } = await simulate(
    blobs,
    (request, clock, fetcher) => ({
      chunk: 4_000,
      // Whoever has come first is served, the others get 50 bytes a second.
      pace: (bytes) =>
        clock.wait(
          fetcher.requests.find(({ open }) => open) === request
            ? bytes / 20
            : bytes * 20,
        ),
    }),
  );
  assertEquals(error, undefined);
  for (const [i, task] of tasks.entries()) assertDone(task, blobs[i]!);
  assert(time < HOUR / 4, `${time} ms`);
});

test("a slow link is no trickle, and none is with a least speed of 0", async () => {
  for (
    const [bytes, options] of [
      // 500 bytes a second, over each of three connections.
      [50, {}],
      // 20 bytes a second, over each of 64.
      [2, { concurrency: 64 }],
      [1, { minSpeed: 0 }],
      // Nothing for 25 seconds, then more.
      [0, {}],
    ] as const
  ) {
    const { error, retries, tasks } = await simulate(
      [small],
      (_, clock) => ({
        chunk: bytes || 25_000,
        pace: () => clock.wait(bytes ? 100 : 25_000),
      }),
      options,
    );
    assertEquals(error, undefined);
    assertEquals(retries, []);
    assertDone(tasks[0]!, small);
  }
});

test("the time that this process has slept does not count as slowness", async () => {
  const clock = new Clock();
  await clock.runTimed(async () => {
    const watchdog = new Watchdog({ timeout: 30_000, leastSpeed: 1_000 });
    const watch = watchdog.watch({} as Segment);
    for (let i = 0; i < 50; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      watch.touch(2_000);
      // Stopped, as by Ctrl-Z, for longer than the window.
      if (i === 20) clock.now += 10 * 60_000;
      assert(!watch.signal.aborted, `after ${i} s`);
    }
    for (let i = 0; i < 130 && !watch.signal.aborted; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      watch.touch(1);
    }
    const { reason } = watch.signal;
    assertInstanceOf(reason, NetworkError);
    assertEquals(reason.kind, "slow");
    watch.end();
  });
});
