/** Runs the commands of docs/locks.md and docs/parts.md as they stand. */
import { assert, assertEquals } from "@std/assert";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
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
