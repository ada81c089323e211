/** The single file: a command where it is run, a library where it is imported. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { spawnSync } from "node:child_process";
import {
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as library from "../mod.ts";
import { BUNDLE } from "../tasks/budgets.js";
import { bunPath, denoPath } from "../tasks/runtimes.js";
import { test } from "./harness.ts";

const npm = import.meta.resolve("@std/assert").startsWith("file:");
const skip = !npm && "the bundle is made by Bun, which npm ci installs";
const node = "Deno" in globalThis || "Bun" in globalThis
  ? "node"
  : process.execPath;

/** How each runtime runs a file. */
const runtimes = (): Record<string, string[]> => ({
  Node: [node],
  Deno: [denoPath(), "run", "-A", "--no-config"],
  Bun: [bunPath()],
});

function call([program = "", ...args]: string[], cwd: string) {
  const env = { ...process.env, NODE_OPTIONS: "" };
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env,
    encoding: "utf8",
  });
  assertEquals(status, 0, stderr);
  return stdout;
}

test("the bundle is the command and the library on every runtime", {
  skip,
}, () => {
  const folder = realpathSync(
    mkdtempSync(join(tmpdir(), "docker-pull-bundle-")),
  );
  try {
    const bundle = join(folder, "docker-pull.mjs");
    const task = fileURLToPath(new URL("../tasks/bundle.js", import.meta.url));
    call([bunPath(), task, bundle], folder);
    const { size } = statSync(bundle);
    assert(size <= BUNDLE, `${size} bytes: what has made it larger?`);
    const link = join(folder, "linked.mjs");
    symlinkSync(bundle, link);
    const program = join(folder, "program.mjs");
    writeFileSync(
      program,
      `const library = await import(${
        JSON.stringify(pathToFileURL(bundle).href)
      });
      const { main, parseReference, ...rest } = library;
      console.log(JSON.stringify({
        names: Object.keys(library),
        repository: parseReference("nginx").repository,
        code: await main({ argv: ["--version"] }),
      }));`,
    );
    for (const [name, runtime] of Object.entries(runtimes())) {
      for (const file of [bundle, link]) {
        const version = call([...runtime, file, "--version"], folder);
        assertMatch(
          version,
          /^docker-pull \d+\.\d+\.\d+\n$/,
          `${name} ${file}`,
        );
      }
      // Were importing to run the command, that would miss an image.
      const [version, told = ""] = call([...runtime, program], folder)
        .split("\n");
      assertMatch(version!, /^docker-pull /, name);
      const { names, ...rest } = JSON.parse(told);
      assertEquals(rest, { repository: "library/nginx", code: 0 }, name);
      assertEquals(
        names.sort(),
        [...Object.keys(library), "main"].sort(),
        name,
      );
    }
    assert(Object.keys(library).includes("pull"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
