/** What goes along with a release: its papers, and the GitHub Action. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { NO_SCRIPTS, withFolder } from "./credentials/fixture.ts";
import { run } from "./fixtures/command.ts";
import { buildImage } from "./fixtures/mod.ts";
import { test } from "./harness.ts";
import { FakeRegistry } from "./registry_server/mod.ts";
import { serve } from "./registry_server/serve.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const npm = import.meta.resolve("@std/assert").startsWith("file:");
const URL_OF_FILES = "https://release.example/v1";
const ENDS = [
  ...["linux-x64", "linux-arm64", "macos-x64", "macos-arm64"],
  "windows-x64.exe",
];

const digestOf = (text: string) =>
  createHash("sha256").update(text).digest("hex");

const package_ = (dist: string) =>
  run(["node", join(root, "tasks/packaging.js"), URL_OF_FILES, dist], {
    cwd: root,
  });

test("packaging.js writes what SHA256SUMS and the lock say", () =>
  withFolder(async ({ path }) => {
    const sums = ENDS.map((end) => `${digestOf(end)}  docker-pull-${end}\n`);
    await writeFile(join(path, "SHA256SUMS"), sums.join(""));
    const { code, stderr } = await package_(path);
    assertEquals(code, 0, stderr);
    const text = (name: string) => readFile(join(path, name), "utf8");
    const formula = await text("docker-pull.rb");
    for (const end of ENDS.slice(0, 4)) {
      assertStringIncludes(
        formula,
        `url "${URL_OF_FILES}/docker-pull-${end}"\n      sha256 "${
          digestOf(end)
        }"`,
      );
    }
    const scoop = JSON.parse(await text("docker-pull.json"));
    assertEquals(
      scoop.architecture["64bit"].hash,
      digestOf("windows-x64.exe"),
    );
    const build = await text("PKGBUILD");
    assertStringIncludes(build, `sha256sums_x86_64=(${digestOf("linux-x64")})`);
    const sbom = JSON.parse(await text("sbom.cdx.json"));
    const names = sbom.components.map(({ name }: { name: string }) => name);
    for (const name of ["socks", "yaml"]) assert(names.includes(name), name);
    for (const name of ["bun", "deno", "fast-check"]) {
      assert(!names.includes(name), name);
    }
    for (const { purl, hashes, licenses } of sbom.components) {
      assertEquals(hashes[0].content.length, 128, purl);
      assert(licenses[0].license.id, purl);
    }
    const first = await text("sbom.cdx.json");
    await package_(path);
    assertEquals(await text("sbom.cdx.json"), first);
  }));

test("packaging.js names the executable that is missing", () =>
  withFolder(async ({ path }) => {
    await writeFile(join(path, "SHA256SUMS"), "");
    const { code, stderr } = await package_(path);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "SHA256SUMS has no docker-pull-");
  }));

/** The action, as far as it goes to run its one step. */
interface Action {
  inputs: Record<string, { required?: boolean; default?: string }>;
  outputs: Record<string, { value: string }>;
  runs: { steps: { id: string; run: string; env: Record<string, string> }[] };
}

/** Runs the steps of action.yml as GitHub does, with these inputs. */
async function act(
  folder: string,
  given: Record<string, string>,
): Promise<{ code: number; stderr: string; outputs: Record<string, string> }> {
  const action: Action = parse(
    await readFile(join(root, "action.yml"), "utf8"),
  );
  const values: Record<string, string> = {};
  for (
    const [name, { required, default: own }] of Object.entries(action.inputs)
  ) {
    assert(!required || name in given, `${name} is required`);
    values[`inputs.${name}`] = given[name] ?? own ?? "";
  }
  const expand = (text: string) =>
    text.replace(/\$\{\{ ([\w.]+) \}\}/g, (_, name) => {
      assert(name in values, name);
      return values[name]!;
    });
  for (const { id, run: line, env } of action.runs.steps) {
    // What is no variable could be code.
    assert(!line.includes("${{"), line);
    const output = join(folder, `output-${id}`);
    const { code, stderr } = await run(["sh", "-e", "-c", line], {
      cwd: folder,
      env: {
        PATH: process.env.PATH!,
        GITHUB_ACTION_PATH: root,
        GITHUB_OUTPUT: output,
        RUNNER_TEMP: folder,
        HOME: folder,
        ...Object.fromEntries(
          Object.entries(env).map(([name, text]) => [name, expand(text)]),
        ),
      },
    });
    if (code !== 0) return { code, stderr, outputs: {} };
    const text = await readFile(output, "utf8");
    const pattern = /^(\w+)<<(.+)\n([^]*?)\n\2$/gm;
    for (const [, name, , value = ""] of text.matchAll(pattern)) {
      values[`steps.${id}.outputs.${name}`] = value;
    }
  }
  const outputs = Object.fromEntries(
    Object.entries(action.outputs).map((
      [name, { value }],
    ) => [name, expand(value)]),
  );
  return { code: 0, stderr: "", outputs };
}

test("the action runs what has the digest, with inputs that are no code", {
  skip: NO_SCRIPTS,
}, () =>
  withFolder(async ({ path }) => {
    const program = `console.log(process.argv.slice(2).join("|") + "\\nb");`;
    const served = await serve(() => Promise.resolve(new Response(program)));
    const inputs = {
      images: "nginx:1.27\n$(touch x) * --force",
      output: "all images.tar",
      platform: "linux/arm64",
      release: served.url,
    };
    try {
      const refused = await act(path, { ...inputs, sha256: "0".repeat(64) });
      assertEquals(refused.code, 9);
      assertStringIncludes(refused.stderr, "is not what sha256 says");
      const sha256 = digestOf(program);
      const stdout = await act(path, { ...inputs, sha256, output: "-" });
      assertEquals(stdout.code, 2);
      const done = await act(path, { ...inputs, sha256 });
      assertEquals(done.code, 0, done.stderr);
      assertEquals(done.outputs, {
        path: "--quiet|-o|all images.tar|--platform|linux/arm64|--|" +
          "nginx:1.27|$(touch|x)|*|--force\nb",
      });
      assertEquals(existsSync(join(path, "x")), false);
    } finally {
      await served.close();
    }
  }));

test("the action pulls images with the file of a release", {
  skip: NO_SCRIPTS ||
    !npm && "the bundle is made by Bun, which npm ci installs",
}, () =>
  withFolder(async ({ path }) => {
    const file = join(path, "release.mjs");
    const made = await run(["node", join(root, "tasks/bundle.js"), file], {
      cwd: root,
    });
    assertEquals(made.code, 0, made.stderr);
    const bundle = await readFile(file);
    const registry = new FakeRegistry();
    for (const name of ["a", "b"]) {
      registry.add(name, await buildImage({ seed: name }), "1");
    }
    const [served, hub] = await Promise.all([
      serve(() => Promise.resolve(new Response(bundle))),
      registry.serve(),
    ]);
    try {
      const { code, stderr, outputs } = await act(path, {
        images: `${hub.host}/a:1\n${hub.host}/b:1`,
        platform: "linux/amd64",
        release: served.url,
        sha256: createHash("sha256").update(bundle).digest("hex"),
      });
      assertEquals(code, 0, stderr);
      assertEquals(outputs, { path: "images.tar" });
      assert((await readFile(join(path, "images.tar"))).length > 2000);
    } finally {
      await served.close();
      await hub.close();
    }
  }));

test("docs/install.md gives the action what it wants, and names all files", async () => {
  const page = await readFile(join(root, "docs/install.md"), "utf8");
  const action: Action = parse(
    await readFile(join(root, "action.yml"), "utf8"),
  );
  const [, example = ""] = /^```yaml\n([^]*?)^```$/m.exec(page) ?? [];
  const { steps: [pull, load] } = parse(example);
  assertEquals(
    Object.keys(pull.with).sort(),
    Object.keys(action.inputs).sort(),
  );
  const [, output = ""] = /outputs\.(\w+)/.exec(load.env.FILE) ?? [];
  assert(output in action.outputs, output);
  for (const end of ENDS) assertStringIncludes(page, end);
  const { version } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  );
  assertStringIncludes(page, `docker-pull-${version}.tgz`);
});
