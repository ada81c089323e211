/** Completions, as the shells ask for them and as they themselves give them. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import { ALL_LINES } from "../../../cli/commands/all_lines.ts";
import { readPullOptions } from "../../../cli/commands/pull_options.ts";
import { parseArguments } from "../../../cli/options/arguments.ts";
import { OPTIONS, OTHER_COMMANDS } from "../../../cli/options/option_table.ts";
import { inCacheWorld, ONE, TWO } from "../../cache/world.ts";
import { inFolder } from "../../disk/folder.ts";
import { commandLine } from "../../fixtures/command.ts";
import { buildImage } from "../../fixtures/mod.ts";
import { test } from "../../harness.ts";
import { FakeRegistry } from "../../registry_server/mod.ts";
import { run } from "../main_fixture.ts";

async function complete(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run([
    "completion",
    "complete",
    "--",
    ...words,
  ]);
  assertEquals([code, stderr], [0, ""]);
  return stdout.trimEnd().split("\n").map((line) => line.split("\t")[0]!)
    .filter((word) => word !== "");
}

test("every command is in the completions and the manual page", () => {
  const words = new Set(
    Object.keys(ALL_LINES).map((name) => name.split(" ")[0]!),
  );
  assertEquals([...words].filter(Boolean).sort(), [...OTHER_COMMANDS].sort());
});

test("every value that is offered is taken", () => {
  const offered = OPTIONS.filter(({ choices }) => choices);
  assertEquals(offered.length, 5);
  for (const { name, choices = [] } of offered) {
    for (const value of choices) {
      const argv = [`--${name}`, value, "nginx"];
      readPullOptions(parseArguments(argv, OPTIONS));
    }
  }
});

test("commands, options and values are completed", async () => {
  assertEquals(await complete("lo"), ["login", "logout", "lock"]);
  assertEquals(await complete("cache", "p"), ["prune"]);
  assertEquals(await complete("cache", "prune", "--o"), ["--older-than"]);
  assertEquals(await complete("--index", ""), ["pruned", "original"]);
  assertEquals(await complete("--index=o"), ["--index=original"]);
  assertEquals(await complete("nginx", "--platform", "linux/s"), [
    "linux/s390x",
  ]);
  assertEquals(await complete("--platform", "linux/amd64,w"), [
    "linux/amd64,windows/amd64",
  ]);
  assertEquals(await complete("-o", ""), [":files"]);
  assertEquals(await complete("--cache-dir", ""), [":folders"]);
  assertEquals(await complete("verify", "a.t"), [":files"]);
  assertEquals(await complete("--quiet", "--qui"), []);
  assertEquals(await complete("completion", "f"), ["fish"]);
  assert((await complete("")).includes("push"));
  assertEquals((await run(["completion", "tcsh"])).code, 2);
});

test("tags are completed where the registry tells them in time", async () => {
  const registry = new FakeRegistry();
  const image = await buildImage({ seed: "tags" });
  for (const tag of ["1.2", "1.10", "2"]) registry.add("team/app", image, tag);
  const ask = (...words: string[]) =>
    run(["completion", "complete", "--", ...words], undefined, {}, {
      fetch: registry.fetch,
    });
  const { stdout } = await ask("registry.test/team/app:1");
  assertEquals(stdout.trimEnd().split("\n").sort(), [
    "registry.test/team/app:1.10",
    "registry.test/team/app:1.2",
  ]);
  for (const command of ["copy", "diff", "tags", "inspect"]) {
    const found = await ask(command, "registry.test/team/app:2");
    const [tag] = found.stdout.split("\n");
    assertEquals(tag, "registry.test/team/app:2", command);
  }
  // Nobody is asked for the tags of what is no image.
  registry.requests.length = 0;
  for (const place of ["oci:", "docker-daemon:ngi", "oci-archive:all"]) {
    assertEquals((await ask("copy", place)).stdout.trim(), ":files");
  }
  assertEquals(registry.requests.length, 0);
  // Whatever goes wrong, a shell is told nothing.
  const none = await ask("registry.test/no/such:1");
  assertEquals([none.code, none.stdout.trim(), none.stderr], [0, "", ""]);
  registry.assertNoOpenBodies();
});

test("what the cache has is completed where it is removed from there", () =>
  inCacheWorld(async ({ cacheDir, pull }) => {
    await pull(ONE);
    await pull(TWO);
    const words = ["completion", "complete", "--", "cache", "rm"];
    const found = async (...more: string[]) =>
      (await run([...words, ...more], undefined, {
        env: { DOCKER_PULL_CACHE: cacheDir },
      })).stdout.trim().split("\n").sort();
    assertEquals(await found(""), [ONE, TWO]);
    assertEquals(await found("registry.test/team/o"), [ONE]);
    const file = join(cacheDir, "..", "config.json");
    await writeFile(file, JSON.stringify({ "cache-dir": cacheDir }));
    const { stdout } = await run([...words, ""], undefined, {
      env: { DOCKER_PULL_CONFIG: file },
    });
    assertEquals(stdout.trim().split("\n").sort(), [ONE, TWO]);
    const none = join(cacheDir, "none");
    assertEquals(await found("--cache-dir", none, ""), [""]);
    assertEquals(await found(`--cache-dir=${none}`, ""), [""]);
  }));

/** Has a shell run a text, with this command on its PATH. */
async function inShell(shell: string[], text: string): Promise<string> {
  return await inFolder(async (folder) => {
    const bin = join(folder, "bin");
    await mkdir(bin);
    const words = commandLine().map((word) => `'${word}'`).join(" ");
    const shim = join(bin, "docker-pull");
    await writeFile(shim, `#!/bin/sh\nexec ${words} "$@"\n`);
    await chmod(shim, 0o755);
    await writeFile(join(folder, "saved.tar"), "");
    await writeFile(join(folder, "my file.tar"), "");
    const { stdout, stderr } = spawnSync(shell[0]!, [
      ...shell.slice(1),
      "-c",
      text,
    ], {
      cwd: folder,
      encoding: "utf8",
      timeout: 30_000,
      env: {
        ...process.env,
        HOME: folder,
        TERM: "dumb",
        PATH: `${bin}${delimiter}${process.env.PATH}`,
      },
    });
    return stdout + stderr;
  });
}

function missing(shell: string): string | false {
  const { status } = spawnSync(shell, ["-c", "true"]);
  return status !== 0 && `no ${shell}`;
}

test("bash completes", { skip: missing("bash") }, async () => {
  const text = `eval "$(docker-pull completion bash)"
try() {
  COMP_LINE=$1; COMP_POINT=\${#1}
  _docker_pull; echo "\${COMPREPLY[*]}"
}
try "docker-pull --form"; try "docker-pull --format=o"
try "docker-pull verify sa"; try "docker-pull cache pr"
try 'docker-pull verify my\\ f'`;
  assertEquals(
    await inShell(["bash", "--norc"], text),
    "--format\noci oci-archive\nsaved.tar\nprune\nmy file.tar\n",
  );
});

test("fish completes", { skip: missing("fish") }, async () => {
  const text = `docker-pull completion fish | source
complete -C "docker-pull --form"; complete -C "docker-pull --format o"
complete -C "docker-pull verify sa"; complete -C "docker-pull cache pr"`;
  const found = (await inShell(["fish", "--no-config"], text)).split("\n")
    .map((line) => line.split("\t")[0]);
  assertEquals(found.filter(Boolean), [
    "--format",
    "oci",
    "oci-archive",
    "saved.tar",
    "prune",
  ]);
});

test("zsh completes", { skip: missing("zsh") }, async () => {
  // A shell in a terminal of its own, whose Tab key is pressed.
  const text = `zmodload zsh/zpty
docker-pull completion zsh >_docker-pull
zpty z zsh -f -i
zpty -w z 'PS1=; bindkey -e; fpath=($PWD $fpath); autoload -U compinit'
zpty -w z 'compinit -u -D; echo REA""DY'
zpty -r z out '*READY*'
zpty -w z 'docker-pull --form'$'\\t\\x01echo GOT '
zpty -r z out '*GOT docker-pull --format*GOT docker-pull --format*'
print -r -- $out`;
  const shown = await inShell(["zsh", "-f"], text);
  assertStringIncludes(shown, "GOT docker-pull --format");
});

test("the manual page has every option, and mandoc finds nothing wrong with it", async () => {
  const { code, stdout } = await run(["man"]);
  assertEquals(code, 0);
  for (const { name } of OPTIONS) {
    assertStringIncludes(stdout, `\\-\\-${name.replaceAll("-", "\\-")}\\fR`);
  }
  const lint = spawnSync("mandoc", ["-Tlint", "-Wwarning"], {
    input: stdout,
    encoding: "utf8",
  });
  if (lint.error) return; // there is no mandoc
  const told = lint.stdout.split("\n").filter((line) =>
    line !== "" && !line.includes("missing date")
  );
  assertEquals(told, []);
});
