import { assert, assertEquals } from "@std/assert";
import type { Segment } from "../../lib/transfer/blob.ts";
import { Scheduler } from "../../lib/transfer/scheduler.ts";
import { test } from "../harness.ts";
import { blobOf } from "./scheduled_blob.ts";

const MIB = 1024 * 1024;

/** All segments, where the connections are equally fast; the first is done first. */
function play(connections: number, ...sizes: number[]): Segment[] {
  const scheduler = new Scheduler(connections);
  for (const size of sizes) scheduler.add(blobOf(size));
  const segments: Segment[] = [];
  const active: Segment[] = [];
  for (;;) {
    while (active.length < connections) {
      const segment = scheduler.take();
      if (!segment) break;
      segments.push(segment);
      active.push(segment);
    }
    const done = active.shift();
    if (!done) return segments;
    done.received = done.position = done.end;
    done.blob.segments.delete(done);
    const { pending } = done.blob;
    if (pending.total + done.blob.segments.size === 0) {
      scheduler.delete(done.blob);
    }
  }
}

test("the connections that share a blob go through it together", () => {
  const size = 1000 * MIB;
  const segments = play(3, size);
  let end = 0;
  for (const segment of segments) {
    assertEquals(segment.start, end); // in order
    assert(segment.end - segment.start <= 72 * MIB);
    end = segment.end;
  }
  assertEquals(end, size);
  // No more requests than that takes.
  assert(segments.length <= 20, `${segments.length}`);
});

test("with a blob for each connection, a segment is a fair share of all", () => {
  const segments = play(
    3,
    480 * MIB,
    280 * MIB,
    190 * MIB,
    110 * MIB,
    60 * MIB,
  );
  const [first, second, third] = segments.map(({ start, end }) => end - start);
  assertEquals(first, Math.ceil((1120 * MIB) / 3));
  assertEquals([second, third], [280 * MIB, 190 * MIB]);
});
