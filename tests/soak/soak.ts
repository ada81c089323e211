/**
 * Random schedules of pulls through a proxy that breaks things, in front of a
 * real registry: `deno task soak --runs N --seed S`. A seed that fails is
 * printed, and can be played again with `--only SEED`.
 */

import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { startDockerRegistry } from "../e2e/servers/docker_registry.ts";
import { missing, missingRoot } from "../e2e/servers/daemon.ts";
import { type Engine, startDockerd } from "../e2e/servers/engines.ts";
import { Thread } from "../../lib/transfer/thread.ts";
import { type Fault, FAULTS } from "../faults/schedule.ts";
import { buildSoakImages, pushSoakImages } from "./images.ts";
import { playSetStory } from "./sets.ts";
import { playSharedStory } from "./shared.ts";
import { playStreamStory } from "./streams.ts";
import { playStory, type StoryResult } from "./story.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    /** The seed of one run, as a failure prints it. */
    only: { type: "string" },
    /** How many stories are played at a time. */
    jobs: { type: "string", default: "5" },
    /** Every so many archives are loaded by a Docker daemon; 0 for none. */
    load: { type: "string", default: "20" },
    /** Stories of kills and restarts alone. */
    kills: { type: "boolean", default: false },
    /** Stories of eight processes that share a cache. */
    shared: { type: "boolean", default: false },
    /** Stories of sets. */
    sets: { type: "boolean", default: false },
    /** Stories of streams. */
    streams: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
const runs = Number(values.runs);
const absent = missing("docker-registry");
if (absent) {
  console.log(`Nothing to soak with: ${absent}`);
  console.log("0 passed, 0 failed, 1 skipped");
  process.exit(0);
}

const folder = mkdtempSync(join(realpathSync(tmpdir()), "docker-pull-soak-"));
const registry = await startDockerRegistry({ folder });
const images = await buildSoakImages();
await pushSoakImages(images, registry.url);
const load = missingRoot("dockerd", "docker") ? 0 : Number(values.load);
let engine: Engine | undefined;
const context = {
  upstream: registry.host,
  images,
  folder,
  killsOnly: values.kills,
};

const injected = new Map<Fault, number>();
const failed: string[] = [];
let done = 0, kills = 0, attempts = 0, loaded = 0, broken = 0;
const worst = { ratio: 0, seed: "" };
const errors = new Map<string, number>();
const start = performance.now();
// The runtime opens something with its first thread, and keeps it.
const first = new Thread();
await first.port.ask({ kind: "close", blob: 0 });
first.close();
const handles = openFiles();

const queue = values.only !== undefined
  ? [values.only]
  : Array.from({ length: runs }, (_, i) => `${values.seed}-${i + 1}`);
await Promise.all(Array.from({ length: Number(values.jobs) }, async () => {
  let seed;
  while ((seed = queue.shift()) !== undefined) {
    try {
      const play = values.streams
        ? playStreamStory
        : values.sets
        ? playSetStory
        : values.shared
        ? playSharedStory
        : undefined;
      if (play) {
        const result = await play(seed, context);
        done++;
        kills += result.kills;
        compare(seed, result.ratio);
        if (values.verbose) console.log(`${seed}: ${result.ratio.toFixed(3)}`);
        continue;
      }
      const result = await playStory(seed, context);
      count(result);
      compare(seed, result.ratio);
      if (values.verbose) {
        console.log(
          `${seed}: ${result.title}: ${result.ratio.toFixed(3)}, ` +
            `${result.attempts} attempts`,
        );
        for (const failure of result.failures) console.log(`  ${failure}`);
      }
      if (load > 0 && done % load === 0) await loadIt(result);
      rmSync(result.folder, { recursive: true, force: true });
    } catch (error) {
      failed.push(seed);
      console.log(`FAILED ${seed}: ${(error as Error).message}`);
      console.log(
        `  again: deno task soak --only ${seed}${
          (["kills", "shared", "sets", "streams"] as const).filter((name) =>
            values[name]
          ).map((name) => ` --${name}`).join("")
        }`,
      );
    }
    if (done % 50 === 0 && done > 0) console.log(`${done} of ${runs} …`);
  }
}));

function compare(seed: string, ratio: number): void {
  if (ratio > worst.ratio) Object.assign(worst, { ratio, seed });
}

function count(result: StoryResult): void {
  done++;
  kills += result.kills;
  attempts += result.attempts;
  broken += result.failures.length;
  for (const [fault, times] of result.injected) {
    injected.set(fault, (injected.get(fault) ?? 0) + times);
  }
  for (const failure of result.failures) {
    const kind = failure.replaceAll(/[0-9a-f]{64}|\d+/g, "N");
    errors.set(kind, (errors.get(kind) ?? 0) + 1);
  }
}

/** Docker takes the archive and sees the layers that were pushed. */
async function loadIt({ archive, image }: StoryResult): Promise<void> {
  engine ??= await startDockerd(join(folder, "docker"));
  engine.run("load", "-i", archive);
  const id = image.image.config.descriptor.digest;
  const layers = JSON.parse(
    engine.run("image", "inspect", "-f", "{{json .RootFS.Layers}}", id),
  );
  if (layers.join() !== image.image.diffIds.join()) {
    throw new Error("Docker sees other layers");
  }
  loaded++;
}

/** How many files and sockets this process has open, where that can be told. */
function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

// What was closed a moment ago may take one to be gone.
let left = openFiles() - handles;
for (let i = 0; i < 40 && left > 0; i++) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  left = openFiles() - handles;
}
const leaks = left > 0 ? [`${left} files or sockets are still open`] : [];
const forgotten = readdirSync(folder).filter((name) =>
  /^(?:story|set|stream)-/.test(name)
);
if (forgotten.length > 0) leaks.push(`${forgotten.length} folders are left`);

await engine?.stop();
await registry.stop();
rmSync(folder, { recursive: true, force: true });

const seconds = Math.round((performance.now() - start) / 1000);
console.log(`\n| fault | injected |\n|---|---|`);
for (const fault of FAULTS) {
  console.log(`| ${fault} | ${injected.get(fault) ?? 0} |`);
}
console.log(`| kill -9 | ${kills} |`);
console.log(
  `\n${attempts} pulls, of which ${broken} ended with an error and were made ` +
    `again; ${loaded} archives loaded by Docker; at most ` +
    `${worst.ratio.toFixed(3)} of the bytes wanted and destroyed ` +
    `(${worst.seed}); ${seconds} s`,
);
for (const [error, times] of errors) console.log(`  ${times} × ${error}`);
for (const leak of leaks) console.log(`LEAK: ${leak}`);
console.log(
  `${done} passed, ${failed.length + leaks.length} failed, 0 skipped`,
);
process.exit(failed.length + leaks.length > 0 ? 1 : 0);
