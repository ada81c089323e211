/**
 * The npm package, as its user has it: packed from the sources, installed in
 * an empty folder with Node alone, and nothing beside it.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { withFolder } from "./credentials/fixture.ts";
import { PACKAGE } from "../tasks/budgets.js";
import { run } from "./fixtures/command.ts";
import { buildImage } from "./fixtures/mod.ts";
import { test } from "./harness.ts";
import { FakeRegistry } from "./registry_server/mod.ts";

const TYPESCRIPT = "typescript@5.9.3";
const root = fileURLToPath(new URL("..", import.meta.url));
const npm = import.meta.resolve("@std/assert").startsWith("file:");
const skip = !("Deno" in globalThis)
  ? "it is the same for all, and tested under Deno"
  : !npm && "the bundle is made by Bun, which npm ci installs";

/** Whether the compiler can be had; the tests themselves have none. */
function withoutTypeScript(): string | false {
  const { status } = spawnSync("npm", ["view", TYPESCRIPT, "version"]);
  return status !== 0 && "TypeScript cannot be fetched from npm";
}

/** A package of the sources, installed; and an image to pull. */
function inProject(
  body: (project: { path: string; image: string }) => Promise<void>,
): Promise<void> {
  return withFolder(async ({ path: folder }) => {
    const path = join(folder, "project");
    await mkdir(path);
    const packed = await run(
      ["node", join(root, "tasks/pack.js"), folder],
      { cwd: root },
    );
    assertEquals(packed.code, 0, packed.stderr);
    const [tarball = ""] = (await readdir(folder))
      .filter((name) => name.endsWith(".tgz"));
    const { length } = await readFile(join(folder, tarball));
    assert(length <= PACKAGE, `${length} bytes: what has made it larger?`);
    await writeFile(
      join(path, "package.json"),
      JSON.stringify({ private: true, type: "module" }),
    );
    const { code, stderr } = await run(
      ["npm", "install", "--offline", "--no-audit", join(folder, tarball)],
      { cwd: path },
    );
    assertEquals(code, 0, stderr);
    const registry = new FakeRegistry();
    registry.add("team/app", await buildImage(), "1");
    const served = await registry.serve();
    try {
      await body({ path, image: `${served.host}/team/app:1` });
    } finally {
      await served.close();
    }
  });
}

const PROGRAM = `import { pull, type PullOptions } from "docker-pull";

const options: PullOptions = {
  platform: "linux/amd64",
  output: "typed.tar",
  onEvent: (event) => {
    if (event.type === "planned") console.log(event.layers.length, "layers");
  },
};
const { path, size } = await pull(process.argv[2], options);
console.log(path satisfies string, size satisfies number);
// @ts-expect-error: it is no number
export const wrong: number = path;
declare const process: { argv: string[] };
`;

test(
  "the npm package is the command and the library, and brings nothing else",
  {
    skip,
  },
  () =>
    inProject(async ({ path, image }) => {
      const installed = (await readdir(join(path, "node_modules")))
        .filter((name) => !name.startsWith("."));
      assertEquals(installed, ["docker-pull"]);
      const { version } = JSON.parse(
        await readFile(join(root, "package.json"), "utf8"),
      );
      const told = await run(["npx", "docker-pull", "--version"], {
        cwd: path,
      });
      assertEquals(told.stdout, `docker-pull ${version}\n`, told.stderr);
      const pulled = await run(
        ["npx", "docker-pull", "-q", "--platform=linux/amd64", image],
        { cwd: path },
      );
      assertEquals(pulled.code, 0, pulled.stderr);
      assert((await readFile(join(path, pulled.stdout.trim()))).length > 1000);
      await writeFile(
        join(path, "program.js"),
        PROGRAM.replace(", type PullOptions", "").replace(": PullOptions", "")
          .replace(/ satisfies \w+/g, "").replace(": number", "")
          .replace(/^declare.*$/m, ""),
      );
      const program = await run(["node", "program.js", image], { cwd: path });
      assertEquals(program.code, 0, program.stderr);
      assertMatch(program.stdout, /^1 layers\ntyped\.tar \d+\n$/);
    }),
);

test("the types of the npm package hold, without those of Node", {
  skip: skip || withoutTypeScript(),
}, () =>
  inProject(async ({ path }) => {
    const { code, stderr } = await run(
      ["npm", "install", "--prefer-offline", "--no-audit", TYPESCRIPT],
      { cwd: path },
    );
    assertEquals(code, 0, stderr);
    await writeFile(join(path, "program.ts"), PROGRAM);
    const tsc = "node_modules/typescript/bin/tsc";
    for (const module of ["nodenext", "preserve"]) {
      const checked = await run([
        ...["node", tsc, "--noEmit", "--strict", "--target", "es2022"],
        ...["--module", module, "--exactOptionalPropertyTypes", "program.ts"],
      ], { cwd: path, env: { PATH: process.env.PATH! } });
      assertEquals(checked.stdout, "", module);
      assertEquals(checked.code, 0, module);
    }
  }));
