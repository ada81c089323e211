// @ts-check
/**
 * Where Deno and Bun are, and which configuration Deno takes. Plain JavaScript
 * over node: built-ins, because it runs before that is known: under Node with
 * `npm run`, under Node or Deno with `deno task`, which runs `node FILE` itself
 * where there is no Node. (A task that named `deno` would get the native
 * executable of node_modules/.bin, and `deno task` would take that for a
 * script.)
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The checkout's folder. */
export const root = resolve(fileURLToPath(import.meta.url), "../..");

const require = createRequire(import.meta.url);
const suffix = process.platform === "win32" ? ".exe" : "";
const installed = existsSync(join(root, "node_modules/@std/cli"));

/** Whether `deno task` started this, and not npm or a person. */
const byDenoTask = /^deno\//.test(process.env.npm_config_user_agent ?? "");

/** @param {string} id @returns {string | undefined} */
function inNodeModules(id) {
  try {
    return require.resolve(id);
  } catch {
    return undefined;
  }
}

/** @returns {string | undefined} */
function onPath() {
  // `deno task` puts the .bin folders of this and all outer folders first.
  const inBin = /node_modules[\\/]\.bin$/;
  return (process.env.PATH ?? "").split(delimiter)
    .sort((a, b) => Number(inBin.test(a)) - Number(inBin.test(b)))
    .map((dir) => join(dir, `deno${suffix}`))
    .find((file) => existsSync(file));
}

/** The Deno to run: the one that runs this, or the person's, or npm's. */
export function denoPath() {
  if ("Deno" in globalThis) return process.execPath;
  const { platform, arch } = process;
  const name = `${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`;
  const pinned = inNodeModules(`@deno/${name}/deno${suffix}`) ??
    inNodeModules(`deno/deno${suffix}`);
  const found = byDenoTask ? onPath() ?? pinned : pinned ?? onPath();
  if (found === undefined) fail("Cannot find Deno: run npm ci first");
  return found;
}

/** The Bun that `npm ci` installed, whether or not its install script ran. */
export function bunPath() {
  const { platform, arch } = process;
  const name = `${platform === "win32" ? "windows" : platform}-${
    arch === "arm64" ? "aarch64" : arch
  }`;
  const found = inNodeModules(`@oven/bun-${name}/bin/bun${suffix}`) ??
    inNodeModules("bun/bin/bun.exe");
  if (found === undefined) fail("Cannot find Bun: run npm ci first");
  return found;
}

/** The Node that runs this, or the one on the PATH. */
export function nodePath() {
  const own = !("Deno" in globalThis) && !("Bun" in globalThis);
  return own ? process.execPath : "node";
}

/** The version of that Bun. */
export function bunVersion() {
  return /** @type {string} */ (require("bun/package.json").version);
}

/** @param {string} message @returns {never} */
export function fail(message) {
  console.error(message);
  process.exit(1);
}

/** The arguments that choose the npm profile, and the JSR profile. */
export const NPM = ["--config", join(root, "deno.npm.json")];
export const JSR = ["--config", join(root, "deno.json")];

async function jsrAnswers() {
  const registry = process.env.JSR_URL || "https://jsr.io/";
  try {
    const response = await fetch(new URL("@std/cli/meta.json", registry), {
      signal: AbortSignal.timeout(3000),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Whether all that the tests import of JSR is in Deno's cache. */
function jsrCached() {
  const args = ["cache", ...JSR, "--cached-only", "tests/std_test.ts"];
  return spawnSync(denoPath(), args, { cwd: root }).status === 0;
}

/** The arguments that choose the configuration. */
export async function profile() {
  if (installed && !byDenoTask) return NPM;
  if (jsrCached() || await jsrAnswers()) return JSR;
  if (installed) return NPM;
  return fail(
    "Cannot reach JSR, and the npm packages are not installed: run npm ci first",
  );
}

/**
 * Runs a program in the terminal of this one, or with its output going to an
 * open file, and resolves to its exit code.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {{ env?: Record<string, string | undefined>, output?: number }} [options]
 * @returns {Promise<number>}
 */
export function run(file, args, { env = process.env, output } = {}) {
  /** @type {import("node:child_process").StdioOptions} */
  const stdio = ["inherit", output ?? "inherit", output ?? "inherit"];
  const child = spawn(file, args, { stdio, env });
  // A terminal sends Ctrl-C to both; what only this one is sent is passed on.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("exit", (code, signal) => {
      done(
        code ?? (signal === "SIGINT" ? 130 : signal === "SIGTERM" ? 143 : 1),
      );
    });
  });
}
