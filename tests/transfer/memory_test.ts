/** That the memory of a transfer does not grow with what is transferred. */
import { assert, assertEquals } from "@std/assert";
import { transferBlobs } from "../../lib/transfer/transfer.ts";
import type { ReadableSink } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import {
  assertDone,
  blob,
  from,
  type MemorySink,
  task,
  type TestTask,
} from "./blobs.ts";
import { FakeFetcher } from "./fake_fetcher.ts";

const MIB = 1024 * 1024;

/** A task that notes which buffers its sinks are given. */
function watched(
  target: ReturnType<typeof blob>,
  buffers: Set<ArrayBufferLike>,
): TestTask {
  const inner = task(target);
  const { open } = inner;
  inner.open = async (attempt, options) => {
    const opened = await open(attempt, options);
    const primary = opened.primary as MemorySink;
    const noting: ReadableSink = {
      present: primary.present,
      write(bytes, position) {
        assert(bytes.buffer.byteLength <= MIB);
        buffers.add(bytes.buffer);
        return primary.write(bytes, position);
      },
      read: (bytes, position) => primary.read(bytes, position),
      commit: () => primary.commit(),
      discard: () => primary.discard(),
      close: () => primary.close(),
    };
    return { ...opened, primary: noting };
  };
  return inner;
}

for (const concurrency of [1, 3]) {
  test(`transferBlobs() goes round with a few buffers for ${concurrency} connections`, async () => {
    const blobs = [20, 18, 16].map((size, i) => blob(size * MIB, i + 1));
    // A body in the caller's own buffers would be a new one each time.
    const fetcher = new FakeFetcher(blobs, () => ({ bytes: false }));
    const buffers = new Set<ArrayBufferLike>();
    const tasks = blobs.map((blob) => watched(blob, buffers));
    await transferBlobs(from(tasks, fetcher), { concurrency, minSegment: MIB });
    for (const [i, task] of tasks.entries()) assertDone(task, blobs[i]!);
    assert(buffers.size <= 3 * concurrency, `${buffers.size} buffers`);
  });
}

test("transferBlobs() hashes in a thread what is large", async () => {
  const blobs = [blob(50 * MIB, 1), blob(48 * MIB, 2)];
  const [first] = blobs;
  const fetcher = new FakeFetcher(blobs, ({ digest, count }) => ({
    chunk: MIB,
    ...(digest === first!.descriptor.digest && count === 1 &&
      { flip: 49 * MIB }),
  }));
  const tasks = blobs.map((blob) => task(blob, { copies: 0 }));
  await transferBlobs(from(tasks, fetcher), { sleep: async () => {} });
  for (const [i, task] of tasks.entries()) assertDone(task, blobs[i]!);
  assertEquals(fetcher.open, 0);
});
