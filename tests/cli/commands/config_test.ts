/** `docker-pull config`: what is in force, and where it comes from. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SETTINGS } from "../../../cli/settings/table.ts";
import { buildImage } from "../../fixtures/mod.ts";
import { test } from "../../harness.ts";
import { FakeRegistry } from "../../registry_server/mod.ts";
import { run } from "../main_fixture.ts";
import { inHome } from "../settings/fixture.ts";

const PAGE = new URL("../../../docs/config.md", import.meta.url);

interface Told {
  file: { path: string | null; found: boolean };
  settings: { name: string; value: unknown; from: string; variable?: string }[];
}

/** What is told of some settings: what each is, and where that comes from. */
function picked(stdout: string, ...names: string[]) {
  const { settings }: Told = JSON.parse(stdout);
  return names.map((name) => {
    const { value, from } = settings.find((each) => each.name === name)!;
    return [value, from];
  });
}

test("config tells each setting, and where it comes from", () =>
  inHome(async ({ home, file, write, say }) => {
    await write({
      "cache-dir": "~/images",
      retries: 2,
      "ca-cert": ["a.pem", "/b.pem"],
      "plain-http": true,
      mirror: ["docker.io=https://a.example", "b.example=https://c.example"],
    });
    const words = ["config", "--json", "--timeout", "9", "--plain-http=false"];
    const env = { DOCKER_DEFAULT_PLATFORM: "linux/arm64" };
    const { code, stdout, stderr } = await say(words, env);
    assertEquals([code, stderr], [0, ""]);
    const told: Told = JSON.parse(stdout);
    assertEquals(told.file, { path: file, found: true });
    assertEquals(
      told.settings.map(({ name }) => name),
      SETTINGS.map(({ name }) => name),
    );
    assertEquals(
      picked(stdout, "cache-dir", "retries", "timeout", "max-wait"),
      [
        [join(home, "images"), "file"],
        [2, "file"],
        [9, "option"],
        [60, "default"],
      ],
    );
    assertEquals(
      picked(stdout, "platform", "plain-http", "no-cache", "authfile"),
      [
        ["linux/arm64", "environment"],
        [false, "option"],
        [false, "default"],
        [null, "default"],
      ],
    );
    assertEquals(picked(stdout, "ca-cert", "mirror"), [
      [[join(file, "..", "a.pem"), "/b.pem"], "file"],
      [["docker.io=https://a.example", "b.example=https://c.example"], "file"],
    ]);
    const platform = told.settings.find(({ name }) => name === "platform");
    assertEquals(platform?.variable, "DOCKER_DEFAULT_PLATFORM");
  }));

test("config tells what a pull would do, where one thing rules out another", () =>
  inHome(async ({ write, say }) => {
    await write({
      "cache-dir": "/c",
      "trust-cache": true,
      mirror: "a.b=https://c",
    });
    const { stdout } = await say([
      "config",
      "--json",
      "--no-cache",
      "--no-mirrors",
    ]);
    assertEquals(
      picked(stdout, "no-cache", "cache-dir", "trust-cache", "mirror"),
      [
        [true, "option"],
        [null, "default"],
        [false, "default"],
        [null, "default"],
      ],
    );
    const env = {
      DOCKER_PULL_CACHE: "/e",
      DOCKER_PULL_MIRRORS: "d.e=https://f",
    };
    assertEquals(
      picked(
        (await say(["config", "--json"], env)).stdout,
        "cache-dir",
        "mirror",
      ),
      [["/e", "environment"], [["d.e=https://f"], "environment"]],
    );
  }));

test("config tells people where the file is, and that there is none", () =>
  inHome(async ({ file, write, say }) => {
    const none = await say(["config"]);
    assertStringIncludes(
      none.stdout,
      `There is no configuration file: it would be ${file}\n\nSETTING `,
    );
    await write({ retries: 3 });
    const { stdout } = await say(["config"]);
    assertStringIncludes(stdout, `Configuration file: ${file}\n`);
    assert(/^retries +3 +file$/m.test(stdout), stdout);
    assert(/^timeout +30 +default$/m.test(stdout), stdout);
    const off = await say(["config"], { DOCKER_PULL_CONFIG: "none" });
    assertStringIncludes(off.stdout, "No configuration file is read\n");
    assert(/^retries +5 +default$/m.test(off.stdout), off.stdout);
  }));

test("an image that is called config is pulled by its whole name", async () => {
  for (const words of [["config", "nginx"], ["config", "1.27"]]) {
    const { code, stderr } = await run(words);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "library/config");
  }
  const before = await run(["--no-cache", "config"]);
  assertStringIncludes(before.stderr, "library/config");
  for (
    const word of ["library/config", "config:1", "docker.io/library/config"]
  ) {
    const { code, calls } = await run([word]);
    assertEquals(code, 0);
    assertEquals(calls[0]?.reference.repository, "library/config");
  }
});

test("doctor names the file, and what is in force of it", () =>
  inHome(async ({ file, write, say }) => {
    const registry = new FakeRegistry();
    registry.add("team/app", await buildImage(), "1");
    const served = await registry.serve();
    try {
      await write({
        "no-cache": true,
        platform: "linux/amd64",
        "max-concurrent-uploads": 2,
      });
      const words = ["doctor", `${served.host}/team/app:1`];
      const { code, stdout, stderr } = await say(words);
      assertEquals(code, 0, stdout + stderr);
      assertStringIncludes(
        stdout,
        `\nwith the configuration file ${
          JSON.stringify(file)
        }: no-cache, platform\n`,
      );
      const { tool } = JSON.parse((await say([...words, "--json"])).stdout);
      assertEquals(tool.settings, { file, names: ["no-cache", "platform"] });
      const none = await say(words, { DOCKER_PULL_CONFIG: "none" });
      assert(!none.stdout.includes("configuration file"), none.stdout);
    } finally {
      await served.close();
    }
  }));

test("tags are completed as a pull reaches them, whatever the file is", () =>
  inHome(async ({ write, say }) => {
    const registry = new FakeRegistry();
    registry.add("team/app", await buildImage(), "1.2");
    const ask = () =>
      say(["completion", "complete", "--", "r.example/team/app:1"], {}, {
        fetch: (url, init) => {
          // Where the file has no say, it would be https.
          if (!`${url}`.startsWith("http://r.example/")) {
            return Promise.reject(new TypeError("not by http"));
          }
          const local = `${url}`.replace("http://", "https://")
            .replace("r.example", "registry.test");
          return registry.fetch(local, init);
        },
      });
    await write({ "plain-http": true });
    assertEquals((await ask()).stdout.trim(), "r.example/team/app:1.2");
    await write("{");
    const { code, stdout, stderr } = await ask();
    assertEquals([code, stdout.trim(), stderr], [0, "", ""]);
  }));

test("docs/config.md shows what config prints", async () => {
  const page = await readFile(PAGE, "utf8");
  const shown = /^```text\n\$ (docker-pull config[^\n]*)\n([^]*?)^```$/m.exec(
    page,
  );
  assert(shown, "it shows one");
  const [, command = "", text = ""] = shown;
  const example = /^```json\n(\{\n[^]*?)^```$/m.exec(page)?.[1] ?? "";
  await inHome(async ({ home, write, say }) => {
    await write(example);
    const { code, stdout } = await say(command.split(" ").slice(1));
    assertEquals(code, 0);
    const lines = stdout.replaceAll(home, "/home/me").split("\n")
      .map((line) => line.replace(/ +/g, " "));
    for (const line of text.trimEnd().split("\n")) {
      if (line === "…") continue;
      assert(lines.includes(line.replace(/ +/g, " ")), `${line}\n${stdout}`);
    }
  });
});

test("the commands of docs/config.md do what it says", async () => {
  const page = await readFile(PAGE, "utf8");
  const [, block = ""] = /^```sh\n([^]*?)^```$/m.exec(page) ?? [];
  const lines = block.trim().split("\n")
    .map((line) => line.replace(/ +# .*/, ""));
  assertEquals(lines.length, 5);
  await inHome(async ({ home, write, say }) => {
    await write({ retries: 2 });
    await writeFile(join(home, "ci.json"), '{ "retries": 3 }');
    const done = [];
    for (const line of lines) {
      const [, variable, command = ""] =
        /^(?:DOCKER_PULL_CONFIG=(\S+) )?docker-pull (.*)$/.exec(line)!;
      const file = variable === "ci.json" ? join(home, variable) : variable;
      const env = file ? { DOCKER_PULL_CONFIG: file } : undefined;
      const ran = await say(command.split(" "), env);
      assertEquals(ran.code, 0, `${line}\n${ran.stderr}`);
      done.push(ran);
    }
    const [all, json, option, none, pull] = done;
    assert(/^retries +2 +file$/m.test(all!.stdout));
    assertEquals(picked(json!.stdout, "retries"), [[2, "file"]]);
    assert(/^no-cache +true +option$/m.test(option!.stdout));
    assert(/^retries +5 +default$/m.test(none!.stdout));
    assertEquals(pull!.calls[0]?.options.retries, 3);
  });
});
