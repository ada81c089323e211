// @ts-check
/**
 * Makes dist/docker-pull.mjs of the npm profile: one file that Deno, Bun and
 * Node run alike with nothing installed. What cli.ts imports late stays late:
 * a module's body runs when it is first asked for, and so does what it takes
 * from the runtime.
 *
 * Bun does the work, in a process of its own where another runtime runs this.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bunPath, fail, root } from "./runtimes.js";

const { Bun } = /** @type {any} */ (globalThis);
if (Bun === undefined) {
  const script = fileURLToPath(import.meta.url);
  const { status } = spawnSync(bunPath(), [script], {
    cwd: root,
    stdio: "inherit",
  });
  process.exit(status ?? 1);
}

/**
 * An import of a built-in module would be hoisted out of the module that it
 * stands in, and all of them loaded at the start, which takes Deno and Bun
 * longer than all the rest of `--help`. A module of our own that hands it on
 * is loaded when it is needed, as any other.
 */
const lateBuiltins = {
  name: "late built-ins",
  /** @param {any} build */
  setup(build) {
    // Bun itself wants node:module in the usual way, and import() is late as
    // it is. Under their own names, the modules would take its place, too.
    build.onResolve(
      { filter: /^node:(?!module$)/ },
      (/** @type {{ path: string, kind: string }} */ { path, kind }) =>
        kind === "import-statement"
          ? { path: path.replace("node:", "late-"), namespace: "late" }
          : undefined,
    );
    build.onLoad(
      { filter: /^late-/, namespace: "late" },
      (/** @type {{ path: string }} */ { path }) => ({
        contents: `module.exports = globalThis.process.getBuiltinModule("${
          path.replace("late-", "node:")
        }");`,
        loader: "js",
      }),
    );
  },
};

const { outputs } = await Bun.build({
  entrypoints: [join(root, "cli.ts")],
  target: "node",
  format: "esm",
  minify: { whitespace: true, syntax: true },
  plugins: [lateBuiltins],
}).catch((/** @type {unknown} */ error) =>
  fail(`Cannot bundle "cli.ts":\n${error}`)
);
const bundled = await outputs[0].text();
// Bun adds this for a require() that nothing here calls.
const unused = 'import{createRequire}from"node:module";';
const code = bundled.replace(/^#!.*\n/, "").replace(unused, "");
if (/^import|createRequire/m.test(code)) {
  fail("Cannot bundle: something is imported at the start");
}
const file = join(root, "dist/docker-pull.mjs");
mkdirSync(join(root, "dist"), { recursive: true });
writeFileSync(file, `#!/usr/bin/env node\n${code}`);
chmodSync(file, 0o755);
console.log(`dist/docker-pull.mjs  ${(code.length / 1000).toFixed()} kB`);
