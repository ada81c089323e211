import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "../../../cli/options/arguments.ts";
import {
  daemonFiles,
  findMirrors,
  parseMirror,
} from "../../../cli/access/mirrors.ts";
import { withFolder } from "../../credentials/fixture.ts";
import { test } from "../../harness.ts";

test("parseMirror() reads a registry and its mirrors in order", () => {
  const table: [string, string, string[]][] = [
    ["docker.io=https://m.example", "docker.io", ["https://m.example"]],
    ["ghcr.io=https://a,http://b:5000/p", "ghcr.io", [
      "https://a",
      "http://b:5000/p",
    ]],
    ["Index.Docker.io=m.example:5000", "docker.io", ["m.example:5000"]],
    ["h:5000=https://a,", "h:5000", ["https://a"]],
    ["h:443=https://a", "h:443", ["https://a"]],
    ["[::1]:5000=https://a", "[::1]:5000", ["https://a"]],
  ];
  for (const [text, registry, urls] of table) {
    assertEquals(parseMirror(text, "x"), { registry, urls });
  }
});

test("parseMirror() refuses what is none, and repeats no password", () => {
  const table: [string, string][] = [
    ["https://m.example", "--mirror: a mirror is written HOST=URL"],
    ["=https://m.example", "--mirror: a mirror is written HOST=URL"],
    ["docker.io=", "--mirror: a mirror is written HOST=URL"],
    ["a?b=https://m", '"a?b" is no host'],
    ["a@b=https://m", "a login cannot be part of a mirror's address"],
    ["docker.io=ftp://m.example", "none of http and https"],
    ["docker.io=https://u:hunter2@m.example", "a login cannot be part of"],
    ["docker.io=https://m.example/?k=hunter2", "there can be no query"],
  ];
  for (const [text, words] of table) {
    const error = assertThrows(
      () => parseMirror(text, "--mirror"),
      UsageError,
      words,
    );
    assert(!error.message.includes("hunter2"), error.message);
  }
});

test("daemonFiles() are where Docker looks on each system", () => {
  const files = (os: string, env = {}, home?: string) =>
    daemonFiles({ os, env, home });
  assertEquals(files("linux", {}, "/home/me"), [
    "/home/me/.config/docker/daemon.json",
    "/home/me/.docker/daemon.json",
    "/etc/docker/daemon.json",
  ]);
  assertEquals(files("linux", { XDG_CONFIG_HOME: "/c" }), [
    "/c/docker/daemon.json",
    "/etc/docker/daemon.json",
  ]);
  assertEquals(files("win32", { ProgramData: "D:\\Data" }, "C:\\Users\\me"), [
    "C:\\Users\\me\\.docker\\daemon.json",
    "D:\\Data\\docker\\config\\daemon.json",
  ]);
});

/** Looks mirrors up where the user's daemon.json has the given content. */
async function find(
  daemon: unknown,
  registry = "docker.io",
  given: Parameters<typeof findMirrors>[1] = [],
  env: Record<string, string> = {},
) {
  let result: string[] | undefined;
  const warnings: string[] = [];
  await withFolder(async ({ path: home }) => {
    const places = { os: "linux", env, home, etc: home };
    const [file] = daemonFiles(places) as [string];
    await mkdir(dirname(file), { recursive: true });
    if (daemon !== undefined) {
      const text = typeof daemon === "string" ? daemon : JSON.stringify(daemon);
      await writeFile(file, text);
    }
    const found = await findMirrors(
      registry,
      given,
      places,
      (message) => warnings.push(message.replace(home, "~")),
    );
    result = found?.urls;
  });
  return { result, warnings };
}

const DAEMON = { "registry-mirrors": ["https://d.example/", "https://e"] };

test("findMirrors() takes Docker's own for Docker Hub only", async () => {
  assertEquals(await find(DAEMON), {
    result: DAEMON["registry-mirrors"],
    warnings: [],
  });
  assertEquals((await find(DAEMON, "ghcr.io")).result, undefined);
  assertEquals((await find(DAEMON, "docker.io", false)).result, undefined);
  assertEquals(await find({ debug: true }), {
    result: undefined,
    warnings: [],
  });
});

test("findMirrors() takes the options before the environment before files", async () => {
  const env = {
    DOCKER_PULL_MIRRORS:
      "ghcr.io=https://g  docker.io=https://v;q.io=https://q",
  };
  const given = [
    { registry: "docker.io", urls: ["https://o", "https://p"] },
    { registry: "docker.io", urls: ["https://o", "https://r"] },
  ];
  const urls = async (...args: Parameters<typeof find>) =>
    (await find(...args)).result;
  assertEquals(await urls(DAEMON, "docker.io", given, env), [
    "https://o",
    "https://p",
    "https://r",
  ]);
  assertEquals(await urls(DAEMON, "docker.io", [], env), ["https://v"]);
  assertEquals(await urls(DAEMON, "ghcr.io", given, env), ["https://g"]);
  assertEquals(await urls(DAEMON, "q.io", given, env), ["https://q"]);
  assertEquals(await urls(DAEMON, "quay.io", given, env), undefined);
  await assertRejects(
    () => find(DAEMON, "docker.io", given, { DOCKER_PULL_MIRRORS: "nonsense" }),
    UsageError,
    "DOCKER_PULL_MIRRORS: a mirror is written",
  );
});

const BROKEN: [string, unknown, string][] = [
  ["no JSON", "{", "it is not valid JSON"],
  ["no list", { "registry-mirrors": "https://m" }, "is not a list"],
  ["no address", { "registry-mirrors": ["ftp://m"] }, "none of http and https"],
];
for (const [what, daemon, words] of BROKEN) {
  test(`findMirrors() tells of a daemon.json with ${what} and goes on`, async () => {
    const { result, warnings } = await find(daemon);
    assertEquals(result, undefined);
    assertEquals(warnings.length, 1);
    assert(
      warnings[0]!.startsWith(
        'Cannot use "~/.config/docker/daemon.json": ',
      ),
    );
    assert(warnings[0]!.includes(words), warnings[0]);
    assert(
      warnings[0]!.endsWith(", so no mirrors are taken from there"),
      warnings[0],
    );
  });
}
