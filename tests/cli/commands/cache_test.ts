import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CachedImage } from "../../../lib/cache/contents.ts";
import { buildImage, buildIndex } from "../../fixtures/mod.ts";
import { test } from "../../harness.ts";
import { images, inCacheWorld, ONE, TWO } from "../../cache/world.ts";
import { run } from "../main_fixture.ts";

test("docker-pull cache ls, du and rm show and remove", () =>
  inCacheWorld(async ({ cacheDir, pull }) => {
    const env = { DOCKER_PULL_CACHE: cacheDir };
    const cache = (...argv: string[]) =>
      run(["cache", ...argv], undefined, { env });
    const empty = await cache("ls");
    assertEquals(empty.stdout, `There is no image in ${cacheDir}\n`);
    await pull(ONE);
    await pull(TWO);
    const ls = await cache("ls");
    const [head, two, one] = ls.stdout.trimEnd().split("\n");
    assertMatch(head!, /^IMAGE +PLATFORM +SIZE +UNIQUE +LAST USED +DIGEST$/);
    assertMatch(two!, /^registry\.test\/team\/two:1 +linux\/amd64 .*just now/);
    assertMatch(one!, /^registry\.test\/team\/one:1 .* sha256:[0-9a-f]{12}$/);
    const layers = (await cache("ls", "--layers")).stdout;
    assertMatch(layers, /B +blob +2 +just now +sha256:[0-9a-f]{64}\n/);
    const json = JSON.parse((await cache("ls", "--json")).stdout);
    assertEquals(json.images.length, 2);
    const du = (await cache("du")).stdout;
    assertMatch(du, /^shared by images +\S+ k?B +1 blob$/m);
    assertMatch(du, /^total +\S+ k?B +2 images$/m);
    const dry = await cache("rm", ONE, "--dry-run");
    assertStringIncludes(dry.stdout, "Would remove registry.test/team/one:1");
    const rm = await cache("rm", ONE, "registry.test/team/too:1");
    assertEquals(rm.code, 5);
    assertStringIncludes(rm.stdout, "Removed registry.test/team/one:1, ");
    assertMatch(rm.stdout, /^Freed \S+ k?B in 3 blobs$/m);
    assertStringIncludes(rm.stderr, 'There is no "registry.test/team/too:1"');
    assertStringIncludes(rm.stderr, "hint: there is registry.test/team/t");
    const prune = await cache("prune", "--max-size", "0");
    assertStringIncludes(prune.stdout, "Removed registry.test/team/two:1");
    assertMatch(prune.stdout, /^Freed .*, 0 B left$/m);
    // The option goes before the variable.
    const other = await cache("ls", "--cache-dir", join(cacheDir, "none"));
    assertStringIncludes(other.stdout, "There is no image");
  }));

test("docker-pull cache ls shows the digests that pulls show, and rm takes them", () =>
  inCacheWorld(async ({ registry, cacheDir, pull }) => {
    const docker = await buildImage({ seed: "docker", format: "docker" });
    const index = buildIndex([images[0]!]);
    registry.add("team/docker", docker, "1");
    registry.add("team/index", index, "1");
    const digests = [docker, index].map(({ document: { descriptor } }) =>
      descriptor.digest
    );
    await pull("registry.test/team/docker:1");
    await pull("registry.test/team/index:1");
    const cache = (...argv: string[]) =>
      run(["cache", ...argv, "--cache-dir", cacheDir]);
    const { stdout } = await cache("ls");
    for (const digest of digests) {
      assertStringIncludes(stdout, ` ${digest.slice(0, 19)}\n`);
    }
    const { images: told } = JSON.parse((await cache("ls", "--json")).stdout);
    assertEquals(
      told.map(({ sourceDigests }: CachedImage) => sourceDigests),
      digests.map((digest) => [digest]).toReversed(),
    );
    // The same image by a name of its own.
    await pull(ONE);
    assertStringIncludes(
      (await cache("ls")).stdout,
      [digests[1]!, images[0]!.manifest.descriptor.digest]
        .map((digest) => digest.slice(0, 19)).join(),
    );
    const rm = await cache("rm", digests[0]!);
    assertEquals(rm.code, 0, rm.stderr);
    assertEquals(rm.stdout.match(/^Removed /gm)?.length, 1);
    assertStringIncludes(rm.stdout, "Removed registry.test/team/docker:1, ");
  }));

test("docker-pull cache verify ends with 9 while damage stays", () =>
  inCacheWorld(async ({ cacheDir, pull }) => {
    await pull(ONE);
    const { digest } = images[0]!.layers[1]!;
    const path = join(cacheDir, "blobs/sha256", digest.slice(7));
    const bytes = await readFile(path);
    bytes[9]! ^= 1;
    await writeFile(path, bytes);
    const at = ["--cache-dir", cacheDir];
    const found = await run(["cache", "verify", ...at]);
    assertEquals(found.code, 9);
    assertStringIncludes(found.stdout, `damaged  ${digest}, of ${ONE}`);
    assertStringIncludes(found.stdout, "cache verify --repair removes it");
    const repaired = await run(["cache", "verify", "--repair", ...at]);
    assertEquals(repaired.code, 0);
    assertStringIncludes(repaired.stdout, ", removed");
    const after = await run(["cache", "verify", "--json", ...at]);
    const report = JSON.parse(after.stdout);
    assertEquals([report.damaged, report.exitCode], [[], 0]);
    assertEquals(report.incomplete[0].missing, [digest]);
  }));

test("docker-pull cache tells of a command line's mistakes", async () => {
  const mistakes: [string[], string][] = [
    [[], "told what to do by one of ls, du, prune"],
    [["prune"], "by --older-than TIME, --max-size SIZE or --unused"],
    [["prune", "--older-than", "30"], "needs a time such as 30d"],
    [["prune", "--older-than", "x"], "needs a time such as 30d"],
    [["prune", "--max-size", "20 bananas"], "needs a size such as 500M"],
    [["prune", "--max-size", "-1"], "needs a value"],
    [["ls", "nginx"], '"nginx" is one word too many'],
    [["rm"], "No image to remove is named"],
    [["verify", "--repiar"], "did you mean --repair?"],
  ];
  for (const [argv, words] of mistakes) {
    const { code, stderr } = await run(["cache", ...argv]);
    assertEquals(code, 2, argv.join(" "));
    assertStringIncludes(stderr, words);
  }
  assert((await run(["cache", "ls", "--help"])).stdout.includes("--layers"));
});
