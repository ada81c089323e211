/**
 * The benchmark that anyone can run: docker-pull and its peers, side by side,
 * against a registry on this machine. `--help` tells the rest.
 */

import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { denoPath, profile } from "../tasks/runtimes.js";
import { makeCases } from "./cases.ts";
import { drawChart } from "./chart.ts";
import { describeMachine } from "./machine.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { compare, formatCase, formatReport, type Report } from "./report.ts";
import { runCase } from "./run.ts";
import type { OwnCommand } from "./rows.ts";
import { runtimeCommand } from "./servers.ts";
import { openStage } from "./stage.ts";

const QUICK_SCALE = 0.02;

async function defaultCommands(): Promise<OwnCommand[]> {
  const cli = fileURLToPath(new URL("../cli.ts", import.meta.url));
  const command = process.versions.bun
    ? [process.execPath, cli]
    : [denoPath(), "run", "-A", ...await profile(), cli];
  return [{ label: "docker-pull", command }];
}

async function writeResults(folder: string, report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = {
    "RESULTS.md": formatReport(report),
    "results.json": JSON.stringify(report, undefined, 2) + "\n",
    "results.svg": drawChart(report),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
  }
}

async function runAll(options: Options, folder: string): Promise<void> {
  const { quick, runs, programs, json } = options;
  const commands = options.commands.length > 0
    ? options.commands
    : await defaultCommands();
  const all = makeCases({
    programs,
    commands,
    emptyScript: runtimeCommand("empty_script.ts"),
    scale: quick ? QUICK_SCALE : 1,
  });
  const unknown = options.cases?.find((id) => !all.some((c) => c.id === id));
  if (unknown !== undefined) {
    throw new Error(
      `Cannot run case "${unknown}": there is ${
        all.map(({ id }) => id).join(", ")
      }`,
    );
  }
  const chosen = all.filter(({ id }) => options.cases?.includes(id) ?? true);
  const report: Report = {
    machine: describeMachine(programs),
    runs,
    cases: [],
  };
  const stage = openStage({ folder, runs, programs });
  try {
    for (const benchCase of chosen) {
      const { title, targets } = benchCase;
      const skip = stage.reasonToSkip(benchCase);
      if (skip) {
        console.error(`${title}: skipped: ${skip}`);
        continue;
      }
      const result = await runCase(benchCase, stage);
      const reached = compare(targets, result.rows);
      report.cases.push({
        ...result,
        title: quick ? `${title} (quick: far smaller)` : title,
        targets: reached,
      });
      if (!json) {
        console.log(`\n${title}\n\n${formatCase(report.cases.at(-1)!)}\n`);
      }
    }
  } finally {
    await stage.close();
  }
  if (json) console.log(JSON.stringify(report, undefined, 2));
  const results = options.results ??
    (quick || options.cases
      ? undefined
      : fileURLToPath(new URL(".", import.meta.url)));
  if (results) await writeResults(results, report);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(HELP);
    return;
  }
  const folder = options.workDir
    ? resolve(options.workDir)
    : await mkdtemp(join(tmpdir(), "docker-pull-bench-"));
  await mkdir(folder, { recursive: true });
  // The servers are told by the terminal itself; the folder would stay.
  process.once("SIGINT", () => {
    if (!options.workDir) rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });
  try {
    await runAll(options, folder);
  } finally {
    if (!options.workDir) await rm(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
