/** Registries that take fewer connections than there are. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { NetworkError, RegistryError } from "../../lib/image/errors.ts";
import { test } from "../harness.ts";
import { assertDone, blob } from "./blobs.ts";
import type { Answer, BlobRequest } from "./fake_fetcher.ts";
import { simulate } from "./simulation.ts";

const MIB = 1024 * 1024;
const blobs = [blob(12 * MIB, 1), blob(6 * MIB, 2), blob(300_000, 3)];
/** Bytes in a millisecond. */
const SPEED = 100;

/** How a registry turns a connection away. */
const REFUSALS: Record<string, (request: BlobRequest) => Answer> = {
  "with 429 and a long Retry-After": () => ({
    throws: new RegistryError({
      status: 429,
      method: "GET",
      url: "https://fake.test/blob",
      retryAfter: 3_600_000,
    }),
  }),
  "with 429 as for a pull rate limit": () => ({
    throws: new RegistryError({
      status: 429,
      method: "GET",
      url: "https://fake.test/blob",
      errors: [{ code: "TOOMANYREQUESTS", message: "pull rate limit" }],
    }),
  }),
  "with 503": () => ({ status: 503 }),
  "by a reset": () => ({
    throws: new NetworkError("fake.test", "reset", "reset"),
  }),
  "by a reset after the head": () => ({ resetAfter: 0 }),
  "by refusing it": () => ({
    throws: new NetworkError("fake.test", "refused", "refused"),
  }),
  "by never answering": () => ({ before: () => new Promise(() => {}) }),
};

for (const [how, refuse] of Object.entries(REFUSALS)) {
  for (const concurrency of [3, 16]) {
    test(`a pull over ${concurrency} connections works where one is taken and others are turned away ${how}`, async () => {
      const { fetcher, tasks, time, error } = await simulate(
        blobs,
        (request, clock, fetcher) => {
          const others = fetcher.requests.filter((other) =>
            other !== request && other.open && !refused.has(other)
          );
          if (others.length > 0) {
            refused.add(request);
            return refuse(request);
          }
          return {
            before: () => clock.wait(20),
            pace: (bytes) => clock.wait(bytes / SPEED),
          };
        },
        { concurrency },
      );
      assertEquals(error, undefined);
      for (const [i, task] of tasks.entries()) assertDone(task, blobs[i]!);
      const alone = 18.3 * MIB / SPEED;
      assert(time < 1.3 * alone + 40_000, `${time} ms, not ${alone}`);
      const most = 3 * concurrency + 40;
      assert(fetcher.requests.length < most, `${fetcher.requests.length}`);
    });
  }
}
const refused = new WeakSet<BlobRequest>();

test("connections that were refused in an outage come back after it", async () => {
  let over = false;
  const { time, error, fetcher } = await simulate(
    [blob(30 * MIB, 4)],
    (_, clock) => {
      if (clock.now >= 20_000) over = true;
      return over || clock.now < 10_000
        ? {
          pace: (bytes) =>
            clock.wait(bytes / SPEED).then(() => {
              if (!over && clock.now > 10_000) throw new Error("never");
            }),
          resetAfter: clock.now < 10_000 ? 500_000 : undefined,
        }
        : { status: 503 };
    },
  );
  assertEquals(error, undefined);
  const ideal = 30 * MIB / SPEED / 3;
  assert(time < ideal + 30_000, `${time} ms, not ${ideal}`);
  assertEquals(fetcher.mostOpen, 3);
});

test("a connection that is refused once is back after a while", async () => {
  const { time, error, retries } = await simulate(
    [blob(30 * MIB, 4)],
    ({ count }, clock) =>
      count === 2
        ? { status: 503 }
        : { pace: (bytes) => clock.wait(bytes / SPEED) },
  );
  assertEquals(error, undefined);
  assertEquals(retries.length, 1);
  const ideal = 30 * MIB / SPEED / 3;
  assert(time < ideal + 10_000, `${time} ms, not ${ideal}`);
});

test("a registry that refuses everyone is given up as ever", async () => {
  const { time, error, fetcher } = await simulate(
    blobs,
    () => ({ status: 503 }),
  );
  assertInstanceOf(error, RegistryError);
  assert(fetcher.requests.length <= 20, `${fetcher.requests.length}`);
  assert(time < 70_000, `${time} ms`);
});
