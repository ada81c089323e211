// @ts-check
/**
 * Makes dist/docker-pull.mjs of the npm profile: one file that Deno, Bun and
 * Node run alike with nothing installed. As the main module it is the command;
 * imported, it is the library, with `main` beside it. What is imported late
 * stays late: a module's body runs when it is first asked for, and so does
 * what it takes from the runtime.
 *
 * Bun does the work, in a process of its own where another runtime runs this:
 * `node tasks/bundle.js [FILE]`.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bunPath, fail, root } from "./runtimes.js";

const { Bun } = /** @type {any} */ (globalThis);
if (Bun === undefined) {
  const script = fileURLToPath(import.meta.url);
  const args = [script, ...process.argv.slice(2)];
  const { status } = spawnSync(bunPath(), args, { stdio: "inherit" });
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
    // As packages of CommonJS write it.
    build.onResolve(
      { filter: /^[a-z_/]+$/ },
      (/** @type {{ path: string, kind: string }} */ { path, kind }) =>
        kind === "require-call" && isBuiltin(path)
          ? { path: `late-${path}`, namespace: "late" }
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

/** @param {Record<string, unknown>} library */
const entryText = (library) => `
  import { main } from ${JSON.stringify(join(root, "cli/main.ts"))};
  const { process } = globalThis;
  // Node tells by itself from version 24 on only.
  const { main: told } = import.meta;
  const isMain = told ?? await (async () => {
    const { realpathSync } = await import("node:fs");
    const { fileURLToPath } = await import("node:url");
    try {
      return realpathSync(process.argv[1]) ===
        realpathSync(fileURLToPath(import.meta.url));
    } catch {
      return false;
    }
  })();
  // The command loads of the library what it needs.
  const library = isMain ? {} : await import(${
  JSON.stringify(join(root, "mod.ts"))
});
  export const { ${Object.keys(library).join(", ")} } = library;
  export { main };
  if (isMain) process.exit(await main());
`;

const file = resolve(process.argv[2] ?? join(root, "dist/docker-pull.mjs"));
mkdirSync(dirname(file), { recursive: true });
const entry = `${file}.entry.js`;
writeFileSync(entry, entryText(await import(join(root, "mod.ts"))));
const { outputs } = await Bun.build({
  entrypoints: [entry],
  target: "node",
  format: "esm",
  // That of mod.ts, which is not the main module here.
  define: { "import.meta.main": "false" },
  minify: { whitespace: true, syntax: true },
  plugins: [lateBuiltins],
}).catch((/** @type {unknown} */ error) => fail(`Cannot bundle:\n${error}`))
  .finally(() => rmSync(entry));
const bundled = await outputs[0].text();
// Bun adds this for a require() that nothing here calls.
const unused = 'import{createRequire}from"node:module";';
const code = bundled.replace(/^#!.*\n/, "").replace(unused, "");
if (/^import|createRequire/m.test(code)) {
  fail("Cannot bundle: something is imported at the start");
}
writeFileSync(file, `#!/usr/bin/env node\n${code}`);
chmodSync(file, 0o755);
console.log(`${relative(root, file)}  ${(code.length / 1000).toFixed()} kB`);
