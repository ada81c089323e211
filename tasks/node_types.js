// @ts-check
/**
 * Lets Node 20 import the sources, whose types it does not know: Bun takes
 * them away, once for all files, and Node is given the rest in place of each,
 * under its own address. In a process of Node, which `NODE_OPTIONS=--import`
 * has load this file, it registers what does so.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { register } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { bunPath, root } from "./runtimes.js";

/** The variable that names the file with the sources without types. */
const SOURCES = "NODE_WITHOUT_TYPES";
const FOLDERS = ["lib", "cli", "tests", "npm", "bench", "examples"];

const TRANSPILE = `
  const [root, file, ...names] = JSON.parse(await Bun.stdin.text());
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  const all = {};
  for (const name of names) {
    const text = await Bun.file(root + "/" + name).text();
    all[name] = transpiler.transformSync(text);
  }
  await Bun.write(file, JSON.stringify(all));
`;

/**
 * Takes the types away.
 *
 * @param {string} file Where the sources without types are put.
 * @returns {Record<string, string>} The variables that processes of Node want.
 */
export function withoutTypes(file) {
  const names = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((name) => join(folder, String(name)))
  ).concat(readdirSync(root)).filter((name) => name.endsWith(".ts"));
  const { status, stderr } = spawnSync(bunPath(), ["-e", TRANSPILE], {
    input: JSON.stringify([root, file, ...names]),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  const self = pathToFileURL(join(root, "tasks/node_types.js")).href;
  return { [SOURCES]: file, NODE_OPTIONS: `--import=${self}` };
}

/** Runs in a thread of Node's own, and refers to nothing outside of itself. */
const HOOKS = `
  let sources, base;
  export function initialize(data) {
    ({ sources, base } = data);
  }
  export function load(url, context, next) {
    const name = url.startsWith(base) ? url.slice(base.length) : "";
    return Object.hasOwn(sources, name)
      ? { format: "module", source: sources[name], shortCircuit: true }
      : next(url, context);
  }
`;

if (process.env[SOURCES] && !("Bun" in globalThis) && !("Deno" in globalThis)) {
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, {
    data: {
      sources: JSON.parse(readFileSync(process.env[SOURCES], "utf8")),
      base: pathToFileURL(`${root}/`).href,
    },
  });
}
