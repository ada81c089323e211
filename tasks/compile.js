// @ts-check
/**
 * Makes an executable for each system in dist/, and dist/SHA256SUMS: `node
 * tasks/compile.js [--bun] [TARGET...]`, where TARGET is the end of a file's
 * name, such as linux-x64. Deno's is made of cli.ts where JSR is reachable,
 * else of the bundle, because a folder of npm packages would go in whole;
 * Bun's is always made of the bundle, in bytecode, which starts at once.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
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

const dist = join(root, "dist");
const args = process.argv.slice(2);
const byBun = args[0] === "--bun";
if (byBun) args.shift();
for (const arg of args) {
  if (!(arg in TARGETS)) {
    fail(
      `Cannot compile for "${arg}": the targets are ${
        Object.keys(TARGETS).join(", ")
      }`,
    );
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
  const { ok, stderr } = attempt(bunPath(), [join(root, "tasks/bundle.js")]);
  if (!ok) fail(stderr);
  return "dist/docker-pull.mjs";
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
    if (problem === undefined) console.log(`dist/docker-pull-${name}`);
    else missing.push(`Cannot compile "docker-pull-${name}": ${problem}`);
  }
}
for (const name of readdirSync(dist).sort()) {
  if (!name.startsWith("docker-pull")) continue;
  const hash = createHash("sha256").update(readFileSync(join(dist, name)));
  sums.push(`${hash.digest("hex")}  ${name}\n`);
}
writeFileSync(join(dist, "SHA256SUMS"), sums.join(""));
if (missing.length > 0) fail(missing.join("\n"));
