/** Puts results into tables, for the terminal and for Markdown alike. */

import type { Case } from "./cases.ts";
import type { RowResult } from "./lane.ts";
import type { Facts } from "./machine.ts";
import { median } from "./measure.ts";
import { figure, type Ratio, ratio, type Reached } from "./ratios.ts";
import type { CaseResult } from "./run.ts";

/** What is told of a case, and what came of it. */
export interface CaseReport
  extends
    CaseResult,
    Pick<Case, "group" | "title" | "note" | "base" | "growth"> {
  /** What was aimed at. */
  targets: Reached[];
}

/** A whole run of the benchmark. */
export interface Report {
  /** Where and with what. */
  machine: Facts;
  /** Runs of each row, the long and the short cases aside. */
  runs: number;
  /** The cases with their results. */
  cases: CaseReport[];
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
function findBase({ rows, base }: CaseReport): RowResult | undefined {
  return base.flatMap((name) =>
    rows.filter((row) => row.name === name && row.samples.length > 0)
  )[0];
}

/** Digits enough to tell the figures of a column apart. */
function spread({ value, least, greatest }: Ratio): string {
  const text = (value: number) => value.toFixed(2);
  return text(least) === text(greatest)
    ? text(value)
    : `${text(value)} (${text(least)}–${text(greatest)})`;
}

function resultTable(result: CaseReport, runs: number): string {
  const base = findBase(result);
  const rows = result.rows.filter(({ samples }) => samples.length > 0);
  const usual = rows.every(({ samples }) => samples.length === runs);
  const cells = rows.map((row) => {
    const walls = row.samples.map(({ wall }) => wall);
    const compared = base && ratio(row, base, "wall");
    return [
      row.name,
      formatSeconds(median(walls)),
      `${formatSeconds(Math.min(...walls))}–${
        formatSeconds(Math.max(...walls))
      }`,
      compared ? row === base ? "1" : spread(compared) : "–",
      text(figure(row, "cpu"), formatSeconds),
      text(
        figure(row, "memory"),
        (value) => `${Math.round(value / 2 ** 20)} MiB`,
      ),
      ...(["written", "bytes", "received"] as const).map((metric) =>
        text(figure(row, metric), (value) => `${(value / 1e6).toFixed(1)} MB`)
      ),
      text(figure(row, "requests"), (value) => value.toFixed(0)),
      text(figure(row, "connections"), (value) => value.toFixed(0)),
      usual ? "–" : String(row.samples.length),
    ];
  });
  return table(withoutEmptyColumns([[
    "",
    "time",
    "from–to",
    `× ${base?.name}`,
    "CPU",
    "memory",
    "written",
    "on the wire",
    "sent",
    "requests",
    "connections",
    "runs",
  ], ...cells]));
}

function reachedText({ unit, value, least, greatest }: Reached): string {
  if (value === undefined) return "–";
  const digits = unit === "MiB" || unit === "" ? 0 : 2;
  const [middle, ...ends] = [value, least ?? value, greatest ?? value]
    .map((value) => value.toFixed(digits));
  const range = ends[0] === ends[1] ? "" : ` (${ends.join("–")})`;
  return `${middle} ${unit}`.trim() + range;
}

function targetTable({ targets, loads }: CaseReport): string {
  const cells = targets.map((target) => [
    target.row,
    target.text,
    reachedText(target),
    target.ok === undefined ? "not measured" : target.ok ? "yes" : "no",
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
export function formatCase(result: CaseReport, runs: number): string {
  const { rows, note } = result;
  const verified = rows.filter(({ verified }) => verified)
    .map(({ name }) => name);
  const notes = [
    ...rows.flatMap(({ name, failure, skipped }) => [
      ...failure ? [`${name} failed: ${failure}`] : [],
      ...skipped ? [`${name}: not run: ${skipped}.`] : [],
    ]),
    ...verified.length > 0
      ? [`Every blob in the archive verified: ${verified.join("; ")}.`]
      : [],
  ];
  return [
    note ?? "",
    rows.some(({ samples }) => samples.length > 0)
      ? resultTable(result, runs)
      : "",
    targetTable(result),
    notes.map((note) => `- ${note}`).join("\n"),
  ].filter(Boolean).join("\n\n");
}

/** How many rows there are, and what became of them, in a sentence. */
export function summary(cases: CaseReport[]): string {
  const rows = cases.flatMap(({ rows }) => rows);
  const targets = cases.flatMap(({ targets }) => targets);
  const measured = targets.filter(({ ok }) => ok !== undefined);
  const count = (found: RowResult[]) => found.length;
  return `${rows.length} rows: ${
    count(rows.filter(({ samples }) => samples.length > 0))
  } measured, ${count(rows.filter(({ skipped }) => skipped))} not run, ${
    count(rows.filter(({ failure }) => failure))
  } failed. ${targets.length} figures to reach: ${
    measured.filter(({ ok }) => ok).length
  } reached, ${measured.filter(({ ok }) => !ok).length} not, ${
    targets.length - measured.length
  } not measured.`;
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
    `Written by \`bench/main.ts\`. Medians of ${runs} runs, or of as many as a \
table says, the rows of a table in alternation, there and back, each from a \
fresh state; ratios are those of the medians, with the least and the greatest \
of the runs side by side. CPU is user and system time of all processes, memory \
the largest process's, written what the system was given for the disk. The layers hold seeded bytes that do not compress, in \
gzip blocks that are merely stored, which spares those that decompress most of \
their work. curl only drops the blobs into files, three at a time; the floor \
is a program in C that hashes and writes them, and does nothing else.`,
    summary(cases),
    table([["", ""], ...machine]),
    ...hasOldGo(machine) ? [OLD_GO] : [],
    ...cases.flatMap((result) => [
      `## ${result.title}`,
      ...result.growth ? [`![${result.title}](${result.id}.svg)`] : [],
      formatCase(result, runs),
    ]),
  ].join("\n\n") + "\n";
}
