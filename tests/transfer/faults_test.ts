/** What servers do on bad days. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ContentMismatchError,
  NetworkError,
  RegistryError,
  StorageError,
} from "../../lib/errors.ts";
import {
  transferBlobs,
  type TransferOptions,
} from "../../lib/transfer/transfer.ts";
import { test } from "../harness.ts";
import { assertDone, blob, task, type TaskOptions } from "./blobs.ts";
import {
  type Answer,
  FakeFetcher,
  type Hook,
  type Request,
} from "./fake_fetcher.ts";

const MIB = 1024 * 1024;
const small = blob(300_000, 1);
const large = blob(6 * MIB, 2);
const other = blob(MIB, 3);
const all = [small, large, other];

interface Story {
  fetcher: FakeFetcher;
  tasks: ReturnType<typeof task>[];
  retries: string[];
  waits: number[];
}

/** Transfers all blobs from a place with faults. */
async function transfer(
  hook: Hook,
  options: TransferOptions & { task?: TaskOptions } = {},
): Promise<Story> {
  const story = prepare(hook, options);
  await story.run();
  for (const [i, task] of story.tasks.entries()) assertDone(task, all[i]!);
  assertEquals(story.fetcher.open, 0);
  return story;
}

function prepare(
  hook: Hook,
  { task: how, ...options }: TransferOptions & { task?: TaskOptions } = {},
): Story & { run: () => Promise<unknown> } {
  const fetcher = new FakeFetcher(all, hook);
  const tasks = all.map((blob) => task(blob, how));
  const retries: string[] = [];
  const waits: number[] = [];
  const run = () =>
    transferBlobs(tasks, fetcher, {
      minPiece: MIB,
      sleep: async (milliseconds) => void waits.push(milliseconds),
      onEvent: (event) => {
        if (event.type === "retry") retries.push(event.reason);
      },
      ...options,
    });
  return { fetcher, tasks, retries, waits, run };
}

const SIZE = all.reduce((sum, { bytes }) => sum + bytes.length, 0);
const chunk = 100_000;

function isRanged({ digest, offset, end }: Request): boolean {
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
      const { fetcher, retries } = await transfer(({ count }) =>
        count < 2 ? { chunk, ...answer(after) } : { chunk }
      );
      assert(retries.length >= 4, `${retries.length} retries`);
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
  const { waits, retries } = await transfer(({ count }) =>
    count < 3 ? { resetAfter: 0 } : {}
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
    await assertRejects(story.run, NetworkError, "the connection was reset");
    assertEquals(story.fetcher.requests.length, retries + 1);
    assertEquals(story.fetcher.open, 0);
    for (const { opened } of story.tasks) {
      for (const sink of opened.flat()) assertEquals(sink.end, "closed");
    }
  }
});

test("statuses that pass are tried again, as late as the server says", async () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    const { waits } = await transfer(({ count }) =>
      count < 2 ? { status } : {}
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
  const refused = new NetworkError("fake.test", "refused", "it is refused");
  const { retries } = await transfer(({ count }) =>
    count === 1 ? { throws: refused } : { chunk, resetAfter: 400_000 }
  );
  assert(retries.includes(refused.message));
});

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
  await transferBlobs([wrong], fetcher);
  assertDone(wrong, small);
  assertEquals(wrong.opened.length, 2);
});

test("a body that stalls is made anew", async () => {
  for (const stallAfter of [0, 1, 200_000]) {
    const { retries } = await transfer(
      ({ count }) => count < 1 ? { chunk, stallAfter } : { chunk },
      { timeout: 40 },
    );
    assert(retries.length >= 3);
    assert(retries.every((reason) => /no byte for/.test(reason)));
  }
});

test("an answer that does not come is asked for anew", async () => {
  const { retries } = await transfer(
    ({ count }) => count < 1 ? { before: () => new Promise(() => {}) } : {},
    { timeout: 40 },
  );
  assert(retries.length >= 3);
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
