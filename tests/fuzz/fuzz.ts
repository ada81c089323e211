/**
 * A fuzz run over everything that reads what others have written: `deno task
 * fuzz --inputs N --seed S`. An input that fails is played again with `--seed
 * S --only N`.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { fuzz, MOST_MEMORY } from "./run.ts";

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "200000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const inputs = Number(values.inputs);
const start = performance.now();
let told = 0;
const report = await fuzz(inputs, values.seed, {
  ...(values.only !== undefined && { only: Number(values.only) }),
  onProgress(done) {
    if (done - told < 20_000) return;
    told = done;
    console.log(`${done} of ${inputs} …`);
  },
});
for (const failure of report.failures.slice(0, 50)) console.log(failure);
console.log("| parser | inputs |\n|---|---|");
for (const [name, count] of report.inputs) {
  console.log(`| ${name} | ${count} |`);
}
const tooMuch = report.memory > MOST_MEMORY;
if (tooMuch) console.log("Too much memory was needed");
const failed = report.failures.length + Number(tooMuch);
const done = [...report.inputs.values()].reduce((a, b) => a + b, 0);
console.log(
  `\n${report.refused} refused; the slowest took ${
    Math.round(report.slowest)
  } ms; at most ${Math.round(report.memory / 2 ** 20)} MiB; ${
    Math.round((performance.now() - start) / 1000)
  } s`,
);
console.log(
  `${done - report.failures.length} passed, ${failed} failed, 0 skipped`,
);
process.exit(failed > 0 ? 1 : 0);
