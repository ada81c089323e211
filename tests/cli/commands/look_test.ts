/** `inspect` and `tags` as they are typed. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { main } from "../../../cli/main.ts";
import { buildImage, buildIndex } from "../../fixtures/mod.ts";
import { test } from "../../harness.ts";
import { FakeRegistry } from "../../registry_server/mod.ts";
import { NOWHERE } from "../main_fixture.ts";
import { Sink } from "../progress/screen.ts";

const images = await Promise.all(
  ["amd64", "arm64"].map((architecture) =>
    buildImage({
      seed: architecture,
      platform: { os: "linux", architecture },
      layers: 2,
      config: {
        history: [
          { created_by: "COPY 漢字 /漢字 # buildkit" },
          { created_by: "/bin/sh -c evil\x1b[31m\u202e" },
        ],
      },
    })
  ),
);
const index = buildIndex(images);

function look(argv: string[], columns?: number) {
  const registry = new FakeRegistry();
  registry.add("team/app", index, "1.0");
  registry.add("team/app", images[0]!, "1.10");
  registry.add("team/app", images[0]!, "1.9");
  registry.add("team/app", images[0]!, `sha256-${"0".repeat(64)}`);
  return lookAt(registry, argv, {
    columns,
    env: { DOCKER_DEFAULT_PLATFORM: "linux/amd64" },
  });
}

async function lookAt(
  registry: FakeRegistry,
  argv: string[],
  { columns, env }: { columns?: number; env?: Record<string, string> } = {},
) {
  const [stdout, stderr] = [new Sink(), new Sink()];
  if (columns) Object.assign(stdout, { isTTY: true, columns });
  const code = await main({
    argv: [...argv, "--retries", "0"],
    env: { HOME: NOWHERE, NO_COLOR: "1", ...env },
    stdin: { async *[Symbol.asyncIterator]() {} },
    stdout,
    stderr,
    signals: { on() {}, off() {}, raise() {}, exit() {} },
    os: "linux",
  }, { fetch: registry.fetch });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const APP = "registry.test/team/app:1.0";

test("docker-pull inspect shows platforms, configuration and layers", async () => {
  const { code, stdout } = await look(["inspect", APP]);
  assertEquals(code, 0);
  assertMatch(stdout, /^registry\.test\/team\/app:1\.0\nDigest: +sha256:/);
  const [, own = ""] =
    /^(\* +[\d.]+ k?B +)linux\/amd64 {2}sha256:[0-9a-f]{64}$/m
      .exec(stdout) ?? [];
  assert(own, stdout);
  // Below each other, with a size where it is known.
  const other = new RegExp(
    `^ {${own.length}}linux/arm64 {2}sha256:[0-9a-f]{64}$`,
    "m",
  );
  assertMatch(stdout, other);
  assertStringIncludes(stdout, 'Command:     ["/bin/true"]');
  assertMatch(stdout, /^1 {2}[0-9a-f]{12} {2}█+ +[\d.]+ k?B {2}COPY 漢字 /m);
  assertStringIncludes(stdout, "RUN evil\\x1b[31m\\u202e");
});

test("docker-pull inspect fits a terminal, wide characters and all", async () => {
  const { unicodeWidth } = await import("@std/cli/unicode-width");
  for (const columns of [40, 80, 200]) {
    const { stdout } = await look(["inspect", APP], columns);
    const widths = stdout.split("\n").map(unicodeWidth);
    assertEquals(widths.filter((width) => width > columns), []);
    // What is cut is the digest, and not the size.
    assertMatch(stdout, /^\* +[\d.]+ k?B +linux\/amd64 +sha256:/m);
    assertMatch(stdout, /^1 +[0-9a-f]{12} .*[\d.]+ k?B +COPY/m);
    // On most terminals, one can be copied as a whole.
    const whole = /^(?:Manifest: +|Manifest:\n)sha256:[0-9a-f]{64}$/m;
    assertEquals(whole.test(stdout), columns >= 80);
  }
});

test("docker-pull inspect --json and --raw are for programs", async () => {
  const { stdout } = await look([
    "inspect",
    "--json",
    "--platform",
    "all",
    APP,
  ]);
  const { version, images: [found] } = JSON.parse(stdout);
  assertEquals([version, found.name], [1, APP]);
  assertEquals(found.digest, index.document.descriptor.digest);
  assertEquals(
    found.platforms.map(({ platform }: { platform: string }) => platform),
    ["linux/amd64", "linux/arm64"],
  );
  const raw = await look(["inspect", "--raw", APP]);
  assertEquals(raw.stdout, new TextDecoder().decode(index.document.bytes));
  const own = await look([
    "inspect",
    "--raw",
    "--platform",
    "linux/arm64",
    APP,
  ]);
  const text = new TextDecoder().decode(images[1]!.manifest.bytes);
  assertEquals(own.stdout, text);
});

test("docker-pull inspect shows what there is where this machine's is not", async () => {
  const windows = await buildImage({
    platform: {
      os: "windows",
      architecture: "amd64",
      "os.version": "10.0.20348.2340",
    },
  });
  const registry = new FakeRegistry();
  registry.add("team/win", buildIndex([windows]), "1");
  const ask = (...argv: string[]) =>
    lookAt(registry, [...argv, "registry.test/team/win:1"]);
  const { code, stdout } = await ask("inspect");
  assertEquals(code, 0);
  assertMatch(stdout, /^ +windows\(10\.0\.20348\.2340\)\/amd64 +sha256:/m);
  assertMatch(stdout, /^None is for this machine; --platform names one/m);
  const json = JSON.parse((await ask("inspect", "--json")).stdout);
  assertEquals(json.images[0].platforms, []);
  registry.requests.length = 0;
  const raw = await ask("inspect", "--raw");
  assertEquals(JSON.parse(raw.stdout).manifests.length, 1);
  // One document is printed, so one is asked for.
  assertEquals(registry.log.filter((line) => line.startsWith("GET")).length, 1);
  const named = await ask("inspect", "--platform", "linux/amd64");
  assertEquals([named.code, named.stdout], [7, ""]);
  // What is to be typed can be typed.
  assertStringIncludes(
    named.stderr,
    "as in --platform 'windows(10.0.20348.2340)/amd64'",
  );
  const there = await ask("inspect", "--platform", "windows/amd64");
  assertMatch(
    there.stdout,
    /^\* +[\d.]+ k?B +windows\(10\.0\.20348\.2340\)\/amd64 /m,
  );
});

test("docker-pull inspect says what is wrong, and the next thing to do", async () => {
  const rows: [string[], number, RegExp][] = [
    [[], 2, /No image or file is named/],
    [["a", "b"], 2, /"b" is too much/],
    [["--raw", "--unpacked", "a"], 2, /--raw/],
    [["--raw", "--platform", "all", "a"], 2, /one platform/],
    [[`${APP}1`], 5, /has no such tag[^]*nearest tags? (?:is|are) 1\.0/],
    [["--platform", "linux/s390x", APP], 7, /Cannot find platform/],
    [["./none.tar"], 10, /Cannot read "\.\/none\.tar"/],
    [["registry.test/team/"], 2, /registry\.test\/team/],
  ];
  for (const [argv, expected, words] of rows) {
    const { code, stderr, stdout } = await look(["inspect", ...argv]);
    assertEquals([code, stdout], [expected, ""], stderr);
    assertMatch(stderr, words);
  }
});

test("docker-pull tags lists versions in order, and says what it leaves out", async () => {
  const { code, stdout, stderr } = await look(["tags", APP]);
  assertEquals([code, stdout], [0, "1.0\n1.9\n1.10\n"]);
  assertMatch(stderr, /^note: 1 of 4 tags .*--all shows them\n$/);
  const quiet = await look(["tags", "-q", APP]);
  assertEquals(quiet.stderr, "");
  const all = await look(["tags", "--all", "--json", APP]);
  const { tags, total, hidden } = JSON.parse(all.stdout);
  assertEquals([tags.length, total, hidden], [4, 4, 0]);
  const none = await look(["tags", "--filter", "x*", APP]);
  assertEquals([none.code, none.stdout], [0, ""]);
  assertMatch(none.stderr, /no tag of 4 is like "x\*"/);
});

test("docker-pull tags --newest says what it costs, then when each was made", async () => {
  const { code, stdout, stderr } = await look(["tags", "--newest", "2", APP]);
  assertEquals(code, 0);
  assertEquals(
    stdout,
    "1.10  2024-01-02T03:04:05Z\n1.9   2024-01-02T03:04:05Z\n",
  );
  assertMatch(
    stderr,
    /^Asking when each of 3 tags was made: up to 12 requests/,
  );
});

test("docker-pull tags tells of a registry that lists none", async () => {
  const bytes = (text: string) =>
    new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
  for (
    const [status, text, code, words] of [
      [404, "<html>", 5, /lists no tags, HTTP 404\nhint: name the tag itself/],
      [405, "", 1, /lists no tags, HTTP 405/],
      [501, "", 1, /lists no tags, HTTP 501/],
      [
        404,
        '{"errors":[{"code":"NAME_UNKNOWN"}]}',
        5,
        /has no repository "team\/app"/,
      ],
      [
        200,
        '{"tags":null}',
        0,
        /^note: registry\.test\/team\/app has no tags$/m,
      ],
    ] as const
  ) {
    const registry = new FakeRegistry();
    registry.respond = ({ path }) =>
      path.endsWith("/tags/list")
        ? { status, headers: {}, bytes: bytes(text) }
        : undefined;
    const found = await lookAt(registry, ["tags", "registry.test/team/app"]);
    assertEquals([found.code, found.stdout], [code, ""], found.stderr);
    assertMatch(found.stderr, words);
  }
});

test("docker-pull tags refuses what makes no sense", async () => {
  const rows: [string[], number, RegExp][] = [
    [[], 2, /No image is named/],
    [["--newest", "0", "a"], 2, /from 1 to 99999/],
    [["--filter", "", "a"], 2, /pattern|value/],
    [
      ["registry.test/team/none"],
      5,
      /Cannot list the tags of registry\.test\/team\/none/,
    ],
  ];
  for (const [argv, expected, words] of rows) {
    const { code, stderr } = await look(["tags", ...argv]);
    assertEquals(code, expected, stderr);
    assertMatch(stderr, words);
  }
});
