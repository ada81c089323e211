/** The executables: that they are made, run, and are no larger than they may be. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { BY_BUN, PROGRAM_IN_DENO } from "../tasks/budgets.js";
import { denoPath } from "../tasks/runtimes.js";
import { inFolder } from "./disk/folder.ts";
import { run } from "./fixtures/command.ts";
import { test } from "./harness.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const npm = import.meta.resolve("@std/assert").startsWith("file:");
const skip = !("Deno" in globalThis)
  ? "it is the same for all, and tested under Deno"
  : !npm && "the executables are made by what npm ci installs";

const SYSTEMS: Readonly<Record<string, string>> = {
  linux: "linux",
  darwin: "macos",
  win32: "windows",
};
const { platform, arch } = process;
/** The end of the name of this system's. */
const TARGET = `${SYSTEMS[platform]}-${arch === "arm64" ? "arm64" : "x64"}` +
  (platform === "win32" ? ".exe" : "");

const compile = (args: string[], env: Record<string, string> = {}) =>
  run(["node", join(root, "tasks/compile.js"), ...args], {
    cwd: root,
    env: { ...process.env as Record<string, string>, ...env },
  });

test("Bun makes an executable that runs, of the size that it may have", {
  skip,
}, () =>
  inFolder(async (folder) => {
    const made = await compile(["--bun", "--to", folder, TARGET]);
    assertEquals(made.code, 0, made.stderr);
    const file = join(folder, `docker-pull-${TARGET}`);
    const { size } = await stat(file);
    assert(size <= BY_BUN[TARGET]!, `${size} bytes`);
    const { code, stdout } = await run([file, "--version"], { cwd: folder });
    assertEquals(code, 0);
    assert(/^docker-pull \d+\.\d+\.\d+\n$/.test(stdout), stdout);
    const sums = await readFile(join(folder, "SHA256SUMS"), "utf8");
    assertStringIncludes(sums, `  docker-pull-${TARGET}\n`);
  }));

test(
  "Deno makes one with the runtime that DENORT_BIN names",
  { skip },
  () =>
    inFolder(async (folder) => {
      // In place of one that would be downloaded: it is built, and starts as Deno.
      const DENORT_BIN = denoPath();
      const made = await compile(["--to", folder, TARGET], { DENORT_BIN });
      assertEquals(made.code, 0, made.stderr);
      const file = join(folder, `docker-pull-${TARGET}`);
      const added = (await stat(file)).size - (await stat(DENORT_BIN)).size;
      const bundle = await readFile(join(folder, "docker-pull.mjs"));
      assert(added > bundle.length, `${added} bytes are added`);
      assert(added <= PROGRAM_IN_DENO, `${added} bytes are added`);
      assert((await readFile(file)).includes("exclude each other"));
    }),
);

test(
  "one runtime is not taken for several systems, nor one that is not there",
  {
    skip,
  },
  () =>
    inFolder(async (folder) => {
      const several = ["linux-x64", "windows-x64.exe"];
      for (const targets of [[], several]) {
        const { code, stderr } = await compile(["--to", folder, ...targets], {
          DENORT_BIN: denoPath(),
        });
        assertEquals(code, 1);
        assertStringIncludes(stderr, "name the one TARGET");
      }
      const { code, stderr } = await compile(["--to", folder, "linux-x64"], {
        DENORT_BIN: join(folder, "none"),
      });
      assertEquals(code, 1);
      assertStringIncludes(stderr, "DENORT_BIN: there is no ");
    }),
);
