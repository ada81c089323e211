/** What the benchmark keeps, and adds to. */
import { assertEquals, assertThrows } from "@std/assert";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CaseReport, Report } from "../../bench/report.ts";
import {
  isComplete,
  mergeCase,
  readResults,
  writeResults,
} from "../../bench/results.ts";
import type { Row } from "../../bench/rows.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";

const sample = { wall: 1, cpu: 1, memory: 1, bytes: 1, requests: 1 };

function caseOf(id: string, ...names: string[]): CaseReport {
  return {
    id,
    group: "group",
    title: id,
    size: 0,
    base: [],
    rows: names.map((name) => ({
      name,
      samples: [sample],
      point: { x: 1, series: "own" },
    })),
    targets: [],
    growth: { axis: "layers" },
  };
}

const empty: Report = { machine: [["System", "one"]], runs: 1, cases: [] };

test("a case takes the place of an earlier one, and the order stays", () => {
  const order = ["a", "b", "c"];
  let report = empty;
  for (const id of ["c", "a", "gone", "b", "a"]) {
    report = mergeCase(report, caseOf(id), order);
  }
  assertEquals(report.cases.map(({ id }) => id), order);
});

test("a case is complete when each row has runs or cannot have any", () => {
  const row = (name: string, missing?: string): Row => ({
    name,
    missing,
    commands: () => [],
  });
  const known = caseOf("a", "x");
  known.rows.push({ name: "y", samples: [], skipped: "there is no y" });
  assertEquals(isComplete(undefined, { rows: [] }), false);
  assertEquals(isComplete(known, { rows: [row("x")] }), true);
  assertEquals(isComplete(known, { rows: [row("x"), row("y")] }), false);
  assertEquals(
    isComplete(known, { rows: [row("x"), row("y", "there is no y")] }),
    true,
  );
  assertEquals(isComplete(known, { rows: [row("z")] }), false);
});

test("results are written in every form, and read again", () =>
  inFolder(async (folder) => {
    assertEquals(readResults(folder, empty), empty);
    const report = mergeCase(empty, caseOf("a", "x"), ["a"]);
    await writeResults(folder, report);
    assertEquals(readResults(folder, empty), report);
    for (const name of ["RESULTS.md", "results.svg", "a.svg"]) {
      assertEquals(existsSync(join(folder, name)), true, name);
    }
    const long = (await readFile(join(folder, "RESULTS.md"), "utf8"))
      .split("\n").filter((line) => !/^[|#!]/.test(line) && line.length > 80);
    assertEquals(long, []);
  }));

test("results of another machine are not added to", () =>
  inFolder(async (folder) => {
    await writeResults(folder, mergeCase(empty, caseOf("a", "x"), ["a"]));
    const other: Report = { ...empty, machine: [["System", "two"]] };
    assertThrows(() => readResults(folder, other), Error, "another machine");
    assertEquals(readResults(folder, { ...empty, runs: 2 }).runs, 2);
  }));
