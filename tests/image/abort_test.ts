import { assertEquals, assertRejects } from "@std/assert";
import { later, onAbort, sleep } from "../../lib/image/abort.ts";
import { test } from "../harness.ts";

/** A signal, and how many listeners it has. */
function counted() {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners.add(args[1]);
    addEventListener.apply(signal, args as never);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners.delete(args[1]);
    removeEventListener.apply(signal, args as never);
  };
  return { controller, signal, listeners };
}

test("onAbort() has one listener for any number of callbacks, and calls each once", () => {
  const { controller, signal, listeners } = counted();
  const called: number[] = [];
  const same = () => void called.push(-1);
  const forget = Array.from(
    { length: 100 },
    (_, i) => onAbort(signal, () => void called.push(i)),
  );
  onAbort(signal, same);
  onAbort(signal, same);
  assertEquals(listeners.size, 1);
  for (const i of [0, 2, 4]) forget[i]!();
  controller.abort();
  const expected = [...forget.keys()].filter((i) => ![0, 2, 4].includes(i));
  assertEquals(called, [...expected, -1, -1]);
  onAbort(signal, () => called.push(1000))();
  assertEquals(called.length, 99);
});

test("onAbort() leaves no listener behind, and takes one up again", () => {
  const { controller, signal, listeners } = counted();
  const first = onAbort(signal, () => {});
  first();
  first();
  assertEquals(listeners.size, 0);
  let called = 0;
  onAbort(signal, () => called++);
  assertEquals(listeners.size, 1);
  controller.abort();
  assertEquals(called, 1);
  onAbort(undefined, () => called++)();
});

test("sleep() leaves nothing at its signal", async () => {
  const { signal, listeners } = counted();
  const waits = Array.from({ length: 20 }, () => sleep(0, signal));
  assertEquals(listeners.size, 1);
  await Promise.all(waits);
  assertEquals(listeners.size, 0);
});

test("sleep() ends at once when it is aborted, with the reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = sleep(3_600_000, controller.signal);
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  assertEquals(
    await assertRejects(() => sleep(3_600_000, controller.signal)),
    reason,
  );
  await sleep(0);
});

test("later() aborts some time after a signal, or at once", async () => {
  const { signal, listeners } = counted();
  const reason = new Error("enough");
  const [stop, cut] = [new AbortController(), new AbortController()];
  const waiting = later(signal, 0);
  waiting.forget();
  assertEquals(listeners.size, 0);
  const soon = later(stop.signal, 0);
  const never = later(stop.signal, 3_600_000, cut.signal);
  const forgotten = later(stop.signal, 0);
  stop.abort(reason);
  forgotten.forget();
  // One that was aborted before is waited for, too.
  const after = later(stop.signal, 0);
  assertEquals(soon.signal.aborted, false);
  await new Promise<void>((resolve) => onAbort(soon.signal, resolve));
  if (!after.signal.aborted) {
    await new Promise<void>((resolve) => onAbort(after.signal, resolve));
  }
  assertEquals([soon, after].map(({ signal }) => signal.reason), [
    reason,
    reason,
  ]);
  assertEquals(
    [never, forgotten].map(({ signal }) => signal.aborted),
    [false, false],
  );
  cut.abort(reason);
  assertEquals(never.signal.reason, reason);
  assertEquals(later(undefined, 0, cut.signal).signal.aborted, true);
});
