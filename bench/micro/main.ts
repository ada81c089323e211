/**
 * Micro-benchmarks of the hot path, so that a regression is found where it
 * is: `bench/micro/main.ts [hash] [gather] [write] [plan] [--runs N] [--json]`.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "@std/cli/parse-args";
import { formatSeconds, table } from "../report.ts";
import { gatherWorks } from "./gather.ts";
import { hashWorks } from "./hash.ts";
import { planWorks } from "./plan.ts";
import { timeAll, type Timing } from "./timing.ts";
import { writeWorks } from "./write.ts";

const PARTS: Record<string, (runs: number) => Promise<Timing[]>> = {
  hash: async (runs) => await timeAll(hashWorks(), runs),
  async gather(runs) {
    const { works, server } = await gatherWorks();
    try {
      return await timeAll(works, runs);
    } finally {
      await server.stop();
    }
  },
  async write(runs) {
    const folder = await mkdtemp(join(tmpdir(), "docker-pull-bench-"));
    try {
      return await timeAll(writeWorks(folder), runs);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  plan: async (runs) => await timeAll(await planWorks(), runs),
};

function format(part: string, timings: Timing[]): string {
  const cells = timings.map(({ name, seconds, bytes }) => [
    name,
    seconds < 0.001
      ? `${(seconds * 1e6).toFixed(0)} µs`
      : formatSeconds(seconds),
    bytes === undefined ? "–" : `${(bytes / seconds / 1e6).toFixed(0)} MB/s`,
  ]);
  return table([[part, "time", "speed"], ...cells]);
}

const flags = parseArgs(process.argv.slice(2), {
  boolean: ["json"],
  string: ["runs"],
});
const runs = Number(flags.runs ?? 5);
const parts = flags._.length > 0 ? flags._.map(String) : Object.keys(PARTS);
const unknown = parts.find((part) => !(part in PARTS));
if (unknown !== undefined || !Number.isInteger(runs) || runs < 1) {
  console.error(
    `Cannot measure ${unknown ?? `${flags.runs} times`}: there is ${
      Object.keys(PARTS).join(", ")
    }`,
  );
  process.exit(1);
}
const results: Record<string, Timing[]> = {};
for (const part of parts) {
  const timings = await PARTS[part]?.(runs) ?? [];
  results[part] = timings;
  if (!flags.json) console.log(`${format(part, timings)}\n`);
}
if (flags.json) console.log(JSON.stringify(results, undefined, 2));
// The writing threads would keep some runtimes waiting.
process.exit(0);
