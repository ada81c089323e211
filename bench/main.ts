/**
 * The benchmark that anyone can run: docker-pull and its peers, side by side,
 * against a registry on this machine. `--help` tells the rest.
 */

import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Case, chooseCases, makeCases } from "./cases.ts";
import { findCommands } from "./commands.ts";
import { describeMachine } from "./machine.ts";
import { buildNative } from "./native.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { compare } from "./ratios.ts";
import { formatCase, type Report, summary } from "./report.ts";
import { isComplete, mergeCase, readResults, writeResults } from "./results.ts";
import type { Tools } from "./rows.ts";
import { runCase } from "./run.ts";
import { runtimeCommand } from "./servers.ts";
import { openStage } from "./stage.ts";

const QUICK_SCALE = 0.02;

/** The cases that were asked for, with the rows that were asked for. */
async function choose(
  options: Options,
  tools: Tools,
  folder: string,
): Promise<{ all: Case[]; chosen: Case[] }> {
  const all = makeCases({
    tools,
    commands: await findCommands(options, folder),
    emptyScript: runtimeCommand("empty_script.mjs"),
    scale: options.quick ? QUICK_SCALE : 1,
  });
  const { rows } = options;
  const chosen = chooseCases(all, options.cases)
    .map((one) => ({
      ...one,
      rows: one.rows.filter(({ name }) =>
        rows?.some((part) => name.includes(part)) ?? true
      ),
    }))
    .filter((one) => one.rows.length > 0);
  if (chosen.length === 0) throw new Error("Cannot run: no row has that name");
  return { all, chosen };
}

function list(cases: Case[], reason: (one: Case) => string | undefined): void {
  for (const one of cases) {
    console.log(`${one.group}: ${one.id}: ${one.title}`);
    const lacks = reason(one);
    for (const { name, missing = lacks } of one.rows) {
      console.log(`  ${name}${missing ? ` (not run: ${missing})` : ""}`);
    }
  }
}

async function runAll(options: Options, folder: string): Promise<void> {
  const { quick, runs, json, resume } = options;
  const native = buildNative(options.programs.cc, folder);
  const programs = { ...options.programs, ...native.programs };
  const tools: Tools = { programs, missing: native.missing };
  const { all, chosen } = await choose(options, tools, folder);
  const stage = openStage({ folder, runs, tools });
  if (options.list) return list(chosen, stage.reasonToSkip);
  const results = options.results ??
    (quick || options.cases || options.rows
      ? undefined
      : fileURLToPath(new URL(".", import.meta.url)));
  const empty: Report = { machine: describeMachine(programs), runs, cases: [] };
  let report = results && (options.cases || options.rows || resume)
    ? readResults(results, empty)
    : empty;
  const measured: Report["cases"] = [];
  try {
    for (const one of chosen) {
      const known = report.cases.find(({ id }) => id === one.id);
      if (resume && isComplete(known, one)) {
        console.error(`${one.title}: is there already`);
        continue;
      }
      const { id, group, title, note, base, growth } = one;
      const skipped = stage.reasonToSkip(one);
      const result = skipped
        ? {
          size: 0,
          rows: one.rows.map(({ name }) => ({ name, samples: [], skipped })),
        }
        : await runCase(one, stage);
      if (skipped) console.error(`${title}: not run: ${skipped}`);
      const found: Report["cases"][number] = {
        ...result,
        id,
        group,
        title: quick ? `${title} (quick: far smaller)` : title,
        ...note && { note },
        base,
        ...growth && { growth },
        targets: compare(one.targets, result.rows),
      };
      measured.push(found);
      report = mergeCase(report, found, all.map(({ id }) => id));
      if (results) await writeResults(results, report);
      if (!json) console.log(`\n${title}\n\n${formatCase(found, runs)}\n`);
    }
  } finally {
    await stage.close();
  }
  if (json) {
    console.log(JSON.stringify({ ...report, cases: measured }, undefined, 2));
  }
  console.error(summary(measured));
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
