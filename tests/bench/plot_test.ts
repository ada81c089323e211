/** The benchmark's pictures. */
import { assert, assertEquals } from "@std/assert";
import {
  bytesText,
  powerTicks,
  roundTicks,
  secondsText,
} from "../../bench/axes.ts";
import { drawGrowth } from "../../bench/plot.ts";
import type { CaseReport } from "../../bench/report.ts";
import { test } from "../harness.ts";

test("ticks are round numbers that reach beyond the greatest value", () => {
  assertEquals(roundTicks(1), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assertEquals(roundTicks(117), [0, 25, 50, 75, 100, 125]);
  for (const greatest of [0.003, 0.9, 1.01, 7, 43, 1234]) {
    const ticks = roundTicks(greatest);
    assert(ticks.at(-1)! >= greatest, `${ticks}`);
    assert(ticks.length <= 7 && ticks.length >= 3, `${ticks}`);
  }
});

test("ticks of a scale of powers are around all values", () => {
  assertEquals(powerTicks(0.02, 30), [0.01, 0.1, 1, 10, 100]);
  assertEquals(powerTicks(1, 100), [1, 10, 100]);
});

test("bytes are told in the units of registries", () => {
  assertEquals([1e4, 1e6, 2e10, 5e9, 12].map(bytesText), [
    "10 kB",
    "1 MB",
    "20 GB",
    "5 GB",
    "12 B",
  ]);
});

test("seconds are told in as few digits as there are", () => {
  assertEquals([0, 0.05, 0.1, 1.5, 2, 100].map(secondsText), [
    "0",
    "50 ms",
    "0.1 s",
    "1.5 s",
    "2 s",
    "100 s",
  ]);
});

function growth(...costs: [x: number, wall: number, series: string][]) {
  const result: CaseReport = {
    id: "a",
    group: "growth",
    title: `1 < 2 & "3"`,
    size: 0,
    base: [],
    targets: [],
    growth: { axis: "connections", powers: true },
    rows: costs.map(([x, wall, series]) => ({
      name: `${x}`,
      point: { x, series },
      samples: [{ wall, cpu: wall, memory: 2 ** 27, bytes: 0, requests: 0 }],
    })),
  };
  return drawGrowth(result);
}

test("each figure is a point of each of three panels, and all are inside", () => {
  const text = growth(
    [1, 2, "docker-pull"],
    [2, 1, "docker-pull"],
    [64, 0.5, "curl"],
    [1, 3, "curl"],
  );
  assertEquals(text.match(/<circle/g)?.length, 12);
  assertEquals(text.match(/class="line s0"/g)?.length, 3);
  assertEquals(text.match(/class="line other"/g)?.length, 3);
  assert(!/NaN|Infinity|undefined/.test(text), text);
  const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(text)!
    .map(Number);
  for (const [, x, y] of text.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)) {
    assert(Number(x) < width && Number(y) < height, `${x} ${y}`);
  }
  assert(text.includes("1 &lt; 2 &amp; &quot;3&quot;"), text);
});

test("costs that are far apart are drawn by powers of ten", () => {
  const text = growth([1e4, 0.05, "a"], [1e7, 0.5, "a"], [2e10, 30, "a"]);
  assert(text.includes(">100 s<") && text.includes(">10 ms<"), text);
});

test("nothing measured is an empty picture", () => {
  assert(!/NaN|Infinity|<circle/.test(growth()));
});
