/** What servers do on bad days. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { NetworkError, RegistryError } from "../../lib/image/errors.ts";
import { test } from "../harness.ts";
import type { Answer, BlobRequest } from "./fake_fetcher.ts";
import { all, large, MIB, prepare, small, transfer } from "./story.ts";

const SIZE = all.reduce((sum, { bytes }) => sum + bytes.length, 0);
const chunk = 100_000;

function isRanged({ digest, offset, end }: BlobRequest): boolean {
  const blob = all.find(({ descriptor }) => descriptor.digest === digest)!;
  return offset > 0 || end < blob.bytes.length;
}

test("a server that ignores ranges sends each blob once", async () => {
  const { fetcher } = await transfer(() => ({ ignoreRange: true, chunk }));
  assertEquals(fetcher.requests.length, 3);
  assertEquals(fetcher.sent, SIZE);
});

test("a server that ignores the ranges of one blob sends that one whole", async () => {
  const { fetcher } = await transfer(({ digest }) => ({
    ignoreRange: digest === large.descriptor.digest,
    chunk,
  }));
  // Bodies that came for nothing are cancelled at their beginning.
  assert(fetcher.sent < SIZE * 1.2, `${fetcher.sent} of ${SIZE}`);
});

test("a server that answers 416 is asked for whole blobs", async () => {
  const { fetcher } = await transfer((request) =>
    isRanged(request) ? { status: 416 } : { chunk }
  );
  assertEquals(fetcher.sent, SIZE);
});

test("a server that answers another range is asked for whole blobs", async () => {
  await transfer(({ offset }) => ({ shift: offset > 0 ? 7 : 0, chunk }));
});

test("a server that takes ranges only at first is asked for whole blobs", async () => {
  await transfer(({ count }) => ({ ignoreRange: count > 1, chunk }));
  await transfer((request) =>
    request.count > 1 && isRanged(request) ? { status: 416 } : { chunk }
  );
});

test("what is there is skipped where ranges are ignored", async () => {
  const { tasks } = await transfer(() => ({ ignoreRange: true, chunk }), {
    task: { present: [[100, 200_000]] },
  });
  for (const { opened } of tasks) {
    const [primary] = opened[0]!;
    assertEquals(primary!.written, primary!.bytes.length - 199_900);
  }
});

const BREAKS: [name: string, answer: (after: number) => Answer][] = [
  ["ends early", (truncateAfter) => ({ truncateAfter })],
  ["is reset", (resetAfter) => ({ resetAfter })],
  ["is reset as a byte stream", (resetAfter) => ({ resetAfter, bytes: true })],
  ["ends early as a byte stream", (truncateAfter) => ({
    truncateAfter,
    bytes: true,
  })],
];

for (const [name, answer] of BREAKS) {
  for (const after of [0, 1, 99_999]) {
    test(`a body that ${name} after ${after} bytes is gone on with`, async () => {
      const { fetcher } = await transfer(({ count }) =>
        count < 2 ? { chunk, ...answer(after) } : { chunk }
      );
      assert(fetcher.requests.length >= 9);
      assert(fetcher.sent < SIZE * 1.1, `${fetcher.sent} of ${SIZE}`);
    });
  }

  test(`a body that ${name} each time is gone on with to the end`, async () => {
    const { fetcher, retries } = await transfer(() => ({
      chunk,
      ...answer(150_000),
    }));
    assert(retries.length > 25, `${retries.length} retries`);
    assert(fetcher.sent < SIZE * 1.6, `${fetcher.sent} of ${SIZE}`);
  });
}

test("a connection that brought much is made anew at once", async () => {
  const { waits } = await transfer(() => ({ chunk, resetAfter: MIB }));
  assert(waits.length > 0);
  assertEquals(waits.filter((wait) => wait > 0), []);
});

test("a connection that brings nothing is made anew after a while", async () => {
  const { waits, retries } = await transfer(
    ({ count }) => count < 3 ? { resetAfter: 0 } : {},
    { concurrency: 1 },
  );
  assertEquals(waits.length, retries.length);
  assert(waits.every((wait) => wait >= 1_000));
});

test("a server that brings nothing is given up after some tries", async () => {
  for (const retries of [0, 2, 5]) {
    const story = prepare(() => ({ resetAfter: 0 }), {
      retries,
      concurrency: 1,
    });
    await assertRejects(story.run, NetworkError, "reset");
    assertEquals(story.fetcher.requests.length, retries + 1);
    assertEquals(story.fetcher.open, 0);
    for (const { opened } of story.tasks) {
      for (const sink of opened.flat()) assertEquals(sink.end, "closed");
    }
  }
});

test("statuses that pass are tried again, as late as the server says", async () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    const { waits } = await transfer(
      ({ count }) => count < 2 ? { status } : {},
      { concurrency: 1 },
    );
    assert(waits.length >= 6);
    if (status === 429) assertEquals(new Set(waits), new Set([1_000]));
    else assert(waits.every((wait) => wait > 0));
  }
});

test("a server that asks for too much patience is given up", async () => {
  const error = new RegistryError({
    status: 503,
    method: "GET",
    url: "https://fake.test/",
    retryAfter: 3_600_000,
  });
  const story = prepare(() => ({ throws: error }));
  assertEquals(await assertRejects(story.run, RegistryError), error);
  assertEquals(story.waits, []);
});

test("statuses that do not pass end it all", async () => {
  for (const status of [400, 401, 403, 404]) {
    const story = prepare(({ digest }) =>
      digest === small.descriptor.digest ? { status } : { chunk, stallAfter: 5 }
    );
    const error = await assertRejects(story.run, RegistryError);
    assertEquals(error.status, status);
    assertEquals(story.fetcher.open, 0);
    assertEquals(story.retries, []);
  }
});

test("a registry that is restarted is waited for", async () => {
  const refused = new NetworkError("fake.test", "refused", "refused");
  const { retries } = await transfer(({ count }) =>
    count === 1 ? { throws: refused } : { chunk, resetAfter: 400_000 }
  );
  assert(retries.includes(refused.message));
});
