/** What happens when a transfer is ended. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { sleep } from "../../lib/image/abort.ts";
import { transferBlobs } from "../../lib/transfer/transfer.ts";
import { test } from "../harness.ts";
import { assertDone, blob, from, task, type TaskOptions } from "./blobs.ts";
import { FakeFetcher, type Hook } from "./fake_fetcher.ts";

const MIB = 1024 * 1024;
const blobs = [blob(6 * MIB, 1), blob(500_000, 2), blob(400_000, 3)];
const reason = new Error("the user has had enough");

/** Ends a transfer when something has happened, and checks what is left. */
async function abortWhen(
  hook: (abort: () => void) => Hook,
  options: {
    task?: (abort: () => void) => TaskOptions;
    timeout?: number;
    concurrency?: number;
    sleep?: (abort: () => void) => Promise<void>;
  } = {},
) {
  const controller = new AbortController();
  const abort = () => controller.abort(reason);
  const fetcher = new FakeFetcher(blobs, hook(abort));
  const tasks = blobs.map((blob) => task(blob, options.task?.(abort)));
  const rejections: unknown[] = [];
  const listen = (event: PromiseRejectionEvent) => {
    rejections.push(event.reason);
    event.preventDefault();
  };
  globalThis.addEventListener?.("unhandledrejection", listen);
  try {
    const error = await assertRejects(() =>
      transferBlobs(from(tasks, fetcher), {
        minSegment: MIB,
        signal: controller.signal,
        ...(options.timeout && { timeout: options.timeout }),
        ...(options.concurrency && { concurrency: options.concurrency }),
        ...(options.sleep && { sleep: () => options.sleep!(abort) }),
      })
    );
    assertEquals(error, reason);
    const requests = fetcher.requests.length;
    for (let i = 0; i < 5; i++) await new Promise((r) => setTimeout(r, 0));
    assertEquals(fetcher.requests.length, requests, "requests afterwards");
    assertEquals(fetcher.open, 0, "bodies left open");
    assertEquals(rejections, []);
  } finally {
    globalThis.removeEventListener?.("unhandledrejection", listen);
  }
  for (const sink of tasks.flatMap(({ opened }) => opened.flat())) {
    assert(sink.end === "closed" || sink.end === "committed", `${sink.end}`);
  }
  return { fetcher, tasks };
}

test("transferBlobs() ends at once in the middle of bodies", async () => {
  for (const bytes of [true, false]) {
    for (const concurrency of [1, 3, 6]) {
      const { tasks } = await abortWhen((abort) => ({ count }) => ({
        bytes,
        chunk: 10_000,
        pace: async () => {
          if (count === 2) abort();
          await new Promise((resolve) => setTimeout(resolve, 0));
        },
        ...(count < 2 && { resetAfter: 300_000 }),
      }), { concurrency });
      assert(tasks.some(({ opened }) => opened.flat()[0]?.end === "closed"));
    }
  }
});

test("transferBlobs() ends at once while bodies stall", async () => {
  await abortWhen((abort) => ({ digest }) => {
    if (digest === blobs[2]!.descriptor.digest) setTimeout(abort, 1);
    return { stallAfter: 100_000 };
  });
});

test("transferBlobs() ends at once while answers do not come", async () => {
  await abortWhen((abort) => () => {
    setTimeout(abort, 1);
    return { before: () => new Promise(() => {}) };
  });
});

test("transferBlobs() ends at once while it waits for another try", async () => {
  const start = performance.now();
  await abortWhen((abort) => () => {
    setTimeout(abort, 1);
    return { status: 503 };
  });
  assert(performance.now() - start < 900, "it waited on");
});

test("transferBlobs() ends at once while a target is opened", async () => {
  for (const late of [false, true]) {
    await abortWhen(() => () => ({}), {
      task: (abort) => ({
        before: async (_, signal) => {
          abort();
          if (late) await new Promise((resolve) => setTimeout(resolve, 1));
          assert(signal.aborted);
        },
      }),
    });
  }
});

test("transferBlobs() ends at once while it waits for another process", async () => {
  await abortWhen(() => () => ({}), {
    task: (abort) => ({
      before: (onWait, signal) =>
        new Promise((_, reject) => {
          onWait();
          signal.addEventListener("abort", () => reject(signal.reason));
          setTimeout(abort, 1);
        }),
    }),
  });
});

test("transferBlobs() ends at once while hits are copied", async () => {
  const { fetcher } = await abortWhen(() => () => ({}), {
    task: (abort) => {
      setTimeout(abort, 0);
      return { hit: "right", copies: 3 };
    },
  });
  assertEquals(fetcher.requests, []);
});

test("transferBlobs() begins nothing once it has been ended", async () => {
  const fetcher = new FakeFetcher(blobs);
  const tasks = blobs.map((blob) => task(blob));
  const signal = AbortSignal.abort(reason);
  const error = await assertRejects(() =>
    transferBlobs(from(tasks, fetcher), { signal })
  );
  assertEquals(error, reason);
  assertEquals(tasks.flatMap(({ opened }) => opened), []);
  assertEquals(fetcher.requests, []);
});

test("transferBlobs() is not disturbed by an end that comes too late", async () => {
  const controller = new AbortController();
  const tasks = blobs.map((blob) => task(blob));
  await transferBlobs(from(tasks, new FakeFetcher(blobs)), {
    signal: controller.signal,
  });
  controller.abort(reason);
  for (const [i, task] of tasks.entries()) assertDone(task, blobs[i]!);
});

test("transferBlobs() goes on from where it was ended", async () => {
  const { tasks } = await abortWhen((abort) => ({ count, digest }) => ({
    chunk: 50_000,
    pace: async (bytes) => {
      if (digest === blobs[0]!.descriptor.digest && count > 1) abort();
      await new Promise((resolve) => setTimeout(resolve, bytes && 0));
    },
  }), { concurrency: 3 });
  const fetcher = new FakeFetcher(blobs);
  const [first] = tasks[0]!.opened[0]!;
  const again = task(blobs[0]!, { present: first!.present.ranges });
  const [outcome] = await transferBlobs(from([again], fetcher), {
    minSegment: MIB,
  });
  assertDone(again, blobs[0]!);
  assert(outcome!.resumed > 0);
  assertEquals(outcome!.resumed, first!.present.total);
  assertEquals(outcome!.resumed + outcome!.downloaded, 6 * MIB);
});

test("transferBlobs() puts few listeners on a signal, however many connections", async () => {
  const counts = new Map<AbortSignal, number>();
  let most = 0;
  const { addEventListener, removeEventListener } = AbortSignal.prototype;
  const count = (signal: AbortSignal, change: number) => {
    const now = (counts.get(signal) ?? 0) + change;
    counts.set(signal, now);
    most = Math.max(most, now);
  };
  AbortSignal.prototype.addEventListener = function (...args: unknown[]) {
    count(this, 1);
    return addEventListener.apply(this, args as never);
  };
  AbortSignal.prototype.removeEventListener = function (...args: unknown[]) {
    count(this, -1);
    return removeEventListener.apply(this, args as never);
  };
  try {
    const many = Array.from({ length: 100 }, (_, i) => blob(5_000, i));
    const { signal } = new AbortController();
    const fetcher = new FakeFetcher(
      many,
      ({ count }) => count === 1 ? { status: 503 } : { chunk: 1_000 },
    );
    await transferBlobs(from(many.map((blob) => task(blob)), fetcher), {
      concurrency: 64,
      signal,
      sleep: (_, signal) => sleep(0, signal),
    });
  } finally {
    AbortSignal.prototype.addEventListener = addEventListener;
    AbortSignal.prototype.removeEventListener = removeEventListener;
  }
  // Node warns of a leak from the eleventh on.
  assert(most > 0 && most <= 10, `${most}`);
});
