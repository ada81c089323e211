/** Whatever servers do, a transfer ends right, or with the right error. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RangeSet } from "../../lib/disk/ranges.ts";
import { ContentMismatchError } from "../../lib/image/errors.ts";
import { transferBlobs } from "../../lib/transfer/transfer.ts";
import { test } from "../harness.ts";
import {
  assertDone,
  blob,
  from,
  task,
  type TaskOptions,
} from "../transfer/blobs.ts";
import { type Answer, FakeFetcher } from "../transfer/fake_fetcher.ts";
import { runs } from "./runs.ts";

const SEGMENT = 1024 * 1024;
const blobs = [0, 1, 3_000, 200_000, 2_500_000, 4 * SEGMENT].map(blob);

/** What a server may do without harm, as often as it likes. */
const harmless: fc.Arbitrary<Answer> = fc.record({
  bytes: fc.boolean(),
  chunk: fc.constantFrom(4_000, 65_536, 3_000_000),
  ignoreRange: fc.boolean(),
  extra: fc.constantFrom(0, 1, 70_000),
}, { requiredKeys: [] });

const after = fc.nat({ max: 1_000_000 });

/** What a server may do a few times. */
const harm: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ truncateAfter: after }),
  fc.record({ resetAfter: after }),
  fc.record({ status: fc.constantFrom(408, 429, 500, 503) }),
  fc.record({ shift: fc.constantFrom(-1, 1, 1_000) }),
  fc.record({ flip: after }),
);

const before: fc.Arbitrary<TaskOptions> = fc.oneof(
  fc.constant({}),
  fc.record({
    present: fc.array(fc.tuple(fc.nat(8 * SEGMENT), fc.nat(8 * SEGMENT))),
  }),
  fc.record({ hit: fc.constantFrom("right" as const, "damaged" as const) }),
);

const story = fc.record({
  concurrency: fc.integer({ min: 1, max: 5 }),
  tasks: fc.array(fc.tuple(fc.nat({ max: blobs.length - 1 }), before), {
    maxLength: 8,
  }),
  mood: harmless,
  harms: fc.array(fc.tuple(fc.nat({ max: 20 }), harm), { maxLength: 6 }),
  aborted: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
});

type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

/** The part of a task's ranges that is inside of its blob. */
function within(options: TaskOptions, size: number): TaskOptions {
  if (!options.present) return options;
  const set = new RangeSet(options.present).slice(0, size);
  return { ...options, present: set.ranges };
}

async function live({ concurrency, tasks, mood, harms, aborted }: Story) {
  const controller = new AbortController();
  const reason = new Error("enough");
  const plan = new Map(harms);
  const flips = new Map<string, number>();
  let wrongTwice = false;
  const fetcher: FakeFetcher = new FakeFetcher(blobs, ({ digest }) => {
    const n = fetcher.requests.length - 1;
    if (n === aborted) controller.abort(reason);
    const answer = { ...mood, ...plan.get(n) };
    if (answer.flip !== undefined) {
      const count = (flips.get(digest) ?? 0) + 1;
      flips.set(digest, count);
      wrongTwice ||= count > 1;
    }
    return answer;
  });
  const wanted = tasks.map(([i, options]) => {
    const target = blobs[i]!;
    return { target, task: task(target, within(options, target.bytes.length)) };
  });
  const open = wanted.map(({ task }) => task);
  try {
    const outcomes = await transferBlobs(from(open, fetcher), {
      concurrency,
      minSegment: SEGMENT,
      signal: controller.signal,
      sleep: async () => {},
    });
    for (const [i, { task, target }] of wanted.entries()) {
      assertDone(task, target);
      assertEquals(outcomes[i]!.descriptor, target.descriptor);
    }
  } catch (error) {
    if (error !== reason) {
      assert(error instanceof ContentMismatchError, String(error));
      assert(wrongTwice, String(error));
    }
    for (const sink of open.flatMap(({ opened }) => opened.flat())) {
      assert(sink.end !== undefined, "a sink is left open");
    }
  }
  assert(fetcher.mostOpen <= concurrency, `${fetcher.mostOpen} at a time`);
  assertEquals(fetcher.open, 0);
}

test("a transfer ends right or with the right error", async () => {
  await fc.assert(
    fc.asyncProperty(story, live),
    runs(100, {
      timeout: 20_000,
      // A smaller story takes as long as this one; the seed tells it again.
      endOnFailure: true,
    }),
  );
});
