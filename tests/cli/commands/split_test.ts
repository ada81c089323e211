/** `--split` and `--part` on the command line. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "../../harness.ts";
import { inSetWorld, ONE, TWO } from "./set_world.ts";

test("docker-pull --split writes parts, and --part one of them", () =>
  inSetWorld(async ({ folder, run }) => {
    const file = join(folder, "all.tar");
    const { code, stdout, stderr } = await run(
      ...["--split", "1Ki", "-o", file, ONE, TWO],
    );
    assertEquals(code, 0, stderr);
    const parts = (await readdir(folder)).filter((name) => /\.\d+$/.test(name));
    assert(parts.length > 2);
    assertStringIncludes(stdout, `Saved:  ${file}.001 to ${file}.0`);
    assertStringIncludes(stdout, `\nsh ${file}.check.sh\n`);
    assertStringIncludes(
      stdout,
      `cat ${file}.[0-9][0-9][0-9] > ${file}\n`,
    );
    const second = join(folder, "all.tar.002");
    const before = await readFile(second);
    await rm(second);
    const again = await run(
      ...["--split", "1KiB", "--part", "2", "-o", file, ONE, TWO],
    );
    assertEquals(again.code, 0, again.stderr);
    assertStringIncludes(again.stdout, `Saved:  ${second} (1.02 kB)`);
    assert(before.equals(await readFile(second)));
    const quiet = await run("-q", "--split", "1024", "-o", file, ONE);
    assertEquals([quiet.code, quiet.stdout], [0, `${file}\n`]);
  }));

test("what cannot be cut is refused before anything is fetched", () =>
  inSetWorld(async ({ folder, run, registry }) => {
    const file = join(folder, "x.tar");
    for (
      const [code, words, ...argv] of [
        [2, "500M or 2GiB", "--split", "4X"],
        [2, "1024 bytes at least", "--split", "0"],
        [2, "500M or 2GiB", "--split", "99999999999999T"],
        [2, "needs the --split", "--part", "1"],
        [2, "--part", "--split", "1G", "--part", "0"],
        [2, "cuts a file", "--split", "1G", "-o", "-"],
        [2, "cuts a file", "--split", "1G", "--format", "oci"],
        [2, "--load", "--split", "1G", "--load"],
        [10, "compressed as a whole", "--split", "1G", "-o", `${file}.gz`],
      ] as [number, string, ...string[]][]
    ) {
      const told = await run(...argv, ONE);
      assertEquals(told.code, code, told.stderr);
      assertStringIncludes(told.stderr, words);
      assertStringIncludes(told.stderr, "hint:");
    }
    assertEquals(registry.log, []);
    const missing = await run("--split", "1G", "--part", "9", "-o", file, ONE);
    assertEquals(missing.code, 10);
    assertStringIncludes(missing.stderr, "it has fewer parts");
  }));
