// @ts-check
/**
 * Makes dist/docker-pull.mjs of the npm profile: one file that Deno, Bun and
 * Node run alike with nothing installed. What cli.ts imports late stays late:
 * a module's body runs when it is first asked for.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bunPath, fail, root } from "./runtimes.js";

const file = join(root, "dist/docker-pull.mjs");
mkdirSync(join(root, "dist"), { recursive: true });
const { status, stderr } = spawnSync(bunPath(), [
  "build",
  "cli.ts",
  "--target=node",
  "--format=esm",
  "--minify-whitespace",
  "--minify-syntax",
  `--outfile=${file}`,
], { cwd: root, encoding: "utf8" });
if (status !== 0) fail(`Cannot bundle "cli.ts":\n${stderr}`);
const code = readFileSync(file, "utf8").replace(/^#!.*\n/, "");
writeFileSync(file, `#!/usr/bin/env node\n${code}`);
chmodSync(file, 0o755);
console.log(`dist/docker-pull.mjs  ${(code.length / 1000).toFixed()} kB`);
