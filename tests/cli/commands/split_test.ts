/** `--split` and `--part` on the command line. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { missing } from "../../e2e/servers/daemon.ts";
import { run as runProgram } from "../../fixtures/command.ts";
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
    // The images are the other way round: that part is another.
    const moved = await run(
      ...["--split", "1KiB", "--part", "2", "-o", file, TWO, ONE],
    );
    assertEquals(moved.code, 9, moved.stderr);
    assertStringIncludes(
      moved.stderr,
      `Cannot write ${JSON.stringify(second)}: its list has another checksum`,
    );
    assertStringIncludes(moved.stderr, "--lock");
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

/** What a shell could take for something else. */
const NAMES = [
  "plain.tar",
  "-n.tar",
  " two  spaces .tar",
  "quote's $(touch bad) `touch bad` ;&*.tar",
  "back\\slash\\n.tar",
  "b\u00fccher \u2019 \u6f22\u5b57.tar",
];

for (const shell of ["dash", "busybox", "bash"]) {
  test(
    `the script beside the parts checks and joins whatever they are called: ${shell}`,
    {
      skip: missing(shell),
    },
    () =>
      inSetWorld(async ({ folder, run }) => {
        for (const name of NAMES) {
          const path = join(folder, name);
          assertEquals((await run("-o", path, ONE, TWO)).code, 0, name);
          const whole = await readFile(path);
          await rm(path);
          const split = ["--split", "1Ki", "-o", path, ONE, TWO];
          assertEquals((await run(...split)).code, 0, name);
          const check = async (env: Record<string, string> = {}) => {
            const own = shell === "busybox" ? [shell, "sh"] : [shell];
            const command = [...own, `./${name}.check.sh`];
            return await runProgram(command, { cwd: folder, env });
          };
          const right = await check();
          assertEquals(
            right.code,
            0,
            `${name}: ${right.stdout}${right.stderr}`,
          );
          assertEquals((await check({ JOIN: "1" })).code, 0, name);
          assert(whole.equals(await readFile(path)), name);
          await rm(path);
          // Damaged, cut off, and not there.
          const parts = (await readdir(folder)).filter((each) =>
            each.startsWith(`${name}.0`)
          ).sort();
          const [first = "", second = "", third = ""] = parts;
          const bytes = await readFile(join(folder, first));
          bytes[10]! ^= 1;
          await writeFile(join(folder, first), bytes);
          const cut = await readFile(join(folder, second));
          await writeFile(join(folder, second), cut.subarray(1));
          await rm(join(folder, third));
          const wrong = await check({ JOIN: "1" });
          assertEquals(wrong.code, 1, name);
          const told = wrong.stdout.split("\n").filter((line) =>
            !line.startsWith("ok: ") && line !== ""
          );
          assertEquals(told.length, 3, wrong.stdout);
          assertStringIncludes(
            wrong.stderr,
            `3 of ${parts.length} parts are missing or damaged`,
          );
          for (const number of ["1", "2", "3"]) {
            const { code, stderr } = await run("--part", number, ...split);
            assertEquals(code, 0, stderr);
          }
          assertEquals((await check()).code, 0, name);
          // A list that names less is no proof of what is joined.
          const list = join(folder, `${name}.sha256`);
          const lines = (await readFile(list, "utf8")).split("\n");
          await writeFile(list, [lines[0], ...lines.slice(2)].join("\n"));
          assertEquals((await check({ JOIN: "1" })).code, 1, name);
          await rm(list);
          assertEquals((await check()).code, 1, name);
          for (const each of await readdir(folder)) {
            if (each.startsWith(basename(path))) await rm(join(folder, each));
          }
        }
        assertEquals((await readdir(folder)).sort(), ["cache"]);
      }),
  );
}
