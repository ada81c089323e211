/** Servers that take long to send the first byte, as caches do. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { NetworkError } from "../../lib/image/errors.ts";
import { test } from "../harness.ts";
import { assertDone, blob } from "./blobs.ts";
import type { Answer } from "./fake_fetcher.ts";
import { simulate } from "./simulation.ts";

const MIB = 1024 * 1024;
const blobs = Array.from({ length: 8 }, (_, i) => blob(MIB, i + 1));
const largest = [blob(40 * MIB, 9)];

for (const seconds of [40, 100, 200]) {
  for (const head of [false, true]) {
    test(`a cache whose first byte takes ${seconds} s, ${head ? "after" : "with"} the head, is waited for`, async () => {
      for (const all of [blobs, largest]) {
        const { error, fetcher, tasks } = await simulate(
          all,
          (request, clock): Answer => {
            const wait = () => clock.wait(seconds * 1_000);
            return head
              ? { pace: () => request.sent === 0 ? wait() : Promise.resolve() }
              : { before: wait };
          },
        );
        assertEquals(error, undefined);
        for (const [i, task] of tasks.entries()) assertDone(task, all[i]!);
        // In vain only until it is known how long it takes.
        const vain = fetcher.requests.filter(({ sent }) => sent === 0);
        assert(vain.length <= 3 * 3, `${vain.length} in vain`);
      }
    });
  }
}

test("a cache that goes on fetching meanwhile is asked once more", async () => {
  const since = new Map<string, number>();
  const { error, fetcher } = await simulate(blobs, ({ digest }, clock) => {
    const begun = since.get(digest) ?? clock.now;
    since.set(digest, begun);
    const rest = begun + 40_000 - clock.now;
    return rest > 0 ? { before: () => clock.wait(rest) } : {};
  });
  assertEquals(error, undefined);
  const counts = blobs.map(({ descriptor }) =>
    fetcher.requests.filter(({ digest }) => digest === descriptor.digest).length
  );
  assert(counts.every((count) => count <= 2), `${counts}`);
});

test("a server that never answers is given up in the end", async () => {
  const { error, fetcher, time } = await simulate(
    blobs,
    () => ({ before: () => new Promise(() => {}) }),
  );
  assertInstanceOf(error, NetworkError);
  assertEquals(error.kind, "timeout");
  assert(fetcher.requests.length <= 3 * 6);
  assert(time < 25 * 60_000, `${time} ms`);
});

test("a silence amid a body is no longer waited for than the timeout", async () => {
  const { error, time } = await simulate(
    [blobs[0]!],
    ({ count }, clock) => ({
      before: () => clock.wait(count === 0 ? 25_000 : 100),
      ...(count === 0 && { stallAfter: 200_000 }),
    }),
  );
  assertEquals(error, undefined);
  assert(time < 60_000, `${time} ms`);
});

test("a fetcher that pays no heed to its signal is left", async () => {
  const { error } = await simulate([blobs[0]!], (_, clock) => {
    void clock;
    return { deaf: true };
  }, { retries: 0 });
  assertInstanceOf(error, NetworkError);
  assertEquals(error.kind, "timeout");
});
