/** What goes along with a release: its papers, and the GitHub Action. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NO_SCRIPTS, withFolder } from "./credentials/fixture.ts";
import { run } from "./fixtures/command.ts";
import { test } from "./harness.ts";
import { serve } from "./registry_server/serve.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
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

test("the action runs what has the digest, with inputs that are no code", {
  skip: NO_SCRIPTS,
}, () =>
  withFolder(async ({ path }) => {
    const cwd = join(path, "work");
    await mkdir(cwd);
    const program = `console.log(process.argv.slice(2).join("|"));`;
    const served = await serve(() => Promise.resolve(new Response(program)));
    const act = (sha256: string) =>
      run(["sh", join(root, "tasks/action.sh")], {
        cwd,
        env: {
          RUNNER_TEMP: path,
          GITHUB_OUTPUT: join(path, "output"),
          INPUT_IMAGES: "nginx:1.27\n$(touch x) * --force",
          INPUT_OUTPUT: "all images.tar",
          INPUT_PLATFORM: "linux/arm64",
          INPUT_RELEASE: served.url,
          INPUT_SHA256: sha256,
        },
      });
    try {
      const refused = await act("0".repeat(64));
      assertEquals(refused.code, 9);
      assertStringIncludes(refused.stderr, "is not what sha256 says");
      const done = await act(digestOf(program));
      assertEquals(done.code, 0, done.stderr);
      assertEquals(
        await readFile(join(path, "output"), "utf8"),
        "path=--quiet|-o|all images.tar|--platform|linux/arm64|--|nginx:1.27|$(touch|x)|*|--force\n",
      );
    } finally {
      await served.close();
    }
  }));
