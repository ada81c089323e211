/** RangeSet, held against a list of booleans. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Range, RangeSet } from "../../lib/disk/ranges.ts";
import { test } from "../harness.ts";
import { runs } from "./runs.ts";

const SIZE = 40;
const position = fc.nat({ max: SIZE });
const range = fc.tuple(position, position);
const step = fc.tuple(fc.constantFrom("add", "remove"), range);

/** The ranges of a list of booleans, and that they are as few as can be. */
function rangesOf(bits: boolean[]): Range[] {
  const ranges: Range[] = [];
  for (const [i, bit] of bits.entries()) {
    const last = ranges.at(-1);
    if (!bit) continue;
    if (last && last[1] === i) last[1] = i + 1;
    else ranges.push([i, i + 1]);
  }
  return ranges;
}

test("RangeSet does what a list of booleans does", () => {
  fc.assert(
    fc.property(fc.array(step), range, (steps, [from, to]) => {
      const set = new RangeSet();
      const bits = Array<boolean>(SIZE).fill(false);
      for (const [action, [start, end]] of steps) {
        if (action === "add") set.add(start, end);
        else set.remove(start, end);
        if (start < end) bits.fill(action === "add", start, end);
      }
      const ranges = rangesOf(bits);
      assertEquals(set.ranges, ranges);
      assertEquals(set.first, ranges[0]);
      assertEquals(set.total, bits.filter(Boolean).length);
      assertEquals(set.gaps(SIZE).ranges, rangesOf(bits.map((bit) => !bit)));
      assertEquals(set.slice(from, to).ranges, rangesOf(bits.slice(from, to)));
      assertEquals(set.covers(from, to), bits.slice(from, to).every(Boolean));
      let end = from;
      while (bits[end]) end++;
      assertEquals(set.endFrom(from), end);
    }),
    runs(1_000),
  );
});

test("RangeSet is the same for ranges in any order", () => {
  fc.assert(
    fc.property(fc.array(range), (ranges) => {
      const set = new RangeSet(ranges);
      assertEquals(new RangeSet(ranges.toReversed()).ranges, set.ranges);
      assertEquals(new RangeSet(set.ranges).ranges, set.ranges);
    }),
    runs(100),
  );
});

test("RangeSet gives copies", () => {
  const set = new RangeSet([[1, 2], [4, 5]]);
  set.ranges[0]![0] = 7;
  set.first![0] = 7;
  assertEquals(set.ranges, [[1, 2], [4, 5]]);
  assert(new RangeSet().first === undefined);
});

test("RangeSet takes positions beyond 32 bits", () => {
  const set = new RangeSet([[2 ** 40, 2 ** 43]]);
  set.remove(2 ** 41, 2 ** 41 + 1);
  assertEquals(set.total, 2 ** 43 - 2 ** 40 - 1);
  assertEquals(set.gaps(2 ** 43).total, 2 ** 40 + 1);
});
