/** Runs the commands of docs/locks.md and docs/parts.md as they stand. */
import { assert, assertEquals } from "@std/assert";
import { existsSync, readFileSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { missing } from "../../e2e/servers/daemon.ts";
import { run as runProgram } from "../../fixtures/command.ts";
import { test } from "../../harness.ts";
import { inSetWorld, ONE, TWO } from "./set_world.ts";

/** What stands in for the images and files of a page. */
const NAMES = new Map([
  ["nginx:1.27", ONE],
  ["redis:7", TWO],
  ["postgres:16", TWO],
  ["4G", "1Ki"],
]);
const FILES = ["images.lock.json", "compose.yaml", "all.tar"];

/** The commands in the fences of a page that are to be typed. */
function commandsOf(page: string): string[] {
  const text = readFileSync(
    new URL(`../../../docs/${page}`, import.meta.url),
    "utf8",
  );
  return [...text.matchAll(/^docker-pull (.+)$/gm)].map(([, rest]) => rest!);
}

for (const [page, most] of [["locks.md", 4], ["parts.md", 2]] as const) {
  test(`the commands of docs/${page} do what it says`, () =>
    inSetWorld(async ({ folder, run, bare }) => {
      const compose = `services:\n  a:\n    image: ${ONE}\n`;
      await writeFile(join(folder, "compose.yaml"), compose);
      const commands = commandsOf(page);
      assertEquals(commands.length, most);
      for (const command of commands) {
        const [typed = "", file] = command.split(" > ");
        const words = typed.split(" ").map((word) =>
          FILES.includes(word) ? join(folder, word) : NAMES.get(word) ?? word
        );
        const isPull = words[0]!.startsWith("-");
        const { code, stdout, stderr } = await (isPull ? run : bare)(...words);
        assertEquals(code, 0, `${command}\n${stderr}`);
        if (file) await writeFile(join(folder, file), stdout);
      }
      const end = page === "locks.md" ? "all.tar" : "all.tar.check.sh";
      assert(existsSync(join(folder, end)));
    }));
}

test("the shell of docs/parts.md checks the parts and joins them", {
  skip: missing("sh", "cat", "sha256sum"),
}, () =>
  inSetWorld(async ({ folder, run }) => {
    const page = readFileSync(
      new URL("../../../docs/parts.md", import.meta.url),
      "utf8",
    );
    const file = join(folder, "all.tar");
    const split = ["--split", "1Ki", "-o", file, ONE, TWO];
    assertEquals((await run("-o", file, ONE, TWO)).code, 0);
    const whole = await readFile(file);
    await rm(file);
    assertEquals((await run(...split)).code, 0);
    const shell = (line: string) =>
      runProgram(["sh", "-c", line], { cwd: folder });
    const [, fence = ""] = /^## There\n\n```\n([\s\S]+?)```/m.exec(page) ?? [];
    const lines = fence.trimEnd().split("\n");
    assertEquals(lines.length, 3);
    for (const line of lines) {
      const { code, stdout, stderr } = await shell(line);
      assertEquals(code, 0, `${line}\n${stdout}${stderr}`);
    }
    assert(whole.equals(await readFile(file)));
    const third = await readFile(`${file}.003`);
    await rm(file);
    await rm(`${file}.003`);
    const [check = ""] = lines;
    const lost = await shell(check);
    assertEquals([lost.code, /^missing: .*$/m.exec(lost.stdout)?.[0]], [
      1,
      "missing: all.tar.003",
    ]);
    assertEquals((await run("--part", "3", ...split)).code, 0);
    assert(third.equals(await readFile(`${file}.003`)));
    const joining = `JOIN=1 ${check}`;
    assert(page.includes(joining), joining);
    assertEquals((await shell(joining)).code, 0);
    assert(whole.equals(await readFile(file)));
  }));

test("what docs/locks.md shows of a diff is what is printed", () =>
  inSetWorld(async ({ bare }) => {
    const page = readFileSync(
      new URL("../../../docs/locks.md", import.meta.url),
      "utf8",
    );
    const [, shown = ""] = /^\$ docker-pull diff .+\n([\s\S]+?)```/m
      .exec(page) ?? [];
    const { code, stdout } = await bare("diff", ONE, TWO);
    assertEquals(code, 0);
    // The same kinds of lines, whatever the names, digests and sizes are.
    const shape = (line: string) =>
      line.replace(/sha256:[0-9a-f]{12}/g, "DIGEST")
        .replace(/\S+:\d\S*/g, "NAME")
        .replace(/\d+(?:\.\d+)? [kMG]?B\b/g, "SIZE")
        .replace(/\d+/g, "N");
    const printed = new Set(stdout.split("\n").map(shape));
    for (const line of shown.trimEnd().split("\n")) {
      if (line === "…") continue;
      assert(printed.has(shape(line)), `${shape(line)}\n${stdout}`);
    }
  }));
