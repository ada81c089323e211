/** Feeds the parsers with what is nearly right, and watches them. */

import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { randomFrom } from "../faults/random.ts";
import { mutate } from "./mutate.ts";
import { isMeant, type Target, TARGETS } from "./targets.ts";

/** No input may take longer, in milliseconds. */
export const MOST_TIME = 1_000;
/** What the whole run may need, in bytes. */
export const MOST_MEMORY = 300 * 1024 * 1024;

/** What a run has found. */
export interface FuzzReport {
  /** Inputs, by parser. */
  inputs: Map<string, number>;
  /** Of those, how many were refused. */
  refused: number;
  /** What must not happen, with the seed that makes it happen again. */
  failures: string[];
  /** The longest that an input took, in milliseconds. */
  slowest: number;
  /** The most memory that was seen, in bytes. */
  memory: number;
}

/**
 * Runs a number of inputs, shared by all parsers.
 *
 * @param inputs How many.
 * @param seed What they depend on.
 * @param options One input alone, and who is told of the progress.
 */
export async function fuzz(
  inputs: number,
  seed: string,
  options: { only?: number; onProgress?: (done: number) => void } = {},
): Promise<FuzzReport> {
  const { only, onProgress } = options;
  const report: FuzzReport = {
    inputs: new Map(),
    refused: 0,
    failures: [],
    slowest: 0,
    memory: 0,
  };
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "docker-pull-fuzz-"));
  try {
    for (let i = only ?? 0; i < (only === undefined ? inputs : only + 1); i++) {
      const target = TARGETS[i % TARGETS.length]!;
      report.inputs.set(
        target.name,
        (report.inputs.get(target.name) ?? 0) + 1,
      );
      const random = randomFrom("fuzz", seed, i);
      const text = mutate(random.pick(target.seeds), target.seeds, random);
      // The process's own time: another one's work says nothing of a parser.
      const start = process.cpuUsage();
      const failure = await feed(target, text, folder, report);
      const time = process.cpuUsage(start).user / 1000;
      report.slowest = Math.max(report.slowest, time);
      const fail = (what: string) =>
        report.failures.push(
          `${target.name}, input ${i} of seed ${seed}: ${what}: ${
            JSON.stringify(text.slice(0, 200))
          }`,
        );
      if (failure !== undefined) fail(failure);
      if (time > MOST_TIME) fail(`it took ${Math.round(time)} ms`);
      if (Object.keys(Object.prototype).length > 0 || "polluted" in {}) {
        fail("a prototype was changed");
        break;
      }
      if (i % 256 === 0) {
        report.memory = Math.max(report.memory, process.memoryUsage().rss);
        onProgress?.(i);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return report;
}

async function feed(
  target: Target,
  text: string,
  folder: string,
  report: FuzzReport,
): Promise<string | undefined> {
  try {
    await target.read(text, folder);
  } catch (error) {
    report.refused++;
    if (isMeant(error)) return undefined;
    return (error as Error)?.stack ?? String(error);
  }
}
