/** Images of lists, on the command line. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "../../harness.ts";
import { BOTH, images, inSetWorld, NONE, ONE, TWO } from "./set_world.ts";

const MANIFESTS = [
  "apiVersion: v1",
  "kind: Pod",
  "spec:",
  `  initContainers: [{image: "${ONE}"}]`,
  "  containers:",
  `    - image: ${TWO}`,
  "    - image: $(of-who-runs-it)",
].join("\n");

test("docker-pull --from - --dry-run says what it takes from where and what that takes, and fetches no layer", () =>
  inSetWorld(async ({ registry, folder, run }) => {
    const list = join(folder, "images.txt");
    await writeFile(list, `${BOTH} --platform linux/arm64 # both\n${ONE}\n`);
    const from = ["--from", "-", "--from", list];
    const { code, stdout, stderr } = await run(...from, TWO, "--dry-run");
    assertEquals(code, 0, stderr);
    const lines = stdout.split("\n").filter((line) => !line.startsWith("#"));
    assertEquals(
      lines.map((line) => line.replace(/ +# /, " # ").replace(/; .*/, "")),
      [
        `${TWO} # standard input:6`,
        `${ONE} # standard input:4, ${list}:2`,
        `${BOTH} --platform linux/arm64 # ${list}:1`,
        "",
      ],
    );
    assertMatch(lines[0]!, /; 2 layers, .* to fetch, to .*\.tar$/);
    assertMatch(stdout, /^# In all: .* to fetch in 4 layers, .* to write$/m);
    assertMatch(stderr, /^note: standard input:7: .*is left out\n$/);
    const layers = registry.log.filter((line) =>
      images.flatMap(({ layers }) => layers)
        .some(({ digest }) => line.includes(digest))
    );
    assertEquals(layers, []);
    // Nothing was kept.
    assertEquals(existsSync(join(folder, "cache")), false);
    // It is a list again.
    const again = join(folder, "again.txt");
    await writeFile(again, stdout);
    const asked = registry.requests.length;
    const quiet = await run("--from", again, "--dry-run", "--quiet");
    assertEquals(quiet.stdout.split("\n"), [
      TWO,
      ONE,
      `${BOTH} --platform linux/arm64`,
      "",
    ]);
    assertEquals(quiet.stderr, "");
    assertEquals(registry.requests.length, asked);
  }, MANIFESTS));

test("docker-pull --from pulls what the list names, each for its platforms", () =>
  inSetWorld(async ({ folder, run }) => {
    const list = join(folder, "images.txt");
    await writeFile(list, `${BOTH} --platform linux/arm64\n`);
    const out = join(folder, "out/");
    const { code, stderr } = await run(
      ...["--from", "-", "--from", list, "-o", out],
    );
    assertEquals(code, 0, stderr);
    assertEquals((await readdir(out)).sort(), [
      "registry.test_team_both_1_arm64.tar",
      "registry.test_team_one_1_amd64.tar",
      "registry.test_team_two_1_amd64.tar",
    ]);
    assertStringIncludes(stderr, `${TWO}`);
    assertStringIncludes(stderr, "# standard input:6");
  }, MANIFESTS));

test("docker-pull --from fills in a compose file's variables from the environment", () =>
  inSetWorld(async ({ folder, run }) => {
    const file = join(folder, "compose.yaml");
    const of = async (tag: string) => {
      const image = `registry.test/team/one:\${${tag}}`;
      await writeFile(file, `services: {a: {image: "${image}"}}\n`);
      return await run("--from", file, "--dry-run", "--quiet");
    };
    const { code, stderr } = await of("NO_TAG");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "NO_TAG is not set, and has no default");
    assertEquals((await of("ONE_TAG")).stdout, `${ONE}\n`);
  }));

test("docker-pull --from FILE pulls one image, too, and names where one failed", () =>
  inSetWorld(async ({ folder, run }) => {
    const list = join(folder, "images.txt");
    const out = ["-o", join(folder, "out/")];
    await writeFile(list, `${ONE}\n`);
    const one = await run("--from", list, ...out);
    assertEquals(one.code, 0, one.stderr);
    assertStringIncludes(one.stderr, `Pulling ${ONE}`);
    await writeFile(list, `${ONE}\n\n${NONE}\n`);
    const { code, stderr } = await run("--from", list, ...out);
    assertEquals(code, 5);
    assertStringIncludes(stderr, `${list}:3: ${NONE}`);
  }));

test("docker-pull --from names all typing errors at once, and fetches nothing", () =>
  inSetWorld(async ({ registry, folder, run }) => {
    const lines = Array.from({ length: 100 }, (_, i) => `Nginx:${i}`);
    const list = join(folder, "images.txt");
    await writeFile(list, [ONE, ...lines].join("\n"));
    const { code, stdout, stderr } = await run("--from", list);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, "error: Cannot use the lists: 100 things");
    for (let i = 0; i < 100; i++) {
      assertStringIncludes(
        stderr,
        `${list}:${i + 2}: "Nginx:${i}" is no image`,
      );
    }
    assertEquals(registry.requests, []);
    assertEquals(existsSync(join(folder, "cache")), false);
  }));

test("docker-pull --from refuses two lists from standard input, and an empty one", () =>
  inSetWorld(async ({ run }) => {
    const twice = await run("--from", "-", "--from", "-");
    assertEquals(twice.code, 2);
    assertStringIncludes(twice.stderr, "Standard input is read once");
    const empty = await run("--from", "-");
    assertEquals(empty.code, 2);
    assertStringIncludes(
      empty.stderr,
      "Cannot use the list standard input: there is no image in it",
    );
  }));
