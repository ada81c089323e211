/** Bytes that are wrong, do not come, or cannot be written. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ContentMismatchError, StorageError } from "../../lib/image/errors.ts";
import { transferBlobs } from "../../lib/transfer/transfer.ts";
import { test } from "../harness.ts";
import { assertDone, from, task } from "./blobs.ts";
import { FakeFetcher } from "./fake_fetcher.ts";
import { all, large, MIB, prepare, small, transfer } from "./story.ts";

const SIZE = all.reduce((sum, { bytes }) => sum + bytes.length, 0);
const chunk = 100_000;

test("a body that goes on too long is cut", async () => {
  for (const bytes of [true, false]) {
    const { retries, fetcher } = await transfer(() => ({ extra: MIB, bytes }));
    assertEquals(retries, []);
    assert(fetcher.sent < SIZE * 1.5);
  }
});

test("a bit that is turned once is fetched anew", async () => {
  const { tasks, retries } = await transfer(({ digest, count }) =>
    digest === small.descriptor.digest && count === 0 ? { flip: 5 } : {}
  );
  assertEquals(tasks[0]!.opened.length, 2);
  assertEquals(retries.length, 1);
});

test("a bit that is turned each time is an error", async () => {
  for (const turned of [small, large]) {
    const { digest } = turned.descriptor;
    const story = prepare((request) =>
      request.digest === digest ? { flip: 5, chunk } : { chunk }
    );
    const error = await assertRejects(story.run, ContentMismatchError);
    assertEquals(error.descriptor.digest, digest);
    assertEquals(story.fetcher.open, 0);
    const wrong = story.tasks[all.indexOf(turned)]!;
    assertEquals(wrong.opened.length, 2);
    for (const sink of wrong.opened.flat()) assertEquals(sink.end, "discarded");
  }
});

test("bytes that an earlier run got wrong are fetched anew", async () => {
  const fetcher = new FakeFetcher(all);
  const wrong = task(small, { present: [[0, 1_000]] });
  const { open } = wrong;
  wrong.open = async (attempt, options) => {
    const target = await open(attempt, options);
    if (attempt === 0) wrong.opened[0]![0]!.bytes[7]! ^= 1;
    return target;
  };
  await transferBlobs(from([wrong], fetcher));
  assertDone(wrong, small);
  assertEquals(wrong.opened.length, 2);
});

test("a body that stalls is made anew", async () => {
  for (const stallAfter of [0, 1, 200_000]) {
    const { retries, fetcher } = await transfer(
      ({ count }) => count < 1 ? { chunk, stallAfter } : { chunk },
      { timeout: 40 },
    );
    assert(fetcher.requests.length >= 6);
    assert(retries.every((reason) => /: silence /.test(reason)));
  }
});

test("an answer that does not come is asked for anew", async () => {
  const { fetcher } = await transfer(
    ({ count }) => count < 1 ? { before: () => new Promise(() => {}) } : {},
    { timeout: 40 },
  );
  assert(fetcher.requests.length >= 6);
});

test("a place that cannot be written ends it all", async () => {
  const failure = new StorageError("write", "/a", "ENOSPC");
  for (const index of [0, 1]) {
    const story = prepare(() => ({ chunk }));
    const { open } = story.tasks[1]!;
    story.tasks[1]!.open = async (attempt, options) => {
      const target = await open(attempt, options);
      story.tasks[1]!.opened[0]![index]!.failure = failure;
      return target;
    };
    assertEquals(await assertRejects(story.run, StorageError), failure);
    assertEquals(story.fetcher.open, 0);
    assertEquals(story.retries, []);
  }
});

test("a place that cannot be opened ends it all", async () => {
  const failure = new StorageError("open", "/a", "EACCES");
  const story = prepare(() => ({ chunk }), {
    task: { before: () => Promise.reject(failure) },
  });
  assertEquals(await assertRejects(story.run, StorageError), failure);
  assertEquals(story.fetcher.requests, []);
});
