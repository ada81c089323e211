// @ts-check
/**
 * Makes an executable for each system in dist/, and SHA256SUMS there: `node
 * tasks/compile.js [--bun] [--to FOLDER] [TARGET...]`, where TARGET is the end
 * of a file's name, such as linux-x64, and FOLDER another than dist/. Deno's is
 * made of cli.ts where JSR is reachable, else of the bundle, because a folder of
 * npm packages would go in whole; Bun's is always made of the bundle, in
 * bytecode, which starts at once.
 *
 * Deno downloads its runtime for executables, unless DENORT_BIN names one for
 * the TARGET. With Deno itself in its place, all is made but for that: what
 * comes of it has the program in it, and starts as Deno.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { BY_BUN, BY_DENO } from "./budgets.js";
import {
  bunPath,
  bunVersion,
  denoPath,
  fail,
  JSR,
  profile,
  root,
} from "./runtimes.js";

/** The end of a file's name: what Deno and Bun call the system. */
const TARGETS = {
  "linux-x64": { deno: "x86_64-unknown-linux-gnu", bun: "linux-x64" },
  "linux-arm64": { deno: "aarch64-unknown-linux-gnu", bun: "linux-aarch64" },
  "macos-x64": { deno: "x86_64-apple-darwin", bun: "darwin-x64" },
  "macos-arm64": { deno: "aarch64-apple-darwin", bun: "darwin-aarch64" },
  "windows-x64.exe": { deno: "x86_64-pc-windows-msvc", bun: "windows-x64" },
};

/** What a pull needs, and no more: --allow-run is for credential helpers. */
const PERMISSIONS = ["net", "read", "write", "env", "run", "sys=homedir"]
  .map((name) => `--allow-${name}`);

const args = process.argv.slice(2);
const byBun = args[0] === "--bun";
if (byBun) args.shift();
const to = args[0] === "--to" ? args.splice(0, 2)[1] : undefined;
const dist = to === undefined ? join(root, "dist") : resolve(to);
for (const arg of args) {
  if (!(arg in TARGETS)) {
    fail(
      `Cannot compile for "${arg}": the targets are ${
        Object.keys(TARGETS).join(", ")
      }`,
    );
  }
}

const runtime = process.env.DENORT_BIN;
if (!byBun && runtime) {
  if (!existsSync(runtime)) fail(`DENORT_BIN: there is no "${runtime}"`);
  if (args.length !== 1) {
    fail("DENORT_BIN is the runtime of one system: name the one TARGET");
  }
}

/** @param {string} file @param {string[]} args */
function attempt(file, args) {
  const { status, stderr, error } = spawnSync(file, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", RUST_BACKTRACE: "0" },
    shell: process.platform === "win32" && file === "npm",
  });
  return { ok: status === 0, stderr: error ? error.message : stderr };
}

/** Makes the bundle. */
function bundle() {
  const file = join(dist, "docker-pull.mjs");
  const script = join(root, "tasks/bundle.js");
  const { ok, stderr } = attempt(bunPath(), [script, file]);
  if (!ok) fail(stderr);
  return file;
}

/** @returns {Promise<(target: string, file: string) => string | undefined>} */
async function denoCompiler() {
  const config = await profile();
  const entry = config === JSR ? "cli.ts" : bundle();
  const source = entry === "cli.ts" ? config : ["--no-config"];
  return (target, file) => {
    const { ok, stderr } = attempt(denoPath(), [
      "compile",
      ...source,
      ...PERMISSIONS,
      "--no-prompt",
      `--target=${target}`,
      `--output=${file}`,
      entry,
    ]);
    if (ok) return undefined;
    const url = /https?:\/\/\S*denort\S*\.zip/.exec(stderr)?.[0];
    return url ? `${url} could not be downloaded` : stderr.trim();
  };
}

/** Bun fetches its runtimes from the npm registry; where it cannot, npm can. */
function bunCompiler() {
  const version = bunVersion();
  const entry = bundle();
  return (/** @type {string} */ target, /** @type {string} */ file) => {
    /** @param {string[]} more */
    const compile = (...more) =>
      attempt(bunPath(), [
        "build",
        entry,
        "--compile",
        "--bytecode",
        "--format=esm",
        "--no-compile-autoload-dotenv",
        "--no-compile-autoload-bunfig",
        `--target=bun-${target}`,
        `--outfile=${file}`,
        ...more,
      ]);
    const first = compile();
    if (first.ok) return undefined;
    const folder = mkdtempSync(join(tmpdir(), "docker-pull-bun-"));
    try {
      const name = `@oven/bun-${target}@${version}`;
      const packed = attempt("npm", [
        "pack",
        name,
        `--pack-destination=${folder}`,
      ]);
      const tarball = readdirSync(folder)[0];
      if (!packed.ok || !tarball) return `${first.stderr}\n${packed.stderr}`;
      attempt("tar", ["-xzf", join(folder, tarball), "-C", folder]);
      const bin = join(folder, "package/bin");
      const runtime = join(bin, target.startsWith("win") ? "bun.exe" : "bun");
      const second = compile(`--compile-executable-path=${runtime}`);
      return second.ok ? undefined : second.stderr;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

mkdirSync(dist, { recursive: true });
const compile = byBun ? bunCompiler() : await denoCompiler();
const missing = [];
const sums = [];
for (const [name, targets] of Object.entries(TARGETS)) {
  const file = join(dist, `docker-pull-${name}`);
  if (args.length === 0 || args.includes(name)) {
    rmSync(file, { force: true });
    const problem = compile(byBun ? targets.bun : targets.deno, file);
    if (problem === undefined) console.log(relative(process.cwd(), file));
    else missing.push(`Cannot compile "docker-pull-${name}": ${problem}`);
    const { size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
    const most = byBun ? BY_BUN[name] : BY_DENO;
    if (most !== undefined && size > most) {
      missing.push(
        `docker-pull-${name} has ${size} bytes, and ${most} at most is what ` +
          "tasks/budgets.js allows",
      );
    }
  }
}
for (const name of readdirSync(dist).sort()) {
  if (!name.startsWith("docker-pull")) continue;
  const hash = createHash("sha256").update(readFileSync(join(dist, name)));
  sums.push(`${hash.digest("hex")}  ${name}\n`);
}
writeFileSync(join(dist, "SHA256SUMS"), sums.join(""));
if (missing.length > 0) fail(missing.join("\n"));
