/** Sets of byte positions, kept as few, sorted, disjoint ranges. */

/** The bytes from `start` up to, not including, `end`. */
export type Range = [start: number, end: number];

/** A set of byte positions. */
export class RangeSet {
  #ranges: Range[] = [];

  /** Begins with the given ranges, in any order. */
  constructor(ranges: Iterable<Range> = []) {
    for (const [start, end] of ranges) this.add(start, end);
  }

  /** The ranges, lowest first; a copy. */
  get ranges(): Range[] {
    return this.#ranges.map(([start, end]) => [start, end]);
  }

  /** How many positions are in the set. */
  get total(): number {
    return this.#ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  /** The lowest range. */
  get first(): Range | undefined {
    const first = this.#ranges[0];
    return first && [first[0], first[1]];
  }

  /** Adds a range. */
  add(start: number, end: number): void {
    if (end <= start) return;
    const ranges = this.#ranges;
    let from = ranges.length;
    while (from > 0 && ranges[from - 1]![1] >= start) from--;
    let to = from;
    while (to < ranges.length && ranges[to]![0] <= end) {
      start = Math.min(start, ranges[to]![0]);
      end = Math.max(end, ranges[to]![1]);
      to++;
    }
    ranges.splice(from, to - from, [start, end]);
  }

  /** Takes a range out. */
  remove(start: number, end: number): void {
    if (end <= start) return;
    this.#ranges = this.#ranges.flatMap(([a, b]): Range[] => {
      if (b <= start || a >= end) return [[a, b]];
      const rest: Range[] = [];
      if (a < start) rest.push([a, start]);
      if (b > end) rest.push([end, b]);
      return rest;
    });
  }

  /** Where the run of positions that begins at `position` ends. */
  endFrom(position: number): number {
    for (const [start, end] of this.#ranges) {
      if (start <= position && position < end) return end;
    }
    return position;
  }

  /** Whether all positions from `start` up to `end` are in the set. */
  covers(start: number, end: number): boolean {
    return end <= start || this.endFrom(start) >= end;
  }

  /** The part from `start` up to `end`, counted from `start`. */
  slice(start: number, end: number): RangeSet {
    return new RangeSet(
      this.#ranges
        .map(([a, b]): Range => [Math.max(a, start), Math.min(b, end)])
        .filter(([a, b]) => a < b)
        .map(([a, b]): Range => [a - start, b - start]),
    );
  }

  /** What is missing between 0 and `size`. */
  gaps(size: number): RangeSet {
    const gaps = new RangeSet([[0, size]]);
    for (const [start, end] of this.#ranges) gaps.remove(start, end);
    return gaps;
  }
}
