// @ts-check
/**
 * Runs the tests, and the examples of the documentation, under Deno: `node
 * tasks/test.js [ARGS]`, or the tests under Bun or Node: `node tasks/test.js
 * --bun|--node [ARGS]`. ARGS go to the runner; files among them, and folders,
 * replace the default ones. Shows what failed, what was skipped and why, and at
 * the end the totals and the time; with --verbose, all that the runner says.
 */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { withoutTypes } from "./node_types.js";
import { bunPath, denoPath, nodePath, profile, root, run } from "./runtimes.js";

process.chdir(root);
const started = performance.now();
const given = process.argv.slice(2).filter((arg) => arg !== "--verbose");
const verbose = process.argv.includes("--verbose");
const runtime = given[0] === "--bun"
  ? "Bun"
  : given[0] === "--node"
  ? "Node"
  : "Deno";
if (runtime !== "Deno") given.shift();
const folder = mkdtempSync(join(tmpdir(), "docker-pull-test-"));
// Some tests run the sources as another user.
chmodSync(folder, 0o755);
const report = join(folder, "junit.xml");
const log = join(folder, "output.txt");
const output = verbose ? undefined : openSync(log, "w");
const named = given.some((arg) => !arg.startsWith("-"));

/** The leak sanitizers are off by default since Deno 2.8. */
const denoArgs = async () => [
  "test",
  ...await profile(),
  "--quiet",
  "--allow-all",
  "--sanitize-ops",
  "--sanitize-resources",
  `--junit-path=${report}`,
  ...given,
  ...named ? [] : [
    "--doc",
    ...["tests", "lib", "mod.ts", "README.md"]
      .filter((path) => existsSync(path)),
  ],
];
const bunArgs = () => [
  "test",
  "--reporter=junit",
  `--reporter-outfile=${report}`,
  ...given,
  ...named ? [] : ["tests"],
];

/** Node takes files, and no folders, and its own options before them. */
const nodeArgs = () => [
  "--test",
  "--test-reporter=spec",
  "--test-reporter-destination=stdout",
  "--test-reporter=junit",
  `--test-reporter-destination=${report}`,
  ...given.filter((arg) => arg.startsWith("-")),
  ...(named ? given.filter((arg) => !arg.startsWith("-")) : ["tests"])
    .flatMap((path) =>
      existsSync(path) && statSync(path).isDirectory()
        ? readdirSync(path, { recursive: true })
          .map((name) => join(path, String(name)))
          .filter((name) => name.endsWith("_test.ts"))
        : path
    ),
];

/** Everywhere, some tests ask Deno about the sources. */
const PATH = `${process.env.PATH}${delimiter}${dirname(denoPath())}`;

async function runTests() {
  const env = { ...process.env, PATH };
  if (runtime === "Bun") {
    return await run(bunPath(), bunArgs(), { env, output });
  }
  if (runtime === "Deno") {
    return await run(denoPath(), await denoArgs(), { output });
  }
  const types = withoutTypes(join(folder, "sources.json"));
  return await run(nodePath(), nodeArgs(), {
    env: { ...env, ...types },
    output,
  });
}

const code = await runTests();

/** What the runner says of all but the tests that pass. */
function ofFailures() {
  // deno-lint-ignore no-control-regex
  const colours = /\x1b\[[\d;]*m/g;
  return readFileSync(log, "utf8").split("\n").filter((line) =>
    !/ \.\.\. (?:ok|ignored) \(|^running \d+ tests? from|^\((?:pass|skip)\)|^ *[✔﹣] /
      .test(line.replace(colours, ""))
  ).join("\n");
}

if (code !== 0 && !verbose) console.log(ofFailures());

/** @param {string} text */
function unescape(text) {
  /** @type {Record<string, string>} */
  const names = { quot: '"', apos: "'", lt: "<", gt: ">", amp: "&" };
  return text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (_, hex, dec, name) =>
      names[name] ??
        String.fromCodePoint(hex ? parseInt(hex, 16) : Number(dec)),
  );
}

const xml = existsSync(report) ? readFileSync(report, "utf8") : "";
rmSync(folder, { recursive: true });
const cases = [...xml.matchAll(
  /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
)].map(([, attributes = "", inside = ""]) => ({
  name: unescape(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? ""),
  skipped: inside.includes("<skipped"),
  failed: /<(failure|error)\b/.test(inside),
}));
const skipped = cases.filter((test) => test.skipped);
const failed = cases.filter((test) => test.failed).length;
if (skipped.length > 0) console.log(`Skipped under ${runtime}:`);
for (const { name } of skipped) console.log(`  ${name}`);
const passed = cases.length - skipped.length - failed;
const broken = code !== 0 && failed === 0 ? 1 : failed;
const seconds = Math.round((performance.now() - started) / 1000);
console.log(`It took ${seconds} s.`);
console.log(`${passed} passed, ${broken} failed, ${skipped.length} skipped`);
process.exitCode = code;
