/** `lock`, `--lock` and `diff` on the command line. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { schemaFaults } from "../../json_schema.ts";
import { test } from "../../harness.ts";
import { BOTH, images, inSetWorld, NONE, ONE, TWO } from "./set_world.ts";

const schema = JSON.parse(
  await readFile(
    new URL("../../../docs/lock.schema.json", import.meta.url),
    "utf8",
  ),
);

test("docker-pull lock prints a lock, and --lock brings what it says", () =>
  inSetWorld(async (world) => {
    const { folder, registry, run, bare } = world;
    const before = join(folder, "before.tar");
    const after = join(folder, "after.tar");
    assertEquals((await run("-o", before, ONE, TWO)).code, 0);
    const { code, stdout, stderr } = await bare("lock", ONE, TWO);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(schemaFaults(schema, JSON.parse(stdout)), []);
    assertEquals((await bare("lock", ONE, TWO)).stdout, stdout);
    const file = join(folder, "images.lock.json");
    await writeFile(file, stdout);
    registry.add("team/one", images[1]!, "1");
    const pulled = await run("--lock", file, "-o", after);
    assertEquals(pulled.code, 0, pulled.stderr);
    assert((await readFile(before)).equals(await readFile(after)));
    const dry = await run("--lock", file, "--dry-run");
    const { digest } = images[0]!.manifest.descriptor;
    assertStringIncludes(
      dry.stdout,
      `${ONE}@${digest} --platform linux/amd64`,
    );
    const out = join(folder, "out/");
    const some = await run("--lock", file, "-o", out, TWO);
    assertEquals(some.code, 0, some.stderr);
    assertEquals(await readdir(out), ["registry.test_team_two_1_amd64.tar"]);
  }));

test("docker-pull --lock - reads the lock from standard input", async () => {
  const { digest } = images[0]!.manifest.descriptor;
  await inSetWorld(async ({ folder, run }) => {
    const file = join(folder, "x.tar");
    const { code, stderr } = await run("--lock", "-", "-o", file);
    assertEquals(code, 0, stderr);
    assert(existsSync(file));
  }, `registry.test/team/one@${digest}\n`);
});

test("docker-pull lock and --lock say what is wrong", () =>
  inSetWorld(async (world) => {
    const { folder, run, bare } = world;
    const none = await bare("lock", ONE, NONE);
    assertEquals([none.code, none.stdout], [5, ""]);
    assertStringIncludes(none.stderr, NONE);
    const file = join(folder, "images.lock.json");
    await writeFile(file, (await bare("lock", ONE)).stdout);
    for (
      const [code, words, ...argv] of [
        [5, "is not in the lock", "--lock", file, TWO],
        [7, "is not locked", "--lock", file, "--platform", "linux/arm64"],
        [2, "--from", "--lock", file, "--from", file],
        [10, "nothing.json", "--lock", join(folder, "nothing.json")],
      ] as [number, string, ...string[]][]
    ) {
      const told = await run(...argv);
      assertEquals(told.code, code, told.stderr);
      assertStringIncludes(told.stderr, words);
      assertStringIncludes(told.stderr, "hint:");
    }
    await writeFile(file, `${ONE}\n`);
    const list = await run("--lock", file);
    assertEquals(list.code, 2);
    assertStringIncludes(list.stderr, "in line 1 has no digest");
    assertEquals((await bare("lock")).code, 2);
  }));

test("docker-pull diff prints a table, and JSON", () =>
  inSetWorld(async (world) => {
    const { folder, run, bare } = world;
    const file = join(folder, "two.tar");
    assertEquals((await run("-o", file, TWO)).code, 0);
    const table = await bare("diff", ONE, file);
    assertEquals([table.code, table.stderr], [0, ""]);
    assertStringIncludes(
      table.stdout,
      "~ registry.test/team/one:1 linux/amd64 -> " +
        "registry.test/team/two:1 linux/amd64: changed",
    );
    assertStringIncludes(table.stdout, "layers in both");
    assertEquals(table.stdout.match(/^ {2}[=+-] layer/gm)?.length, 3);
    const { stdout } = await bare("diff", "--json", ONE, TWO);
    const told = JSON.parse(stdout);
    assertEquals([told.kind, told.version], ["docker-pull.diff", 1]);
    assertEquals(told.layers.same.count, 1);
    const same = await bare("diff", ONE, ONE);
    assertStringIncludes(same.stdout, "Both are the same");
    const both = await bare("diff", "--platform", "all", BOTH, ONE);
    assertStringIncludes(both.stdout, "removed");
    assertEquals((await bare("diff", ONE)).code, 2);
    assertEquals((await bare("diff", ONE, NONE)).code, 5);
    assertEquals((await bare("diff", ONE, "./none.tar")).code, 10);
  }));
