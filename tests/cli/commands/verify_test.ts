import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { VerifyReport } from "../../../lib/verify/report.ts";
import { run } from "../main_fixture.ts";
import { test } from "../../harness.ts";
import { blobOf, change, inVerifyWorld, tar } from "../../verify/world.ts";

test("main() shows the help of verify", async () => {
  const { code, stdout } = await run(["verify", "--help"]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "docker-pull verify [OPTIONS] FILE|LAYOUT");
  assert(stdout.split("\n").every((line) => line.length <= 80), stdout);
});

test("main() refuses a verify of nothing, and of two at once", async () => {
  for (const argv of [[], ["a", "b"], ["--force", "a"]]) {
    assertEquals((await run(["verify", ...argv])).code, 2);
  }
});

test("main() verifies an archive in words and in JSON", () =>
  inVerifyWorld(async ({ path }) => {
    const { code, stdout, stderr } = await run(["verify", path]);
    assertEquals([code, stderr], [0, ""]);
    const lines = stdout.trimEnd().split("\n");
    assertEquals(lines.length, 9);
    assertEquals(lines[0], `archive ${path}`);
    assert(
      lines[1]!.startsWith("image    registry.test/team/app:1, linux/amd64"),
    );
    assertEquals(lines.at(-1), "Nothing is wrong");
    const json = await run(["verify", "--json", path]);
    const report: VerifyReport = JSON.parse(json.stdout);
    assertEquals([json.code, report.problems, report.loaders.length], [
      0,
      [],
      6,
    ]);
  }));

test("main() tells by its exit code what is wrong", () =>
  inVerifyWorld(async ({ folder, path, image }) => {
    const layer = join(path, blobOf(image.layers[0]!.digest));
    await change(layer, (bytes) => void (bytes[50]! ^= 1));
    const damaged = await run(["verify", path]);
    assertEquals(damaged.code, 9);
    assertStringIncludes(
      damaged.stdout,
      `problem  ${blobOf(image.layers[0]!.digest)}`,
    );
    const other = join(folder, "other.tar");
    await writeFile(other, tar([["a", ""]]));
    assertEquals((await run(["verify", other])).code, 1);
    await writeFile(other, "garbage");
    for (const target of [other, join(folder, "none")]) {
      const { code, stdout, stderr } = await run(["verify", target]);
      assertEquals([code, stdout], [10, ""]);
      assert(/^error: Cannot [^\n]+\nhint: [^\n]+\n$/.test(stderr), stderr);
    }
  }, { as: "oci" }));

test("main() lets no name of an archive steer the terminal", () =>
  inVerifyWorld(async ({ path }) => {
    await writeFile(path, tar([["../\x1b[31m\u202e", "x"]]));
    const { code, stdout } = await run(["verify", path]);
    assertEquals(code, 1);
    assertStringIncludes(stdout, "../\\x1b[31m\\u202e");
  }));
