/** The scheduler, held against a model that knows of each byte who has it. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Range, RangeSet } from "../../lib/disk/ranges.ts";
import type { BlobTransfer, Segment } from "../../lib/transfer/blob.ts";
import { Scheduler } from "../../lib/transfer/scheduler.ts";
import { test } from "../harness.ts";
import { runs } from "./runs.ts";

const MIN_SEGMENT_BYTES = 100;

/** As much of a blob as the scheduler sees, and what has come of it. */
interface Model {
  blob: BlobTransfer;
  size: number;
  done: RangeSet;
  /** What its server does with ranges. */
  ranges: boolean;
}

function model(size: number, present: Range[], ranges: boolean): Model {
  const done = new RangeSet(present).slice(0, size);
  const pending = done.gaps(size);
  const blob = {
    pending,
    segments: new Set<Segment>(),
    ranges: undefined,
    get next() {
      return pending.first;
    },
  };
  return { blob: blob as unknown as BlobTransfer, size, done, ranges };
}

/** Each byte that is missing is asked for by one, or waits; none by two. */
function check(models: Model[]): void {
  for (const { blob, size, done } of models) {
    const all = new RangeSet([...done.ranges, ...blob.pending.ranges]);
    let total = blob.pending.total;
    const asked = new RangeSet(blob.pending.ranges);
    for (const { position, end } of blob.segments) {
      assert(0 <= position && position <= end && end <= size, "out of bounds");
      all.add(position, end);
      asked.add(position, end);
      total += end - position;
    }
    assertEquals(asked.total, total, "two have the same byte");
    assertEquals(all.total, size, "a byte is forgotten");
    const waiting = done.slice(0, size);
    for (const [start, end] of blob.pending.ranges) {
      assertEquals(waiting.slice(start, end).total, 0, "it is there already");
    }
  }
}

/** Whether a free connection has something to do in any case. */
function hasWork({ blob }: Model, known: boolean | undefined): boolean {
  const splittable = blob.segments.size === 0 ||
    (blob.ranges ?? known) === true;
  return blob.pending.total > 0 && splittable;
}

const blobs = fc.array(
  fc.record({
    size: fc.integer({ min: 1, max: 3_000 }),
    present: fc.array(
      fc.tuple(fc.nat({ max: 3_000 }), fc.nat({ max: 3_000 })),
      {
        maxLength: 4,
      },
    ),
    ranges: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

/** Which connection goes on next, how far, and how much time passes. */
const steps = fc.array(
  fc.record({
    who: fc.nat({ max: 5 }),
    bytes: fc.integer({ min: 1, max: 700 }),
    time: fc.constantFrom(0, 10, 600, 5_000),
  }),
  { maxLength: 60 },
);

test("the scheduler gives each missing byte to one connection, and leaves none idle", () => {
  const { now } = performance;
  let time = 0;
  performance.now = () => time;
  try {
    fc.assert(
      fc.property(
        blobs,
        fc.integer({ min: 1, max: 6 }),
        steps,
        (blobs, connections, steps) => {
          const scheduler = new Scheduler(connections, MIN_SEGMENT_BYTES);
          const models = blobs.map(({ size, present, ranges }) =>
            model(size, present, ranges)
          );
          const of = new Map(models.map((each) => [each.blob, each]));
          for (const { blob } of models) scheduler.add(blob);
          const segments: (Segment | undefined)[] = Array(connections).fill(
            undefined,
          );
          let known: boolean | undefined;
          const step = (who: number, bytes: number) => {
            const segment = segments[who];
            if (!segment) {
              const work = models.some((each) => hasWork(each, known));
              const taken = segments[who] = scheduler.take();
              if (work) assert(taken, "a connection idles");
              if (taken) assert(taken.end > taken.position, "an empty segment");
              return;
            }
            const { blob } = segment;
            const { done, ranges, size } = of.get(blob)!;
            if (segment.received === segment.start) {
              const whole = segment.position === 0 && segment.end === size;
              if (!whole) {
                scheduler.learn(blob, ranges);
                known ??= ranges;
              }
            }
            const end = Math.min(segment.end, segment.position + bytes);
            done.add(segment.position, end);
            segment.position = segment.received = end;
            if (end < segment.end) return;
            blob.segments.delete(segment);
            segments[who] = undefined;
            if (done.total === size) scheduler.delete(blob);
          };
          for (const { who, bytes, time: passed } of steps) {
            time += passed;
            step(who % connections, bytes);
            check(models);
          }
          // Without a mishap, it comes to an end.
          for (let i = 0; models.some(({ done, size }) => done.total < size);) {
            assert(i++ < 10_000, "no end");
            time += 10;
            step(i % connections, 500);
          }
          check(models);
          assertEquals(models.flatMap(({ blob }) => [...blob.segments]), []);
        },
      ),
      runs(300),
    );
  } finally {
    performance.now = now;
  }
});
