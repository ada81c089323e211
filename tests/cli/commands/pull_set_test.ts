/** The command line of sets: what is printed, and how it ends. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { gravest } from "../../../cli/messages/exit_codes.ts";
import { test } from "../../harness.ts";
import { BOTH, images, inSetWorld, NONE, ONE, TWO } from "./set_world.ts";

/** How often a word is in the line of a text that is like this. */
function timesIn(text: string, line: RegExp, word: string): number {
  return line.exec(text)![0].split(word).length - 1;
}

test("docker-pull A B -o FOLDER/ writes a file each", () =>
  inSetWorld(async ({ folder, run }) => {
    const out = join(folder, "out/");
    const { code, stdout, stderr } = await run("-o", out, ONE, TWO);
    assertEquals(code, 0, stderr);
    const names = ["registry.test_team_one_1_amd64.tar"];
    names.push("registry.test_team_two_1_amd64.tar");
    assertEquals((await readdir(out)).sort(), names);
    for (const name of names) {
      assertStringIncludes(stdout, `Saved:  ${join(out, name)}`);
      assertStringIncludes(stdout, `docker load -i ${join(out, name)}`);
    }
    assertStringIncludes(stdout, `Image:  ${TWO}, linux/amd64, sha256:`);
    assertStringIncludes(stdout, "Cache hits: 0/3 layers");
    assertStringIncludes(stderr, `${ONE}: linux/amd64, 2 layers`);
    const quiet = await run("-q", "-o", out, ONE, TWO);
    assertEquals(
      quiet.stdout,
      names.map((name) => `${join(out, name)}\n`).join(""),
    );
    assertEquals(quiet.stderr, "");
  }));

test("docker-pull A B -o all.tar writes one archive, and quietly its path once", () =>
  inSetWorld(async ({ folder, run }) => {
    const file = join(folder, "all.tar");
    const { code, stdout } = await run("-o", file, ONE, TWO);
    assertEquals(code, 0);
    assertEquals(stdout.match(/Saved:/g)?.length, 1);
    assertEquals(stdout.match(/Image:/g)?.length, 2);
    const before = await readFile(file);
    const quiet = await run("-q", "-o", file, ONE, TWO);
    assertEquals(quiet.stdout, `${file}\n`);
    const again = await run("--force", "-o", file, ONE, TWO);
    assertEquals(again.code, 0);
    assert(before.equals(await readFile(file)));
  }));

test("docker-pull names each image that fails, and ends with the gravest code", () =>
  inSetWorld(async ({ folder, registry, run }) => {
    const file = join(folder, "all.tar");
    const whole = await run("-o", file, ONE, NONE, TWO);
    assertEquals([whole.code, whole.stdout], [5, ""]);
    assertStringIncludes(
      whole.stderr,
      `error: ${NONE}: registry.test has no repository "team/none"`,
    );
    assertEquals(timesIn(whole.stderr, /^error: .*$/m, NONE), 1);
    assertStringIncludes(whole.stderr, "nothing was written to");
    assertStringIncludes(whole.stderr, "--keep-going");
    assert(!existsSync(file));
    const part = await run("--keep-going", "-o", file, ONE, NONE, TWO);
    assertEquals(part.code, 5);
    assertStringIncludes(part.stdout, "Saved:");
    assertStringIncludes((await readFile(file)).toString("latin1"), NONE);
    registry.fault = ({ path }) =>
      path.endsWith(images[1]!.layers[1]!.digest) ? { flipAt: 3 } : undefined;
    await rm(join(folder, "cache"), { recursive: true });
    const mixed = await run("-o", join(folder, "out/"), NONE, TWO, ONE);
    assertEquals(mixed.code, 9);
    assertStringIncludes(mixed.stderr, `error: ${TWO}: `);
    assertStringIncludes(mixed.stderr, "2 of 3 failed");
    assertStringIncludes(mixed.stdout, ONE);
  }));

test("docker-pull --platform a,b writes a file each, or one with an index", () =>
  inSetWorld(async ({ folder, run }) => {
    const out = join(folder, "out/");
    const each = await run("--platform", "amd64,arm64", "-o", out, BOTH);
    assertEquals(each.code, 0, each.stderr);
    assertEquals((await readdir(out)).length, 2);
    const file = join(folder, "all.tar");
    const one = await run("--platform", "all", "-o", file, BOTH);
    assertEquals(one.code, 0, one.stderr);
    assertStringIncludes(one.stdout, "linux/amd64 and linux/arm64");
    const lacks = await run("--platform", "amd64,s390x", "-o", out, BOTH);
    assertEquals(lacks.code, 7);
    assertStringIncludes(
      lacks.stderr,
      `error: ${BOTH} linux/s390x: Cannot find platform linux/s390x`,
    );
    const some = await run("--platform", "amd64,arm64", "-o", file, BOTH, TWO);
    assertEquals(some.code, 7);
    assertStringIncludes(some.stderr, `error: ${TWO} linux/arm64: `);
  }));

test("docker-pull names all that is wrong with a list at once", () =>
  inSetWorld(async ({ registry, run }) => {
    const { code, stderr } = await run(
      "a/B",
      ONE,
      "c:d:e",
      "docker-daemon:x",
      TWO,
    );
    assertEquals(code, 2);
    assertStringIncludes(stderr, "3 of the images cannot be pulled");
    for (const text of ['"a/B": ', '"c:d:e": ', '"docker-daemon:x": ']) {
      assertStringIncludes(stderr, text);
    }
    for (const name of ["a/B", "c:d:e"]) {
      assertEquals(
        timesIn(stderr, new RegExp(`^ +"${name}": .*$`, "m"), name),
        1,
      );
    }
    assertEquals(registry.log, []);
  }));

test("docker-pull gives a login to one registry only", () =>
  inSetWorld(async ({ registry, run }) => {
    const { code, stderr } = await run(
      ..."--username me --password-stdin other.test/app".split(" "),
      ONE,
    );
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--username is for one registry");
    assertEquals(registry.log, []);
  }));

test("gravest() puts what may be an attack first", () => {
  assertEquals(gravest([5, 9, 8]), 9);
  assertEquals(gravest([8, 7, 10]), 10);
  assertEquals(gravest([8, 6]), 6);
  assertEquals(gravest([]), 0);
});

test("the first pull into a cache says where that is, once and not quietly", () =>
  inSetWorld(async ({ folder, run }) => {
    const out = ["-o", join(folder, "a.tar")];
    const first = await run(...out, ONE);
    const line = `Cache:  ${join(folder, "cache")}, `;
    assertStringIncludes(first.stderr, line);
    assertStringIncludes(first.stderr, "docker-pull cache shows and clears it");
    const second = await run("--force", ...out, TWO);
    assert(!second.stderr.includes("Cache:"), second.stderr);
    await rm(join(folder, "cache"), { recursive: true });
    const quiet = await run("-q", "--force", ...out, ONE);
    assertEquals(quiet.stderr, "");
  }));
