/** The benchmark as it is started: what it lists, measures, keeps, resumes. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { PROGRAMS } from "../../bench/options.ts";
import type { Report } from "../../bench/report.ts";
import { denoPath, profile } from "../../tasks/runtimes.js";
import { inFolder } from "../disk/folder.ts";
import { deferred, test } from "../harness.ts";

const main = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
/** No program of others, whatever this machine has. */
const NONE = PROGRAMS.flatMap((name) => ["--program", `${name}=`]);

async function bench(
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const all = ["run", "-A", ...await profile(), main, ...NONE, ...args];
  const child = spawn(denoPath(), all, {
    env: { ...process.env, BENCH_PROGRAMS: "", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => text.stdout += chunk);
  child.stderr.on("data", (chunk) => text.stderr += chunk);
  const ended = deferred<number | null>();
  child.once("close", (code) => ended.resolve(code));
  const code = await ended.promise;
  return { code, ...text };
}

test("without any program of others, each row that needs one says so", async () => {
  const { code, stdout, stderr } = await bench("--list");
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /crane pull \(not run: there is no crane\)/);
  assertMatch(stdout, /C floor \(not run: there is no C compiler\)/);
  assertMatch(stdout, /no cache \(not run: there is no docker-registry\)/);
  assertMatch(stdout, /\n {2}docker-pull, 20 images that share layers\n/);
});

test("a case and a row that there is none of are refused", async () => {
  const unknown = await bench("--cases", "none");
  assertEquals(unknown.code, 1);
  assertMatch(unknown.stderr, /Cannot run case "none": there are the groups/);
  const row = await bench("--rows", "none at all");
  assertEquals(row.code, 1);
  assertMatch(row.stderr, /no row has that name/);
});

test("what is measured is kept, counted, and not measured again", () =>
  inFolder(async (folder) => {
    const results = join(folder, "results");
    const args = [
      "--quick",
      "--json",
      "--resume",
      "--cases",
      "set,push",
      "--results",
      results,
    ];
    const first = await bench(...args);
    assertEquals(first.code, 0, first.stderr);
    const { cases }: Report = JSON.parse(first.stdout);
    assertEquals(cases.map(({ id }) => id), ["set", "push"]);
    const [set, push] = cases;
    for (const { name, samples } of set!.rows) {
      assertEquals(samples.length, 1, name);
      assert(samples[0]!.bytes > 7e6, name);
    }
    // The network has each blob once, whoever shares it.
    const wire = set!.targets.find(({ metric }) => metric === "bytes");
    assertEquals(wire?.ok, true, JSON.stringify(wire));
    assertEquals(
      push!.rows.map(({ skipped }) => skipped),
      push!.rows.map(() => "there is no docker-registry"),
    );
    assertMatch(first.stderr, /8 rows: 2 measured, 6 not run, 0 failed/);
    for (const name of ["RESULTS.md", "results.json", "results.svg"]) {
      assert(existsSync(join(results, name)), name);
    }
    const page = await readFile(join(results, "RESULTS.md"), "utf8");
    assertMatch(page, /20 images that share layers/);
    const second = await bench(...args);
    assertEquals(second.code, 0, second.stderr);
    assertMatch(second.stderr, /20 images .*: is there already/);
    assertMatch(second.stderr, /6 rows: 0 measured, 6 not run, 0 failed/);
  }));
