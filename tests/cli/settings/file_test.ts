/** What a configuration file says, and what goes before it. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateKeyPairSync } from "node:crypto";
import process from "node:process";
import { OPTIONS } from "../../../cli/options/option_table.ts";
import { SETTINGS } from "../../../cli/settings/table.ts";
import { settingsPlace } from "../../../cli/options/environment.ts";
import type { Platform } from "../../../lib/image/types.ts";
import { test } from "../../harness.ts";
import type { run } from "../main_fixture.ts";
import { inHome } from "./fixture.ts";

/** The options of the pull that comes of it. */
async function pulled(ran: ReturnType<typeof run>) {
  const { code, stderr, calls } = await ran;
  assertEquals(code, 0, stderr);
  const { options } = calls[0]!;
  return { ...options, platform: options.platform as Platform | undefined };
}

test("a pull does what the file says", () =>
  inHome(async ({ home, write, say }) => {
    await write({
      $schema: "./config.schema.json",
      "cache-dir": "~/images",
      platform: "linux/arm64",
      "max-concurrent-downloads": 7,
      retries: 2,
      timeout: 0.5,
      "max-bytes": "2GiB",
      "min-speed": 0,
      "trust-cache": true,
      "trust-mirrors": false,
      index: "original",
      format: "oci-archive",
      layers: "zstd",
    });
    const options = await pulled(say(["nginx"]));
    assertEquals(options.cacheDir, join(home, "images"));
    assertEquals(options.platform, {
      os: "linux",
      architecture: "arm64",
    });
    assertEquals(options.concurrency, 7);
    assertEquals(options.retries, 2);
    assertEquals(options.timeout, 500);
    assertEquals(options.maxBytes, 2 * 1024 ** 3);
    assertEquals(options.minSpeed, 0);
    assertEquals([options.trustCache, options.trustMirrors], [true, false]);
    assertEquals([options.index, options.format], ["original", "oci-archive"]);
    assertEquals(options.layers, "zstd");
  }));

test("an option goes before the environment, and that before the file", () =>
  inHome(async ({ home, file, write, say }) => {
    await write({ "cache-dir": "beside", platform: "linux/s390x" });
    const of = (words: string[], env: Record<string, string> = {}) =>
      pulled(say([...words, "nginx"], env));
    const beside = join(file, "..", "beside");
    assertEquals((await of([])).cacheDir, beside);
    const env = {
      DOCKER_PULL_CACHE: join(home, "c"),
      DOCKER_DEFAULT_PLATFORM: "linux/386",
    };
    assertEquals((await of([], env)).cacheDir, join(home, "c"));
    assertEquals((await of([], env)).platform?.architecture, "386");
    const typed = ["--cache-dir", "typed", "--platform", "linux/riscv64"];
    const both = await of(typed, env);
    assertEquals([both.cacheDir, both.platform?.architecture], [
      "typed",
      "riscv64",
    ]);
    assertEquals((await of([])).platform?.architecture, "s390x");
    assertEquals(
      (await of([], { DOCKER_PULL_CONFIG: "none" })).platform,
      undefined,
    );
  }));

test("what the file says gives way to what it contradicts", () =>
  inHome(async ({ write, say }) => {
    const cases: [
      Record<string, unknown>,
      string[],
      (o: {
        cacheDir?: unknown;
        format?: unknown;
        layers?: unknown;
        trustCache?: unknown;
        referrers?: unknown;
      }) => void,
    ][] = [
      [{ "no-cache": true }, [], (o) => assertEquals(o.cacheDir, false)],
      [
        { "no-cache": true },
        ["--cache-dir", "c"],
        (o) => assertEquals(o.cacheDir, "c"),
      ],
      [
        { "cache-dir": "/x", "trust-cache": true },
        ["--no-cache"],
        (o) => assertEquals([o.cacheDir, o.trustCache], [false, false]),
      ],
      [
        { "no-cache": true },
        ["--no-cache=false"],
        (o) => assertEquals(o.cacheDir, "docker_images_cache"),
      ],
      [
        { format: "oci" },
        ["--for", "podman"],
        (o) => assertEquals(o.format, undefined),
      ],
      [
        { format: "docker-legacy" },
        ["--layers", "gzip"],
        (o) => assertEquals([o.format, o.layers], ["tar", "gzip"]),
      ],
      [
        { layers: "gzip", referrers: true },
        ["--format", "docker-legacy"],
        (o) => assertEquals([o.layers, o.referrers], ["as-is", false]),
      ],
    ];
    for (const [content, words, check] of cases) {
      await write(content);
      check(await pulled(say([...words, "nginx"])));
    }
  }));

test("the folder of a variable goes before a file without a cache", () =>
  inHome(async ({ write, say }) => {
    await write({ "no-cache": true });
    const { cacheDir } = await pulled(
      say(["nginx"], { DOCKER_PULL_CACHE: "/c" }),
    );
    assertEquals(cacheDir, "/c");
  }));

test("only what a command has is heeded", () =>
  inHome(async ({ home, write, say }) => {
    await write({
      "cache-dir": "~/images",
      format: "oci",
      "require-signature": true,
      key: "~/cosign.pub",
    });
    const listed = await say(["cache", "ls", "--json"]);
    assertEquals(listed.code, 0, listed.stderr);
    assertEquals(JSON.parse(listed.stdout).path, join(home, "images"));
    // Without --key, that is no question of signatures.
    await writeFile(join(home, "a.tar"), "no archive");
    const verified = await say(["verify", join(home, "a.tar")]);
    assert(!verified.stderr.includes("cosign.pub"), verified.stderr);
    for (const words of [["man"], ["completion", "bash"], ["--help"]]) {
      await write("{");
      assertEquals((await say(words)).code, 0, words.join(" "));
    }
  }));

test("the file that is read is the one that other programs would read", async () => {
  const place = async (os: string, env: Record<string, string>) =>
    (await settingsPlace({ os, env }))?.path;
  const home = { HOME: "/h" };
  const own = "/h/.config/docker-pull/config.json";
  for (const os of ["linux", "darwin", "freebsd"]) {
    assertEquals(await place(os, home), own);
    assertEquals(
      await place(os, { ...home, XDG_CONFIG_HOME: "/x" }),
      "/x/docker-pull/config.json",
    );
    assertEquals(await place(os, { ...home, XDG_CONFIG_HOME: "x" }), own);
    assertEquals(await place(os, {}), undefined);
  }
  assertEquals(
    await place("win32", { APPDATA: "C:\\d" }),
    "C:\\d\\docker-pull\\config.json",
  );
  assertEquals(
    await place("win32", { USERPROFILE: "C:\\u" }),
    "C:\\u\\AppData\\Roaming\\docker-pull\\config.json",
  );
  assertEquals(await place("linux", { DOCKER_PULL_CONFIG: "a" }), "a");
  assertEquals(
    await place("linux", { ...home, DOCKER_PULL_CONFIG: "none" }),
    undefined,
  );
  if (process.platform === "win32") return;
  await inHome(async ({ home, say }) => {
    await mkdir(join(home, "x", "docker-pull"), { recursive: true });
    const path = join(home, "x", "docker-pull", "config.json");
    await writeFile(path, '{ "retries": 9 }');
    const env = { XDG_CONFIG_HOME: join(home, "x") };
    assertEquals((await pulled(say(["nginx"], env))).retries, 9);
    // Where there is none, nothing changes.
    assertEquals((await pulled(say(["nginx"]))).retries, undefined);
  });
});

test("what shows progress in the file gives way to --quiet", () =>
  inHome(async ({ write, say }) => {
    await write({ progress: "json" });
    assertMatch((await say(["a:B C"])).stderr, /^\{.*"type":"error"/);
    const { stderr } = await say(["--quiet", "a:B C"]);
    assertMatch(stderr, /^error: /);
  }));

test("of whom to believe, the command line goes before the file as a whole", () =>
  inHome(async ({ home, write, say }) => {
    await write({ "require-signature": true, key: "~/of-file.pub" });
    const { stderr } = await say(["--key", join(home, "typed.pub"), "nginx"]);
    assertStringIncludes(stderr, "typed.pub");
    const policy = await say(["--signature-policy", join(home, "p"), "nginx"]);
    assertStringIncludes(policy.stderr, `${join(home, "p")}`);
    const own = await say(["nginx"]);
    assertStringIncludes(own.stderr, join(home, "of-file.pub"));
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = publicKey.export({ type: "spki", format: "pem" });
    await writeFile(join(home, "of-file.pub"), pem);
    const { accept } = await pulled(say(["nginx"]));
    assertEquals(typeof accept, "function");
    assertEquals((await say(["--require-signature=false", "nginx"])).code, 0);
  }));

test("a setting is an option, with the default that its help tells", () => {
  assert(SETTINGS.length > 25);
  for (const option of OPTIONS) {
    const { name, help, default: own, short, value = "" } = option;
    const [, told] = /\(default ([^;)]+)/.exec(help) ?? [];
    if (option.setting && own !== undefined && name !== "index") {
      assertEquals(own, told, name);
    }
    if (option.setting) assertEquals(short, undefined, name);
    assert(!option.setting || !/PASSWORD|USER/.test(value), name);
  }
});
