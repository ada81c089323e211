/** Puts results into tables, for the terminal and for Markdown alike. */

import type { Target } from "./cases.ts";
import type { Facts } from "./machine.ts";
import { median } from "./measure.ts";
import { EMPTY_SCRIPT } from "./rows.ts";
import type { CaseResult, RowResult, Sample } from "./run.ts";

/** What was aimed at and what came of it. */
export interface Reached extends Target {
  /** The figure, or undefined where a row is missing. */
  value?: number;
  /** Whether it is small enough. */
  ok?: boolean;
}

/** A whole run of the benchmark. */
export interface Report {
  /** Where and with what. */
  machine: Facts;
  /** Runs of each row, the long and the short cases aside. */
  runs: number;
  /** The cases with their results. */
  cases: (CaseResult & { title: string; targets: Reached[] })[];
}

type Metric = "wall" | "cpu" | "memory" | "bytes" | "requests" | "connections";

/** The median of one figure of a row, or undefined where it has none. */
export function figure(row: RowResult, metric: Metric): number | undefined {
  const values = row.samples.map((sample: Sample) => sample[metric])
    .filter((value) => value !== undefined);
  return values.length > 0 ? median(values) : undefined;
}

/** Compares the targets of a case with its results. */
export function compare(targets: Target[], rows: RowResult[]): Reached[] {
  const find = (name: string, metric: Metric) => {
    const row = rows.find((row) => row.name === name);
    return row && figure(row, metric);
  };
  return targets.map((target) => {
    const { row, metric, over, most } = target;
    const dividend = find(row, metric);
    const divisor = typeof over === "number" ? over : find(over, metric);
    if (!dividend || !divisor) return target;
    const value = dividend / divisor;
    return { ...target, value, ok: value <= most };
  });
}

/** Lays out cells as a Markdown table whose columns also align as text. */
export function table(cells: string[][]): string {
  const [head = [], ...body] = cells;
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: string[]) =>
    `| ${
      row.map((cell, column) => {
        const width = widths[column] ?? 0;
        return column ? cell.padStart(width) : cell.padEnd(width);
      }).join(" | ")
    } |`;
  const rule = `| ${
    widths.map((width, column) =>
      column ? `${"-".repeat(width - 1)}:` : "-".repeat(width)
    ).join(" | ")
  } |`;
  return [line(head), rule, ...body.map(line)].join("\n");
}

/** A time, in the unit that suits it. */
export function formatSeconds(value: number): string {
  return value < 0.1
    ? `${(value * 1000).toFixed(0)} ms`
    : `${value.toFixed(2)} s`;
}

function text(
  value: number | undefined,
  format: (value: number) => string,
): string {
  return value === undefined || Number.isNaN(value) ? "–" : format(value);
}

/** Leaves out the columns that say nothing. */
function withoutEmptyColumns(cells: string[][]): string[][] {
  const [head = [], ...body] = cells;
  const says = head.map((_, column) =>
    body.some((row) => !/^(?:–|0|0\.0 MB)$/.test(row[column] ?? ""))
  );
  return cells.map((row) => row.filter((_, column) => says[column]));
}

/** The row that the others' times are compared with. */
function findFloor(rows: RowResult[]): RowResult | undefined {
  return rows.find(({ name }) => name === "curl" || name === EMPTY_SCRIPT);
}

function resultTable(rows: RowResult[]): string {
  const floor = findFloor(rows);
  const floorWall = floor && figure(floor, "wall");
  const cells = rows.filter(({ samples }) => samples.length > 0).map((row) => {
    const wall = figure(row, "wall")!;
    const walls = row.samples.map(({ wall }) => wall);
    return [
      row.name,
      formatSeconds(wall),
      `${formatSeconds(Math.min(...walls))}–${
        formatSeconds(Math.max(...walls))
      }`,
      text(floorWall, (floor) => (wall / floor).toFixed(2)),
      text(figure(row, "cpu"), formatSeconds),
      text(
        figure(row, "memory"),
        (value) => `${Math.round(value / 2 ** 20)} MiB`,
      ),
      text(figure(row, "bytes"), (value) => `${(value / 1e6).toFixed(1)} MB`),
      text(figure(row, "requests"), (value) => value.toFixed(0)),
      text(figure(row, "connections"), (value) => value.toFixed(0)),
    ];
  });
  return table(withoutEmptyColumns([[
    "",
    "time",
    "from–to",
    `× ${floor?.name}`,
    "CPU",
    "memory",
    "on the wire",
    "requests",
    "connections",
  ], ...cells]));
}

function targetTable({ targets, loads }: Report["cases"][number]): string {
  const digits = (unit: string, value: number) =>
    unit === "MiB" || unit === "" ? value.toFixed(0) : value.toFixed(2);
  const cells = targets.map(({ row, text, unit, value, ok }) => [
    row,
    text,
    value === undefined ? "–" : `${digits(unit, value)} ${unit}`.trim(),
    value === undefined ? "not measured" : ok ? "yes" : "no",
  ]);
  if (loads !== undefined) {
    const answer = loads === true ? "yes" : loads === false ? "no" : loads;
    cells.push(["the archive", "loads with skopeo", "–", answer]);
  }
  return cells.length === 0
    ? ""
    : table([["", "must reach", "reached", "enough"], ...cells]);
}

/** The tables of one case. */
export function formatCase(result: Report["cases"][number]): string {
  const notes = result.rows.flatMap(({ name, failure, verified }) => [
    ...failure ? [`${name} failed: ${failure}`] : [],
    ...verified ? [`${name}: every blob in the archive verified.`] : [],
  ]);
  return [
    result.rows.some(({ samples }) => samples.length > 0)
      ? resultTable(result.rows)
      : "",
    targetTable(result),
    notes.map((note) => `- ${note}`).join("\n"),
  ].filter(Boolean).join("\n\n");
}

const OLD_GO =
  "Go before 1.21 does not use the processor's SHA instructions: what is built \
with it spends more time on digests than a later build would.";

function hasOldGo(machine: Facts): boolean {
  return machine.some(([, value]) => {
    const minor = /built with go1\.(\d+)/.exec(value)?.[1];
    return minor !== undefined && Number(minor) < 21;
  });
}

/** The whole report, as a page. */
export function formatReport(report: Report): string {
  const { machine, runs, cases } = report;
  return [
    "# Results",
    `Written by \`bench/main.ts\`. Medians of ${runs} runs, the rows of a table in \
alternation, each from a fresh state; CPU is user and system time of all \
processes, memory the largest process's. The layers hold seeded bytes that do \
not compress, in gzip blocks that are merely stored, which spares those that \
decompress most of their work. curl only drops the blobs into files, three at \
a time, and is the floor.`,
    table([["", ""], ...machine]),
    ...hasOldGo(machine) ? [OLD_GO] : [],
    ...cases.flatMap((result) => [`## ${result.title}`, formatCase(result)]),
  ].join("\n\n") + "\n";
}
