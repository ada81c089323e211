/** What a configuration file must not say or be, and what is told of that. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { chmod, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "../../harness.ts";
import { inHome } from "./fixture.ts";

test("a file that makes no sense is named, with its line and what to do", () =>
  inHome(async ({ file, write, say }) => {
    const table: [text: string, line: number, words: string, hint: string][] = [
      ["{", 1, "not valid JSON: a name is missing", "repair it"],
      ['{\n  "retries": 3,\n}', 3, "a comma is too much", "repair it"],
      [
        '{\n  "retries": 3\n  "timeout": 3\n}',
        2,
        "a comma or } is missing",
        "repair it",
      ],
      ['{\n  "retries" 3\n}', 2, "a colon is missing", "repair it"],
      ['{ "retries":\n }', 1, "a value is missing", "repair it"],
      ["{ 'retries': 3 }", 1, "a text has double quotes", "repair it"],
      ["{ // mine\n }", 1, "no comments in JSON", "repair it"],
      ['{ "format": "tar }', 1, "a text has no end", "repair it"],
      ["{}\n{}", 2, "something comes after its end", "repair it"],
      [
        '{\n "retires": 3 }',
        2,
        'setting "retires"; it may be meant as "retries"',
        "docker-pull config --help",
      ],
      ['{"max_wait": 3}', 1, 'it may be meant as "max-wait"', "config --help"],
      ['{"output": "a"}', 1, "on the command line only", "config --help"],
      ['{"client-key": "a"}', 1, "on the command line only", "config --help"],
      ['{"retries": "3"}', 1, "is a number, without quotes", "config --help"],
      [
        '{"retries": 1001}',
        1,
        '"retries" needs a number from 0 to 1000',
        "config --help",
      ],
      ['{"retries": null}', 1, "is a number", "config --help"],
      [
        '{"max-concurrent-uploads": 65}',
        1,
        '"max-concurrent-uploads" needs a number from 1 to 64',
        "",
      ],
      ['{"no-cache": "yes"}', 1, "is true or false", "config --help"],
      ['{"format": "zip"}', 1, "is tar, oci, oci-archive or docker-legacy", ""],
      ['{"format": ["tar"]}', 1, "is one text, in double quotes", ""],
      ['{"max-bytes": "much"}', 1, '"max-bytes" needs a size', ""],
      ['{"platform": "amiga/"}', 1, "is one platform, such as", ""],
      ['{"platform": ["linux/amd64"]}', 1, "is one text", ""],
      ['{"ca-cert": []}', 1, "needs a value in its list", ""],
      ['{"ca-cert": ["a", 1]}', 1, "is a text in double quotes, or a list", ""],
      ['{"cache-dir": ""}', 1, "needs a value", ""],
      ['{"cache-dir": "a\\nb"}', 1, "cannot take a line break", ""],
      ['{"mirror": "docker.io"}', 1, "a mirror is written HOST=URL", ""],
      [
        '{"mirror": "docker.io=https://u:pw@h"}',
        1,
        "a login cannot be part",
        "",
      ],
      ['{"insecure-host": "https://h"}', 1, '"insecure-host" needs a host', ""],
      ['{"key": "k"}', 1, '"key" needs "require-signature"', ""],
      [
        '{\n"no-cache": true,\n"cache-dir": "a"}',
        2,
        '"no-cache" and "cache-dir" exclude each other',
        "",
      ],
      ['{"retries": 1,\n"retries": 2}', 2, '"retries" is said twice', ""],
    ];
    for (const [text, line, words, hint] of table) {
      await write(text);
      const { code, stderr, calls } = await say(["nginx"]);
      assertEquals([code, calls.length], [2, 0], text);
      assertStringIncludes(
        stderr,
        `error: Cannot use ${JSON.stringify(file)}, line ${line}: `,
        text,
      );
      const [first = "", second = ""] = stderr.split("\n");
      assertStringIncludes(first, words, text);
      assertMatch(second, /^hint: /, text);
      assertStringIncludes(second, hint, text);
      assert(!stderr.includes("pw"), stderr);
    }
    for (const text of ["[]", "3", '"a"', "null"]) {
      await write(text);
      const { code, stderr } = await say(["nginx"]);
      assertEquals(code, 2);
      assertStringIncludes(stderr, "it is no JSON object");
    }
    for (const text of ["", " \n", "{}", "\ufeff{}"]) {
      await write(text);
      assertEquals((await say(["nginx"])).code, 0, JSON.stringify(text));
    }
  }));

test("a login in the file is refused, and never told", () =>
  inHome(async ({ write, say }) => {
    for (
      const name of [
        "username",
        "password",
        "password-stdin",
        "dest-creds",
        "auths",
        "registry-token",
        "identitytoken",
        "clientSecret",
      ]
    ) {
      await write({ [name]: "hunter2" });
      const { code, stderr } = await say(["nginx"]);
      assertEquals(code, 2, name);
      assertStringIncludes(stderr, "no login is kept there", name);
      assertStringIncludes(stderr, "docker-pull login HOST keeps one", name);
      assertStringIncludes(stderr, "docker login");
      assertStringIncludes(stderr, "credential helper");
      assert(!stderr.includes("hunter2"), stderr);
    }
    // What stands for a name may be a password, too.
    await write({ "hunter2 and more": true });
    assert(!(await say(["nginx"])).stderr.includes("hunter2"));
  }));

test("a folder, what is not there, and what is too large are named", () =>
  inHome(async ({ home, write, say }) => {
    const named = (path: string) =>
      say(["--json", "nginx"], { DOCKER_PULL_CONFIG: path });
    await write("{");
    assertEquals((await named("/dev/null")).code, 0);
    const cases: [string, string][] = [
      [home, "it is a folder"],
      [join(home, "no.json"), "there is no such file"],
    ];
    for (const [path, words] of cases) {
      const { code, stdout } = await named(path);
      const { error } = JSON.parse(stdout);
      assertEquals(code, 10);
      assertStringIncludes(error.message, words);
      assertStringIncludes(error.hint, "DOCKER_PULL_CONFIG");
    }
    await write(`{}${" ".repeat(1024 * 1024)}`);
    assertEquals((await say(["nginx"])).code, 10);
  }));

test(
  "a file that everybody may write to is not used",
  { skip: process.platform === "win32" && "Windows has no such modes" },
  () =>
    inHome(async ({ file, write, say }) => {
      await write({ retries: 1 });
      await chmod(file, 0o666);
      const { code, stderr } = await say(["nginx"]);
      assertEquals(code, 2);
      assertStringIncludes(stderr, "everybody on this machine may write to it");
      assertStringIncludes(stderr, `hint: chmod o-w ${JSON.stringify(file)}`);
      await chmod(file, 0o664);
      assertEquals((await say(["nginx"])).code, 0);
      // As people do who keep their settings in a repository of their own.
      await rm(file);
      await writeFile(`${file}.kept`, "{}");
      await symlink(`${file}.kept`, file);
      assertEquals((await say(["nginx"])).code, 0);
    }),
);
