/** Holds README.md and the pages of docs/ to what the command says. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { EXIT_CODES } from "../cli/messages/exit_codes.ts";
import { OTHER_COMMANDS } from "../cli/options/option_table.ts";
import { run } from "./cli/main_fixture.ts";
import { test } from "./harness.ts";

const README = new URL("../README.md", import.meta.url);
const OPTIONS = new URL("../docs/options.md", import.meta.url);
const ERRORS = new URL("../docs/errors.md", import.meta.url);

/** What `--help` of a command says, but for what is the same for all. */
async function help(words: readonly string[]) {
  const { code, stdout } = await run([...words, "--help"]);
  assertEquals(code, 0, words.join(" "));
  const [text = "", rest = ""] = stdout.split("\n\nEnvironment:\n");
  const [environment = ""] = rest.split("\n\nExit codes:\n");
  return { text, environment: `Environment:\n${environment}` };
}

function section(title: string, text: string): string {
  return `## ${title}\n\n\`\`\`text\n${text}\n\`\`\``;
}

/** A command as a section of the page, or as many as it has commands. */
async function sections(...words: string[]): Promise<string[]> {
  const { text } = await help(words);
  const name = ["docker-pull", ...words].join(" ");
  const usage = text.slice(text.indexOf("Usage:"));
  const inner = words.length === 0 ? [] : usage.matchAll(
    new RegExp(`^(?:Usage:)? *${name} ([a-z]+)\\b`, "gm"),
  );
  const names = new Set([...inner].map(([, word = ""]) => word));
  if (names.size === 0) return [section(name, text)];
  const all = [...names].map((word) => sections(...words, word));
  return (await Promise.all(all)).flat();
}

/** The page of the options with what --help of every command says. */
async function withHelp(page: string): Promise<string> {
  const others = OTHER_COMMANDS.map((name) => sections(name));
  const parts = [
    await sections(),
    ...await Promise.all(others),
    section("Environment", (await help([])).environment),
  ].flat();
  return page.replace(
    /(<!-- options -->\n)[\s\S]*(<!-- \/options -->)/,
    (_, open, close) => `${open}\n${parts.join("\n\n")}\n\n${close}`,
  );
}

test("docs/options.md has the options that --help of each command has", async () => {
  const page = await readFile(OPTIONS, "utf8");
  const updated = await withHelp(page);
  // UPDATE_README=1 brings it up to date.
  if (process.env.UPDATE_README) await writeFile(OPTIONS, updated);
  else assertEquals(page.split("\n"), updated.split("\n"));
});

test("docs/errors.md has every exit code, and says the same of it", async () => {
  const page = await readFile(ERRORS, "utf8");
  for (const [code, meaning] of EXIT_CODES) {
    const row = page.split("\n").find((line) =>
      new RegExp(`^\\| ${code}\\b`).test(line)
    );
    assertEquals(row !== undefined, true, `${code}: ${meaning}`);
    // The signals stand in one row.
    if (code < 128) assertStringIncludes(row!, ` ${meaning} `);
  }
});

test("the README is short: what is long has a page in docs/", async () => {
  const lines = (await readFile(README, "utf8")).trimEnd().split("\n");
  assert(lines.length <= 150, `${lines.length} lines`);
});
