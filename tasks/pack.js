// @ts-check
/**
 * Makes the npm package of the sources: `node tasks/pack.js [FOLDER]` puts
 * docker-pull-VERSION.tgz into dist/ or that folder. In it are the bundle,
 * which is the command and the library, and the types of what it exports, as
 * Deno takes them from the sources. It depends on nothing.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { bunPath, denoPath, fail, root } from "./runtimes.js";

const target = resolve(process.argv[2] ?? join(root, "dist"));
mkdirSync(target, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), "docker-pull-pack-"));
const packed = join(folder, "package");

/** @param {string} name */
function readJson(name) {
  return JSON.parse(readFileSync(join(root, name), "utf8"));
}

/** @param {string} file @param {string[]} args @param {string} [cwd] */
function call(file, args, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    shell: process.platform === "win32" && file === "npm",
  });
  if (status !== 0) fail(`Cannot pack:\n${error?.message ?? stderr}`);
  return stdout;
}

/** The types of what is exported, and of nothing else. */
function writeTypes() {
  // Paths in it are relative to it, so it lies where the sources are.
  const config = join(root, `.deno.pack-${process.pid}.json`);
  const { version } = readJson("deno.json");
  writeFileSync(
    config,
    JSON.stringify({
      ...readJson("deno.npm.json"),
      name: "@x/docker-pull",
      version,
      exports: "./mod.ts",
    }),
  );
  const archive = join(folder, "types.tgz");
  try {
    call(denoPath(), [
      ...["pack", "--config", config, "--allow-dirty", "--no-source-maps"],
      ...["--quiet", `--output=${archive}`],
      // A part of a path after which everything is left out.
      ...["dist", "npm", "tests", "bench", "examples", "docs", "tasks"]
        .map((name) => `--ignore=${name}/`),
    ]);
  } finally {
    rmSync(config);
  }
  const all = join(folder, "types");
  mkdirSync(all);
  call("tar", ["-xzf", archive, "-C", all]);
  const files = readdirSync(join(all, "package"), { recursive: true })
    .map(String).filter((name) => /^(?:mod|lib\b.*)\.d\.ts$/.test(name));
  for (const name of files) {
    const file = join(packed, "types", name);
    mkdirSync(dirname(file), { recursive: true });
    const text = readFileSync(join(all, "package", name), "utf8");
    writeFileSync(file, text.replaceAll("@x/docker-pull", "docker-pull"));
  }
  if (!files.includes("mod.d.ts")) fail("Cannot pack: there are no types");
}

try {
  mkdirSync(packed);
  const bundle = join(packed, "docker-pull.mjs");
  call(bunPath(), [join(root, "tasks/bundle.js"), bundle]);
  writeTypes();
  for (const name of ["README.md", "LICENSE"]) {
    copyFileSync(join(root, name), join(packed, name));
  }
  const { name, version, description, license, type, engines } = readJson(
    "package.json",
  );
  writeFileSync(
    join(packed, "package.json"),
    JSON.stringify(
      {
        ...{ name, version, description, license, type, engines },
        keywords: ["docker", "oci", "container", "image", "pull", "registry"],
        bin: { "docker-pull": "docker-pull.mjs" },
        exports: {
          ".": { types: "./types/mod.d.ts", default: "./docker-pull.mjs" },
          "./package.json": "./package.json",
        },
      },
      null,
      2,
    ) + "\n",
  );
  const [line = ""] = call("npm", [
    ...["pack", "--silent", `--pack-destination=${target}`],
  ], packed).trim().split("\n").slice(-1);
  console.log(relative(process.cwd(), join(target, line)));
} finally {
  rmSync(folder, { recursive: true });
}
