/** The benchmark's arithmetic and words. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Target } from "../../bench/cases.ts";
import type { RowResult } from "../../bench/lane.ts";
import { compare, ratio } from "../../bench/ratios.ts";
import {
  type CaseReport,
  formatCase,
  formatReport,
  summary,
} from "../../bench/report.ts";
import { test } from "../harness.ts";

function row(name: string, walls: number[], cpu = 1): RowResult {
  return {
    name,
    samples: walls.map((wall) => ({
      wall,
      cpu,
      memory: 2 ** 20,
      bytes: 0,
      requests: 0,
    })),
  };
}

function target(over: Target["over"], most: number): Target {
  return { text: "", row: "own", metric: "wall", over, most, unit: "×" };
}

function caseOf(rows: RowResult[], more: Partial<CaseReport> = {}): CaseReport {
  return {
    id: "id",
    group: "group",
    title: "Title",
    size: 0,
    base: ["base"],
    rows,
    targets: [],
    ...more,
  };
}

test("a ratio is that of the medians, its spread that of runs side by side", () => {
  const found = ratio(row("a", [2, 3, 9]), row("b", [2, 1, 3]), "wall");
  assertEquals(found, { value: 1.5, least: 1, greatest: 3 });
  assertEquals(ratio(row("a", [3, 5]), 2, "wall"), {
    value: 2,
    least: 1.5,
    greatest: 2.5,
  });
});

test("rows of different numbers of runs are compared as far as they are pairs", () => {
  const found = ratio(row("a", [2, 4, 6]), row("b", [2]), "wall");
  assertEquals(found, { value: 2, least: 1, greatest: 2 });
  assertEquals(ratio(row("a", []), row("b", [2]), "wall"), undefined);
});

test("of several, the best is the one to be compared with", () => {
  const rows = [row("own", [2]), row("a", [4]), row("b", [1]), row("c", [])];
  const [first, second, third] = compare([
    target(["a", "b", "c"], 2),
    target(["a", "b"], 1.9),
    target("c", 1),
  ], rows);
  assertEquals([first?.value, first?.ok], [2, true]);
  assertEquals([second?.value, second?.ok], [2, false]);
  assertEquals([third?.value, third?.ok], [undefined, undefined]);
});

test("a table says how many runs there were where they are fewer", () => {
  const fewer = formatCase(caseOf([row("base", [1, 1]), row("own", [2])]), 2);
  assertMatch(fewer, /runs \|/);
  assertMatch(fewer, /own .* 2\.00 /);
  const all = formatCase(caseOf([row("base", [1]), row("own", [2])]), 1);
  assert(!/runs/.test(all), all);
});

test("what did not run is named with its reason, and counted", () => {
  const result = caseOf([
    row("base", [1]),
    { name: "a", samples: [], skipped: "there is no a" },
    { name: "b", samples: [], failure: "exit code 1" },
  ], { targets: compare([target("base", 2)], [row("base", [1])]) });
  const text = formatCase(result, 1);
  assertMatch(text, /- a: not run: there is no a\./);
  assertMatch(text, /- b failed: exit code 1/);
  assertEquals(
    summary([result]),
    "3 rows: 1 measured, 1 not run, 1 failed. 1 figures to reach: 0 reached, " +
      "0 not, 1 not measured.",
  );
});

test("a page shows the picture of what grows", () => {
  const page = formatReport({
    machine: [["Processor", "one"]],
    runs: 1,
    cases: [caseOf([row("base", [1])], { growth: { axis: "layers" } })],
  });
  assertMatch(page, /!\[Title\]\(id\.svg\)/);
});
