/** Keeps what came of the cases in a folder, in every form. */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { denoPath } from "../tasks/runtimes.js";
import type { Case } from "./cases.ts";
import { drawChart } from "./chart.ts";
import { drawGrowth } from "./plot.ts";
import { type CaseReport, formatReport, type Report } from "./report.ts";

const DATA = "results.json";

/**
 * What a folder has, or `empty` where it has nothing. What was measured on
 * another machine or with other programs does not go into one table with this.
 */
export function readResults(folder: string, empty: Report): Report {
  const file = join(folder, DATA);
  if (!existsSync(file)) return empty;
  const found: Report = JSON.parse(readFileSync(file, "utf8"));
  const differs = JSON.stringify(found.machine) !==
    JSON.stringify(empty.machine);
  if (differs) {
    throw new Error(
      `Cannot add to ${file}: it is of another machine or of other programs; ` +
        "name another folder, or remove it",
    );
  }
  return { ...found, runs: empty.runs };
}

/** Whether a case needs no more runs: each row has some, or cannot run. */
export function isComplete(
  known: CaseReport | undefined,
  { rows }: Pick<Case, "rows">,
): boolean {
  return known !== undefined &&
    rows.every(({ name, missing }) =>
      known.rows.some((row) =>
        row.name === name &&
        (row.samples.length > 0 || missing !== undefined)
      )
    );
}

/** A report with this case in it, in place of an earlier one, in order. */
export function mergeCase(
  report: Report,
  result: CaseReport,
  order: string[],
): Report {
  const cases = [
    ...report.cases.filter(({ id }) => id !== result.id && order.includes(id)),
    result,
  ].toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
  return { ...report, cases };
}

/** Writes the documents and pictures. */
export async function writeResults(
  folder: string,
  report: Report,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files: Record<string, string> = {
    "RESULTS.md": formatReport(report),
    [DATA]: JSON.stringify(report, undefined, 2) + "\n",
    "results.svg": drawChart(report),
  };
  for (const result of report.cases) {
    if (result.growth) files[`${result.id}.svg`] = drawGrowth(result);
  }
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
  }
  // As the checks want them, with lines that end where they should.
  spawnSync(denoPath(), ["fmt", "--quiet", ...Object.keys(files)], {
    cwd: folder,
  });
}
